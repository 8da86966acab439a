"""Methods from a cube to maps: the shipped model, alone or fine-tuned, and its rivals."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import xarray as xr

from benchmarks.accuracy.learning_curves import keep_learning_curve
from benchmarks.accuracy.paintings import ELEMENTS, INSTRUMENTS, TestPainting, load_painting
from benchmarks.problems import ProblemData
from benchmarks.rivals import ENTRIES, Budget
from skxrf.inference import predict_maps
from skxrf.postprocessing import denoise_maps
from skxrf.preprocessing import rebin_counts
from skxrf.pretrained import PretrainedRegressor, load_pretrained

# Paintings whose labels rivals learn from, and the fine-tuned model: the paper's three.
TRAINING = ("icon_1", "icon_2", "icon_3")
# Axis that the classical rivals see: 20 eV up to 30 keV, on which nothing of theirs is lost.
RIVAL_ENERGY = 1.0 + 0.02 * np.arange(1450)


@dataclass(frozen=True)
class Method:
    """A way from a cube to maps."""

    # name, description: name in the tables, and a description
    name: str
    description: str
    maps: Callable[[xr.DataArray, float], xr.Dataset] = field(repr=False)
    """Takes a cube and the mean counts; gives a Dataset of intensity and perhaps uncertainty."""


def maps_by(method: Method, cube: xr.DataArray, mean_counts: float) -> tuple[xr.Dataset, float]:
    """Maps of a method, and the seconds that they took."""
    started = time.perf_counter()
    maps = method.maps(cube, mean_counts)
    return maps, time.perf_counter() - started


def shipped(cube: xr.DataArray, mean_counts: float) -> xr.Dataset:
    return predict_maps(load_pretrained(), cube, return_std=True)


def denoised(cube: xr.DataArray, mean_counts: float) -> xr.Dataset:
    return denoise_maps(shipped(cube, mean_counts))


def fine_tuned(cube: xr.DataArray, mean_counts: float) -> xr.Dataset:
    """Labels of three other paintings, 60 s of training and 30 s of judging."""
    return predict_maps(_tuned(mean_counts), cube, return_std=True)


@functools.cache
def _tuned(mean_counts: float) -> PretrainedRegressor:
    from skxrf.pretrained.training import fine_tune

    X, Y, energy = labeled_spectra(mean_counts)
    return fine_tune(load_pretrained(), X, Y, energy=energy, random_state=0)


def rival(name: str, seconds: float) -> Callable[[xr.DataArray, float], xr.Dataset]:
    """An estimator of the other benchmarks, trained on the three icons at the same dose."""
    trained: dict[float, object] = {}

    def maps(cube: xr.DataArray, mean_counts: float) -> xr.Dataset:
        entry = ENTRIES[name]
        energy = cube["energy"].to_numpy()
        X = cube.to_numpy().reshape(-1, cube.sizes["energy"]).astype(np.float32)
        if entry.learns:
            X = rebin_counts(X, energy, RIVAL_ENERGY)
            if mean_counts not in trained:
                data = _rival_problem(mean_counts)
                model = entry.make(data, Budget(seconds=seconds))
                started = time.perf_counter()
                if hasattr(model, "cv"):
                    model.fit(data.X, data.labels, groups=data.groups)
                else:
                    model.fit(data.X, data.labels)
                trained[mean_counts] = model
                keep_learning_curve(name, mean_counts, model, time.perf_counter() - started)
            model = trained[mean_counts]
        else:
            names = pd.DataFrame(columns=list(cube.attrs["groups"]))
            data = ProblemData(X, names, {}, np.zeros(len(X), int), [], energy, cube.attrs["anode"])
            model = entry.make(data, Budget())
            model.fit(X) if name == "template_fit" else model.fit(X, names)
        predicted = np.asarray(model.predict(X)).reshape(*cube.shape[:2], -1)
        columns = ELEMENTS if entry.learns else list(names.columns)
        array = xr.DataArray(
            predicted, dims=("y", "x", "element"), coords={"element": list(columns)}
        )
        return array.to_dataset(name="intensity")

    return maps


def found_template_fit(cube: xr.DataArray, mean_counts: float) -> xr.Dataset:
    """The template fit as a user has it: line groups that it finds itself."""
    from skxrf.linear_model import TemplateFitRegressor

    X = cube.to_numpy().reshape(-1, cube.sizes["energy"])
    model = TemplateFitRegressor(energy=cube["energy"].to_numpy(), anode=cube.attrs["anode"])
    return predict_maps(model.fit(X), cube, return_std=True)


def labeled_spectra(mean_counts: float) -> tuple[np.ndarray, pd.DataFrame, np.ndarray]:
    """Spectra of the three training icons at a dose, their true intensities, and the axis."""
    spectra, labels = [], []
    for seed, palette in enumerate(TRAINING):
        painting = load_painting(palette, "M6")
        cube = painting.counts(mean_counts, 100 + seed)
        spectra.append(cube.to_numpy().reshape(-1, cube.sizes["energy"]))
        truth = np.stack([_truth(painting, name) for name in ELEMENTS], axis=-1) * mean_counts
        rows, columns = (range(size) for size in truth.shape[:2])
        index = pd.MultiIndex.from_product([[palette], rows, columns], names=["painting", "y", "x"])
        labels.append(pd.DataFrame(truth.reshape(len(index), -1), index=index, columns=ELEMENTS))
    return np.concatenate(spectra), pd.concat(labels), load_painting(TRAINING[0], "M6").energy


def _rival_problem(mean_counts: float) -> ProblemData:
    X, labels, energy = labeled_spectra(mean_counts)
    X = rebin_counts(X.astype(np.float32), energy, RIVAL_ENERGY)
    groups = pd.factorize(labels.index.get_level_values("painting"))[0]
    return ProblemData(X, labels, {}, groups, [], RIVAL_ENERGY, INSTRUMENTS["M6"].anode)


def _truth(painting: TestPainting, name: str) -> np.ndarray:
    if name not in painting.groups:
        return np.zeros(painting.truth.shape[:2], np.float32)
    return painting.truth[..., painting.groups.index(name)]


METHODS = (
    Method("shipped", "load_pretrained(): no labels, no calibration, pixel by pixel", shipped),
    Method("shipped, denoised", "then denoise_maps", denoised),
    Method("fine-tuned", "fine_tune on labels of icons 1 to 3, 90 s", fine_tuned),
    Method("template fit", "TemplateFitRegressor, line groups as found", found_template_fit),
)
PUBLISHED = ("published_cnn", "published_mlp", "published_cnn_plus", "published_mlp_plus")
RIVALS = ("ridge", "pls", "random_forest", "knn", "template_fit", "pymca_polynomial", "pymca_snip")


def rivals(seconds: float) -> list[Method]:
    """Rivals trained on the three icons, or told which line groups there are.

    `seconds`: training time of each published network at each dose [s]; 0 leaves them out.
    """
    names = [*RIVALS, *(PUBLISHED if seconds > 0 else ())]
    titles = {"template_fit": "template fit, told the line groups"}
    return [
        Method(
            titles.get(name, name.replace("_", " ")),
            ENTRIES[name].description,
            rival(name, seconds),
        )
        for name in names
    ]
