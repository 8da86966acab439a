"""Test icon with true and predicted maps, and its spectra by the forward model.

The network is trained on the three other icons.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from benchmarks.tables import IMAGES
from skxrf.inference import predict_maps
from skxrf.metrics import ssim_score
from skxrf.neural_network import SpectrumCNNRegressor
from skxrf.plotting import SpectrumDisplay
from skxrf.samples import to_samples
from skxrf.simulation import Instrument
from skxrf.simulation.paintings._scan import painting_scan

ICONS = ("icon_1", "icon_2", "icon_3")
SHOWN = ("Fe_K", "Cu_K", "Hg_L", "Au_L")
STEP = 4.0  # mm
SEED = 6


def draw() -> None:
    """Simulate, train, and draw ``simulated_icon.png`` and ``forward_model.png``."""
    IMAGES.mkdir(exist_ok=True)
    scanner = Instrument.m6_jetstream().with_axis(0.0, 0.025, 1024)
    cubes, truths = {}, {}
    for name in (*ICONS, "icon_test"):
        scan = painting_scan(name, pixel_size=STEP, instrument=scanner, random_state=SEED)
        parts = list(scan.blocks(n_jobs=2))
        cubes[name] = scan.label_cube(np.concatenate([counts for _, counts, _ in parts]))
        truths[name] = scan.label_maps(np.concatenate([truth for _, _, truth in parts]))
        print(f"{name}: {cubes[name].shape}", flush=True)
    picture = scan.plan.picture()
    cube, truth = cubes.pop("icon_test"), truths.pop("icon_test")
    model = SpectrumCNNRegressor(random_state=0, max_time=60.0)
    model.fit(to_samples(cubes).values, to_samples(truths))
    predicted = predict_maps(model, cube)
    score = ssim_score(truth, predicted, multioutput="raw_values")
    for name, value in zip(truth["element"].values, score, strict=True):
        print(f"{name}: SSIM {value:.3f} against the truth")
    simulated_icon(picture, truth, predicted).savefig(IMAGES / "simulated_icon.png", dpi=110)
    forward_model(picture, truth, cube).savefig(IMAGES / "forward_model.png", dpi=110)


def simulated_icon(picture: np.ndarray, truth: xr.DataArray, predicted: xr.DataArray) -> Figure:
    """The icon, its true maps, and those that the network predicts."""
    figure = Figure(figsize=(11, 5.4), layout="constrained")
    axes = figure.subplot_mosaic(
        [["painting", *"abcd"], ["painting", *"efgh"]], width_ratios=(2.2, 1, 1, 1, 1)
    )
    _painting(axes["painting"], picture, truth)
    for name, above, below in zip(SHOWN, "abcd", "efgh", strict=True):
        high = float(truth.sel(element=name).quantile(0.995))
        for ax, maps, what in ((axes[above], truth, "true"), (axes[below], predicted, "CNN")):
            image = _map(ax, maps.sel(element=name), high)
            ax.set_title(f"{name.replace('_', ' ')}, {what}")
        pair = [axes[above], axes[below]]
        figure.colorbar(image, ax=pair, label="net counts", location="bottom", shrink=0.9)
    return figure


def forward_model(picture: np.ndarray, truth: xr.DataArray, cube: xr.DataArray) -> Figure:
    """The icon, all true maps, and the sum and maximum-pixel spectra with their lines."""
    figure = Figure(figsize=(11, 9), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=(1.35, 1))
    axes = above.subplots(2, 6)
    _painting(axes[0, 0], picture, truth)
    for ax, name in zip(axes.ravel()[1:], truth["element"].values, strict=True):
        high = float(truth.sel(element=name).quantile(0.995))
        image = _map(ax, truth.sel(element=name), high)
        ax.set_title(str(name).replace("_", " "))
        above.colorbar(image, ax=ax, shrink=0.75)
    SpectrumDisplay.from_cube(
        cube, elements=[*truth["element"].values, "Ar_K"], ax=below.subplots()
    )
    return figure


def _painting(ax: object, picture: np.ndarray, truth: xr.DataArray) -> None:
    ax.imshow(picture, extent=_extent(truth))
    ax.set(title="colors", xlabel="x [mm]", ylabel="y [mm]")


def _map(ax: object, values: xr.DataArray, high: float) -> object:
    image = ax.imshow(values, vmin=0, vmax=high, cmap="inferno", extent=_extent(values))
    ax.set(xticks=[], yticks=[])
    return image


def _extent(maps: xr.DataArray) -> tuple[float, float, float, float]:
    return (0.0, float(maps["x"][-1]), float(maps["y"][-1]), 0.0)
