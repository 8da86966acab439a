"""Line groups named in simulated paintings: from the sum of all spectra, and from parts besides."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import click
import pandas as pd
from numpy.typing import NDArray

from benchmarks.accuracy import paintings as own
from benchmarks.accuracy.independent import paintings as independent
from benchmarks.accuracy.independent.run import NOISE_SEED
from benchmarks.accuracy.paintings import TestPainting
from benchmarks.tables import RESULTS, write_rows
from skxrf.spectrum_fit._elements import Elements, find_elements
from skxrf.spectrum_fit._like_spectra import sums_of_like_spectra
from skxrf.spectrum_fit._tube import infer_tube

__all__ = ["judge", "main"]

DOSES = (500.0, 5000.0, 50000.0)
# Least share of all counts of a line group that must be named, and of one that is plain.
WEAK, PLAIN = 5e-5, 1e-3
_SEED = 1


def judge(found: Elements, shares: dict[str, float], simulated: Collection[str]) -> dict[str, Any]:
    """Compare the line groups that are part of the fit, and those called present, with the truth.

    Parameters
    ----------
    found : Elements
        Result of the search.
    shares : dict of str to float
        True share of each line group in all counts.
    simulated : collection of str
        Elements whose lines are simulated.

    Returns
    -------
    dict
        Numbers of plain and of weak line groups and of those without a component in the fit; line
        groups called present of elements that the painting does not contain.
    """
    judged = {one.line_group for one in found.evidence}
    named = set(found.components())
    plain = [name for name, share in shares.items() if share > PLAIN and name in judged]
    weak = [name for name, share in shares.items() if WEAK < share <= PLAIN and name in judged]
    missed = [name for name in [*plain, *weak] if name not in named]
    false = [name for name in found.present if name.partition("_")[0] not in simulated]
    return {
        "plain": len(plain),
        "plain_missed": sum(name in missed for name in plain),
        "weak": len(weak),
        "weak_missed": sum(name in missed for name in weak),
        "false": len(false),
        "missed_groups": " ".join(missed),
        "false_groups": " ".join(false),
    }


def _paintings() -> Iterator[tuple[str, TestPainting, int]]:
    for palette, instrument, seed in independent.PAINTINGS:
        yield "independent", independent.load_painting(palette, instrument, seed), NOISE_SEED + seed
    for palette, instrument in own.PAINTINGS:
        yield "own", own.load_painting(palette, instrument), _SEED


def _shares(painting: TestPainting) -> dict[str, float]:
    mean: NDArray[Any] = painting.truth.mean(axis=(0, 1))
    return dict(zip(painting.groups, mean.tolist(), strict=True))


@click.command("presence")
@click.option("--counts", type=float, help="Only this dose [counts a pixel]. Default: all.")
def main(counts: float | None) -> None:
    """Line groups found in simulated paintings, with and without sums of like spectra."""
    rows = []
    for kind, painting, seed in _paintings():
        shares = _shares(painting)
        elements = {name.partition("_")[0] for name in (*painting.groups, *painting.traces)}
        for dose in DOSES if counts is None else (counts,):
            cube = painting.counts(dose, seed)
            energy = cube["energy"].to_numpy()
            spectra = cube.to_numpy().reshape(-1, energy.size)
            total = spectra.sum(axis=0, dtype=float)
            tube = infer_tube(total, energy, cube.attrs["anode"])
            for method, parts in (("sum", None), ("sum and parts", sums_of_like_spectra(spectra))):
                found = find_elements(total, energy, tube, parts=parts)
                row = {
                    "paintings": kind,
                    "painting": painting.palette,
                    "instrument": painting.instrument,
                    "counts": dose,
                    "method": method,
                }
                rows.append(row | judge(found, shares, elements))
                print(rows[-1], flush=True)
    write_rows(RESULTS / "elements_simulated.csv", rows)
    numbers = ["plain", "plain_missed", "weak", "weak_missed", "false"]
    table = pd.DataFrame(rows).groupby(["paintings", "counts", "method"])[numbers].sum()
    print(table.to_string())
