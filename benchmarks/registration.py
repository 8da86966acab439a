"""Recipes of the gallery on scans whose answers are known: motions found, seams within their errors.

The code is that of the recipes' pages, with other paintings, noise and motions.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping
from typing import Any

import click
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.tables import RESULTS, ROOT, write_rows

TRUE_MOTION = "(3.4, -5.3, 1.5)"  # of the page
SEAMS = {"columns": {"x": slice(45, 65)}, "rows": {"y": slice(40, 55)}}  # of the page's scans
BRIGHT = 50  # counts from which on sqrt(counts + 1) is the standard error of counts


def recipe(name: str, before: str, replaced: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Run the page of a recipe up to a text, and return its names; ``said`` is what it printed.

    `replaced`: texts of the page, each of which must be there, and what stands for them.
    """
    page = ROOT / "docs" / "examples" / f"plot_recipe_{name}.py"
    code = page.read_text(encoding="utf-8")
    for old, new in {before: before, **(replaced or {})}.items():
        if old not in code:
            raise ValueError(f"{page} does not contain {old!r}.")
        code = code.replace(old, new)
    names: dict[str, Any] = {}
    with contextlib.redirect_stdout(io.StringIO()) as said:
        exec(code[: code.index(before)], names)  # noqa: S102 - our own example
    return {**names, "said": said.getvalue()}


def registered(motion: Any, replaced: Mapping[str, str] | None = None) -> dict[str, float]:
    """Largest error of a motion that the recipe finds, and the share of differences within one error."""
    texts = {TRUE_MOTION: str(motion), **(replaced or {})}
    names = recipe("registration", "# %%\n# The differences of the two scans", texts)
    shape = names["first"].shape
    off = corners(names["found"].x, shape) - corners(motion, shape)
    z = names["z"][np.isfinite(names["z"])]
    return {
        "error_pixels": float(np.linalg.norm(off, axis=1).max()),
        "overlap": z.size / names["z"].size,
        "within_error": float((np.abs(z) <= 1).mean()),
    }


def corners(motion: Any, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Corners of an image after a turn [degrees] about its center and a shift [pixels]."""
    ends = np.array([(x, y) for x in (-0.5, 0.5) for y in (-0.5, 0.5)]) * shape[::-1]
    angle = np.deg2rad(motion[2])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.asarray(ends @ turn.T + np.array(motion[:2]))


def stitched(names: Mapping[str, Any]) -> dict[str, NDArray[np.float64]]:
    """Errors against the truth of the recipe's bright pixels in each seam [standard errors]."""
    whole = names["whole"]
    maps = names["stitch"](names["above"], names["below"], "y")
    z = ((maps["intensity"] - whole.values) / maps["uncertainty"]).where(whole.values > BRIGHT)
    values = {name: z.isel(seam).values for name, seam in SEAMS.items()}
    return {name: one[np.isfinite(one)] for name, one in values.items()}


@click.command("registration")
@click.option("--paintings", default=12, show_default=True, help="Simulated paintings.")
def main(paintings: int) -> None:
    """Register and stitch scans of simulated paintings by the recipes' code."""
    rows: list[dict[str, Any]] = []
    for seed in range(1, paintings + 1):
        rng = np.random.default_rng(seed)
        motion = tuple(rng.uniform((-8, -8, -4), (8, 8, 4)).round(1).tolist())
        replaced = {"random_state=0": f"random_state={seed}", "default_rng(": f"default_rng({seed}"}
        found = registered(motion, replaced)
        rows.append({"recipe": "registration", "seed": seed, "case": motion, **found})
        seams = stitched(recipe("stitching", "ElementMapDisplay.from_maps", replaced))
        for name, z in seams.items():
            spread = {"z_mean": z.mean(), "z_std": z.std(), "pixels": z.size}
            rows.append({"recipe": "stitching", "seed": seed, "case": name, **spread})
        print(rows[-3:], flush=True)
    write_rows(RESULTS / "registration.csv", pd.DataFrame(rows).round(4))
