"""Methods of the open benchmark: from a cube, and what a user knows of it, to maps."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from benchmarks.accuracy.methods import RIVAL_ENERGY
from benchmarks.open_benchmark.scans import Task
from skxrf.inference import predict_maps
from skxrf.linear_model import TemplateFitRegressor
from skxrf.preprocessing import rebin_counts
from skxrf.samples import to_samples

MapsOf = Callable[[xr.DataArray, Task], Any]


@dataclass(frozen=True)
class Method:
    """A named method."""

    # name, description: name in the tables, and a sentence: what it is, with which settings
    name: str
    description: str
    maps: MapsOf = field(repr=False)
    """Takes a cube and a :class:`~benchmarks.open_benchmark.scans.Task`; gives a DataArray of dims
    (y, x, element), or a Dataset of ``intensity`` and ``uncertainty``."""
    needs: str = ""  # package without which it is left out
    told: bool = False  # whether it uses the line groups of the task
    learns: bool = False  # whether it uses the labeled spectra of the task

    @property
    def available(self) -> bool:
        """True where the package that it needs is installed."""
        return not self.needs or importlib.util.find_spec(self.needs) is not None


def shipped(cube: xr.DataArray, task: Task) -> xr.Dataset:
    from skxrf.pretrained import load_pretrained

    return predict_maps(load_pretrained(), cube, return_std=True)


def shipped_denoised(cube: xr.DataArray, task: Task) -> xr.Dataset:
    from skxrf.postprocessing import denoise_maps

    return denoise_maps(shipped(cube, task))


def template_fit_maps(cube: xr.DataArray, task: Task) -> xr.Dataset:
    """Maps by the template fit, with line groups as found."""
    fit = TemplateFitRegressor(energy=cube["energy"].to_numpy(), anode=task.anode)
    return predict_maps(fit.fit(to_samples(cube).values), cube, return_std=True)


def non_local_means(cube: xr.DataArray, task: Task) -> xr.DataArray:
    from skimage.restoration import denoise_nl_means

    def denoised(scaled: np.ndarray) -> np.ndarray:
        return denoise_nl_means(scaled, 3, 7, h=0.8, sigma=1.0, fast_mode=True)

    return in_units_of_noise(template_fit_maps(cube, task), denoised)


def in_units_of_noise(
    maps: xr.Dataset, denoised: Callable[[np.ndarray], np.ndarray]
) -> xr.DataArray:
    """Apply a filter of images whose noise is 1 to each map.

    `maps` (y, x, element): ``intensity`` and ``uncertainty``. Returns (y, x, element).
    """
    found = maps["intensity"].astype(float).copy()
    for k in range(maps.sizes["element"]):
        scale = max(float(np.sqrt((maps["uncertainty"][..., k] ** 2).mean())), 1e-9)
        found[..., k] = scale * denoised(found[..., k].to_numpy() / scale)
    return found


def pymca(background: str) -> MapsOf:
    def maps(cube: xr.DataArray, task: Task) -> xr.DataArray:
        from benchmarks.pymca import PyMcaFastFit

        fit = PyMcaFastFit(cube["energy"].to_numpy(), background)
        names = pd.DataFrame(columns=task.line_groups)
        return predict_maps(fit.fit(to_samples(cube).values, names), cube)

    return maps


def windows(cube: xr.DataArray, task: Task) -> xr.DataArray:
    """Counts around the main line, less a straight line between both sides."""
    from skxrf.physics import DetectorResponse, line_group
    from skxrf.utils.energy import bin_edges

    energy = cube["energy"].to_numpy()
    X = cube.to_numpy().reshape(-1, energy.size).astype(np.float32)
    response, edges = DetectorResponse(), bin_edges(energy)
    columns = []
    for name in task.line_groups:
        group = line_group(name)
        width = 1.2 * float(response.fwhm(group.main_energy))
        distance = np.abs(energy - group.main_energy)
        inside = distance <= width / 2
        beside = (distance > width / 2) & (distance <= width)
        net = X[:, inside].sum(axis=1) - X[:, beside].mean(axis=1) * inside.sum()
        template = response.template(group, edges)
        share = template[inside].sum() - template[beside].mean() * inside.sum()
        columns.append(net / share)
    return _maps(np.stack(columns, axis=1), task.line_groups, cube)


def principal_components(cube: xr.DataArray, task: Task) -> xr.Dataset:
    """Spectra rebuilt from 12 principal components of equal noise, then the template fit."""
    from sklearn.decomposition import PCA

    X = to_samples(cube).values.astype(np.float32)
    # Scaled so that photon noise is about the same in all channels and pixels (Keenan & Kotula
    # 2004, Surf. Interface Anal. 36, 203).
    scale = np.sqrt(X.mean(axis=0) + 1e-3)
    pca = PCA(12, svd_solver="randomized", random_state=0)
    rebuilt = pca.inverse_transform(pca.fit_transform(X / scale)) * scale
    fit = TemplateFitRegressor(energy=cube["energy"].to_numpy(), anode=task.anode).fit(X)
    return predict_maps(fit, cube.copy(data=np.maximum(rebuilt, 0).reshape(cube.shape)))


def factorization(cube: xr.DataArray, task: Task) -> xr.DataArray:
    """Non-negative factors of the spectra (Poisson likelihood), measured by the template fit."""
    from sklearn.decomposition import NMF

    X = to_samples(cube).values.astype(np.float32)
    model = NMF(
        12, init="nndsvda", solver="mu", beta_loss="kullback-leibler", max_iter=60, tol=0,
        random_state=0,
    )  # fmt: skip
    weights = model.fit_transform(X)
    return factor_maps(weights, model.components_, cube, task)


def factor_maps(
    weights: np.ndarray, spectra: np.ndarray, cube: xr.DataArray, task: Task
) -> xr.DataArray:
    """Maps from a factorization: intensities of the factors' spectra, times their weights.

    `weights` (n_pixels, n_factors): weights. `spectra` (n_factors, n_channels): spectra of the
    factors. `cube` (y, x, energy): the scan. Returns (y, x, element).
    """
    fit = TemplateFitRegressor(energy=cube["energy"].to_numpy(), anode=task.anode)
    fit.fit(to_samples(cube).values)
    # Each factor as the sum over the scan, so that the fit sees counts.
    total = np.asarray(weights, float).sum(axis=0)
    areas = fit.predict(spectra * total[:, None]) / np.maximum(total, 1e-9)[:, None]
    return _maps(np.asarray(weights @ areas), fit.line_groups_, cube)


def learned(make: Callable[[Task, Any], Any]) -> MapsOf:
    """Turn a scikit-learn regressor into a method, trained on the labeled spectra of the task, once at each dose.

    `make`: takes the task and the training set, on the common axis of 1450 channels of 20 eV; gives
    an unfitted regressor.
    """
    trained: dict[float, tuple[Any, list[str]]] = {}

    def maps(cube: xr.DataArray, task: Task) -> xr.DataArray:
        if task.counts not in trained:
            training = task.training()
            X = rebin_counts(training.spectra.astype(np.float32), training.energy, RIVAL_ENERGY)
            training = replace(training, spectra=X, energy=RIVAL_ENERGY)
            model = make(task, training).fit(training.spectra, training.labels)
            trained[task.counts] = model, list(training.labels.columns)
        model, names = trained[task.counts]
        X = to_samples(cube).values.astype(np.float32)
        X = rebin_counts(X, cube["energy"].to_numpy(), RIVAL_ENERGY)
        return _maps(np.asarray(model.predict(X)), names, cube)

    return maps


def _maps(values: np.ndarray, names: Sequence[str], cube: xr.DataArray) -> xr.DataArray:
    return xr.DataArray(
        values.reshape(*cube.shape[:2], -1),
        dims=("y", "x", "element"),
        coords={"element": list(names)},
        name="intensity",
    )


def _rival(name: str) -> MapsOf:
    """A classical rival of the other benchmarks, with its untuned settings."""

    def make(task: Task, training: Any) -> Any:
        from skxrf.reproduction._rivals import RIVALS
        from skxrf.reproduction._rivals import Task as RivalTask

        groups = list(training.labels.columns)
        return RIVALS[name].make(RivalTask(training.energy, groups, len(training.spectra), 0.0))

    return learned(make)


def _published(name: str, epochs: int) -> MapsOf:
    """A published network, for a fixed number of epochs: the same bits on every run."""

    def make(task: Task, training: Any) -> Any:
        from skxrf.neural_network import published_networks
        from skxrf.reproduction._rivals import Task as RivalTask
        from skxrf.reproduction._rivals import pure_spectra

        groups = list(training.labels.columns)
        rival = RivalTask(training.energy, groups, len(training.spectra), 0.0)
        templates = pure_spectra(rival) if name.endswith("+") else None
        return published_networks(templates, max_epochs=epochs, random_state=0)[name]

    return learned(make)


def _ispc(task: Task, training: Any) -> Any:
    from benchmarks.open_benchmark.networks import IspcNetwork

    return IspcNetwork(max_epochs=4, random_state=0)


def _optional(name: str) -> MapsOf:
    def maps(cube: xr.DataArray, task: Task) -> Any:
        from benchmarks.open_benchmark import optional

        return getattr(optional, name)(cube, task)

    return maps


_SETTINGS = "Gerodimos et al.: their layers, loss and rates; {} epochs of 1,900 spectra."
METHODS = (
    Method("shipped", "load_pretrained(), pixel by pixel", shipped),
    Method("shipped, denoised", "the same, then denoise_maps", shipped_denoised),
    Method("template fit", "TemplateFitRegressor, line groups as found", template_fit_maps),
    Method("template fit, non-local means", "then scikit-image's non-local means, patches of 3, "
           "strength 0.8 of the mean noise", non_local_means, needs="skimage"),
    Method("template fit, BM3D", "then BM3D at the mean noise of each map", _optional("bm3d_maps"),
           needs="bm3d"),
    Method("template fit, Noise2Void", "then careamics' Noise2Void, one network for all maps, 60 epochs",
           _optional("noise2void_maps"), needs="careamics"),
    Method("PyMca, polynomial", "fast linear fit, polynomial background, 1.3 to 17 keV",
           pymca("polynomial"), needs="PyMca5", told=True),
    Method("PyMca, SNIP", "fast linear fit, SNIP background, 1.3 to 17 keV", pymca("snip"),
           needs="PyMca5", told=True),
    Method("windows", "counts in 1.2 FWHM around the main line less a straight background",
           windows, told=True),
    Method("PCA, template fit", "12 principal components in units of noise, then the template fit",
           principal_components),
    Method("NMF", "12 non-negative factors, Poisson likelihood, 60 iterations; their spectra by "
           "the template fit", factorization),
    Method("espm NMF", "espm's SmoothNMF with 12 factors, smoothness 0.03 per mean count, the same "
           "otherwise", _optional("espm_maps"), needs="espm"),
    Method("ridge", "RidgeCV on the counts of all channels", _rival("ridge"), learns=True),
    Method("PLS", "30 components", _rival("pls"), learns=True),
    Method("random forest", "60 trees", _rival("random_forest"), learns=True),
    Method("nearest neighbors", "8 spectra, 40 principal components", _rival("knn"), learns=True),
    Method("published MLP", _SETTINGS.format(40), _published("MLP", 40), learns=True),
    Method("published MLP+", _SETTINGS.format(40), _published("MLP+", 40), learns=True),
    Method("published CNN", _SETTINGS.format(8), _published("CNN", 8), learns=True),
    Method("published CNN+", _SETTINGS.format(8), _published("CNN+", 8), learns=True),
    Method("ISPC network", "the network of CNR-ISPC from its description: layers, L1 loss, rate, "
           "augmentation; 4 epochs of 1,900 spectra", learned(_ispc), learns=True),
)  # fmt: skip


def load_methods(path: Path) -> list[Method]:
    """Load further methods from a Python file.

    `path`: defines ``METHODS``, a list of :class:`Method`.
    """
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ValueError(f"{path} is no Python file: name one that defines METHODS.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = getattr(module, "METHODS", None)
    if not found or not all(isinstance(one, Method) for one in found):
        raise ValueError(
            f"{path} defines no METHODS: expected a list of benchmarks.open_benchmark.methods."
            "Method."
        )
    taken = [one.name for one in found if one.name in {built_in.name for built_in in METHODS}]
    if taken:
        raise ValueError(f"{', '.join(taken)} of {path} is a method already: choose another name.")
    return list(found)
