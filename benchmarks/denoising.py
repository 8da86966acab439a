"""Denoised maps against the truth, beside non-local means, a median and a Gaussian filter.

The picture of the user guide is drawn on the way. The rivals are given what no user has: the
strength that is best against the truth, for each map. The real scan, which has no truth, is scored
by splitting its counts into two halves; it is skipped where it is absent.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial
from typing import Any

import click
import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, median_filter
from skimage.restoration import denoise_nl_means

from benchmarks.denoising_maps import simulated_icon, unkind_field
from benchmarks.tables import IMAGES, REAL_SCAN, RESULTS, ResultTable
from skxrf.datasets import make_painting
from skxrf.inference import predict_maps
from skxrf.io import open_cube
from skxrf.linear_model import TemplateFitRegressor
from skxrf.postprocessing import denoise_maps
from skxrf.samples import to_samples
from skxrf.simulation import Instrument

REAL_GROUPS = ["S_K", "K_K", "Ca_K", "Ti_K", "Cr_K", "Mn_K", "Fe_K", "Cu_K", "Zn_K", "Sr_K"]
REAL_GROUPS += ["Hg_L", "Pb_L"]
SCANNERS = {
    "M6": Instrument.m6_jetstream().with_axis(0.0, 0.03, 1024),
    "M4": Instrument.m4_tornado().with_axis(0.0, 0.03, 1024),
    "Ag": Instrument.in_air_silver(),
}
SHAPE = (80, 100)
DRAWN = "icon_test, Ag, 5000, bound"
# Palette, scanner, mean counts a pixel, seed.
ICONS = [
    ("icon_test", "Ag", 5000, 1),
    ("icon_1", "M6", 5000, 0),
    ("held_out_fauve", "Ag", 5000, 5),
    ("icon_2", "M6", 500, 2),
    ("icon_3", "M4", 50000, 3),
    ("northern_oil", "M6", 5000, 6),
    ("held_out_orpiment_icon", "M6", 5000, 4),
    ("held_out_industrial", "M4", 5000, 9),
]
NL_MEANS_STRENGTHS = (0.3, 0.5, 0.7, 0.9, 1.2)
GAUSSIAN_WIDTHS = (0.4, 0.5, 0.6, 0.8, 1.1, 1.6)
Array = NDArray[np.floating[Any]]


@click.command("denoising")
def main() -> None:
    """Denoised maps against the truth, beside other filters. Resumes where it was stopped."""
    table = ResultTable(RESULTS / "denoising.csv", ["problem"])
    for problem, run in problems().items():
        if (problem,) not in table.done():
            rows = pd.DataFrame(run())
            table.put([problem], rows)
            shown = rows.pivot(index="method", columns="line_group", values="rmse_over_bound")
            print(f"{problem}\n{shown.round(2).to_string()}", flush=True)


def problems() -> dict[str, Callable[[], list[dict[str, Any]]]]:
    """Problems by name: the real scan, unkind fields, noise at the bound, template fits."""
    found: dict[str, Callable[[], list[dict[str, Any]]]] = {}
    if REAL_SCAN.exists():
        found["real scan, halves"] = real_scan
    for dose in (500, 5000, 50000):
        found[f"unkind field, {dose}"] = partial(against_truth, partial(unkind_field, dose, 11))
    for palette, scanner, dose, seed in ICONS:
        made = partial(simulated_icon, palette, SCANNERS[scanner], dose, seed, shape=SHAPE)
        name = f"{palette}, {scanner}, {dose}, bound"
        found[name] = partial(against_truth, made, drawn=name == DRAWN)
    for palette, dose, seed in (("icon_test", 5000, 6), ("icon_1", 5000, 3), ("icon_2", 500, 2)):
        made = partial(template_fit, palette, dose, seed)
        found[f"{palette}, M6, {dose}, template fit"] = partial(against_truth, made)
    return found


def template_fit(palette: str, dose: int, seed: int) -> xr.Dataset:
    """Maps of a template fit with its own standard errors, and the truth."""
    cube, truth = make_painting(SHAPE, palette=palette, mean_counts=dose, random_state=seed)
    names = [str(name) for name in truth["element"].values]
    fit = TemplateFitRegressor(names, energy=cube["energy"].to_numpy(), anode="Rh")
    fit.fit(to_samples(cube).values)
    return predict_maps(fit, cube, return_std=True).assign(truth=truth)


def against_truth(make: Callable[[], xr.Dataset], *, drawn: bool = False) -> list[dict[str, Any]]:
    """One row an element and method: errors in units of the root mean square standard error."""
    maps = make()
    better = denoise_maps(maps[["intensity", "uncertainty"]])
    if drawn:
        draw(maps, better)
    rows = []
    for name in maps["element"].values:
        truth, values, errors = (
            maps[key].sel(element=name).to_numpy().astype(float)
            for key in ("truth", "intensity", "uncertainty")
        )
        scale = float(np.sqrt(np.mean(errors**2)))
        after, claimed = (
            better[key].sel(element=name).to_numpy().astype(float)
            for key in ("intensity", "uncertainty")
        )
        found = {
            "none": [values],
            "denoise_maps": [after],
            "non-local means": [
                scale * denoise_nl_means(values / scale, 3, 7, h=h, sigma=1.0, fast_mode=True)
                for h in NL_MEANS_STRENGTHS
            ],
            "median 3x3": [median_filter(values, 3, mode="nearest")],
            "Gaussian": [gaussian_filter(values, width) for width in GAUSSIAN_WIDTHS],
        }
        for method, results in found.items():
            row: dict[str, Any] = {
                "line_group": name, "method": method,
                "mean": round(float(truth.mean()), 2), "bound": round(scale, 3),
                "rmse_over_bound": round(min(_rms(r - truth) for r in results) / scale, 4),
                "within_1": "", "within_2": "",
            }  # fmt: skip
            if method in ("none", "denoise_maps"):
                off = np.abs(results[0] - truth) / (errors if method == "none" else claimed)
                row |= {"within_1": round(float(np.mean(off <= 1)), 4)}
                row |= {"within_2": round(float(np.mean(off <= 2)), 4)}
            rows.append(row)
    return rows


def real_scan() -> list[dict[str, Any]]:
    """Split the counts of each channel in two; denoise one half, score it by the other."""
    cube = open_cube(REAL_SCAN).load()
    half = np.random.default_rng(0).binomial(cube.to_numpy(), 0.5).astype(np.uint16)
    fit = TemplateFitRegressor(REAL_GROUPS, energy=cube["energy"].to_numpy(), anode="Ag")
    fit.fit(to_samples(cube).values)
    first, second = (
        predict_maps(fit, cube.copy(data=data), return_std=True) for data in (half, cube - half)
    )
    better = denoise_maps(first)
    rows = []
    for name in REAL_GROUPS:
        one, other, after, errors = (
            array.sel(element=name).to_numpy().astype(float)
            for array in (
                first["intensity"], second["intensity"], better["intensity"],
                first["uncertainty"],
            )
        )  # fmt: skip
        # Both halves scatter alike, so half of their squared difference is the error of one.
        noise = np.mean((one - other) ** 2) / 2
        scale = float(np.sqrt(np.mean(errors**2)))
        squared = {"none": noise, "denoise_maps": np.mean((after - other) ** 2) - noise}
        for method, value in squared.items():
            rows.append({
                "line_group": name, "method": method,
                "mean": round(float(one.mean()), 2), "bound": round(scale, 3),
                "rmse_over_bound": round(float(np.sqrt(max(value, 0.0))) / scale, 4),
            })  # fmt: skip
    return rows


def draw(maps: xr.Dataset, better: xr.Dataset) -> None:
    """Measured, denoised, truth, and how far the denoised maps are from the truth."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt
    from PIL import Image

    names = ["K_K", "Ca_K", "Sr_K", "Au_L", "Pb_L"]
    figure, axes = plt.subplots(4, len(names), figsize=(9, 6.4), layout="compressed")
    for column, name in zip(axes.T, names, strict=True):
        at = {"element": name}
        truth = maps["truth"].sel(at)
        off = (better["intensity"].sel(at) - truth) / maps["uncertainty"].sel(at)
        low, high = np.percentile(truth, (0.5, 99.5))
        shown = [maps["intensity"].sel(at), better["intensity"].sel(at), truth]
        for ax, image in zip(column, shown, strict=False):
            ax.imshow(image, vmin=low, vmax=high, cmap="magma")
        column[3].imshow(off, vmin=-3, vmax=3, cmap="RdBu_r")
        column[0].set_title(name.replace("_", " "), fontsize=9)
    labels = ["measured", "denoised", "truth", "(denoised − truth)\n/ error before, ±3"]
    for ax, label in zip(axes[:, 0], labels, strict=True):
        ax.set_ylabel(label, fontsize=9)
    for ax in axes.flat:
        ax.set(xticks=[], yticks=[])
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=100)
    plt.close(figure)
    Image.open(drawn).convert("RGB").quantize(128).save(
        IMAGES / "denoising.png", optimize=True
    )  # a small file


def _rms(values: Array) -> float:
    return float(np.sqrt(np.mean(values**2)))
