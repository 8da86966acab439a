"""Training on scans with reference maps, for the command line."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from skxrf.exceptions import LineGroupError, SkxrfError
from skxrf.preprocessing import ChannelBinner, rebin_counts
from skxrf.samples import draw_pixels
from skxrf.utils.energy import axes_agree, bin_edges, describe_axis
from skxrf.utils.line_group_names import find_line_groups


@dataclass(frozen=True)
class TrainedModel:
    """A model and what it was made of."""

    estimator: Any  # fitted; with its energy axis and line groups
    n_samples: int  # spectra that it was trained on
    scores: dict[str, float]
    """R2 of each line group on pixels of the same scans that it was not trained on."""
    seconds: float  # time of the fit


def train_on_scans(
    scans: Mapping[str, tuple[xr.DataArray, xr.DataArray]],
    *,
    network: Literal["cnn", "mlp", "ridge"] = "cnn",
    elements: Sequence[str] | None = None,
    max_samples: int = 100_000,
    max_time: float | None = None,
    random_state: int = 0,
    verbose: bool = False,
) -> TrainedModel:
    """Draw pixels from scans, fit a model to their reference intensities.

    - `scans`: cube and reference maps of the same pixels by the scan's name. NaN in a map: not
      known. The first cube's energy axis is the model's; others are brought to it, counts
      conserved.
    - `network` {"cnn", "mlp", "ridge"}: the library's networks, or a ridge regression.
    - `elements`: line groups to learn; default: those that all the maps have.
    - `max_samples`: pixels drawn at random, in proportion to the scans' sizes.
    - `max_time`: budget of a network's training [s].
    - `random_state`: seed of the drawing and the training.
    - `verbose`: whether a network prints its losses.
    """
    groups = _common_groups({name: maps for name, (_, maps) in scans.items()}, elements)
    first = next(iter(scans.values()))[0]
    axis = first["energy"].to_numpy()
    rng = np.random.default_rng(random_state)
    n_pixels = sum(cube.sizes["y"] * cube.sizes["x"] for cube, _ in scans.values())
    spectra, labels = [], []
    for name, (cube, maps) in scans.items():
        size = cube.sizes["y"] * cube.sizes["x"]
        wanted = max(1, round(max_samples * min(1.0, size / n_pixels)))
        X, Y = _drawn(name, cube, maps.sel(element=groups), wanted, rng)
        spectra.append(_on_axis(name, X, cube["energy"].to_numpy(), axis))
        labels.append(Y)
    X, Y = np.concatenate(spectra), np.concatenate(labels)
    if len(X) < 2:
        raise SkxrfError(
            "the maps have no pixel of which every line group is known: none to learn."
        )
    order = rng.permutation(len(X))
    # Pixels kept back to measure how well the model does.
    n_tested = min(int(0.1 * len(X)), 5000)
    tested, trained = order[:n_tested], np.sort(order[n_tested:])
    estimator = _estimator(network, axis, max_time, random_state, verbose)
    started = time.monotonic()
    estimator.fit(X[trained], pd.DataFrame(Y[trained], columns=groups))
    seconds = time.monotonic() - started
    # Where scikit-learn's regressors do not keep the names, predict_maps finds them here.
    estimator[-1].line_groups_ = groups
    scores = _scores(estimator, X[tested], Y[tested], groups) if n_tested > 1 else {}
    return TrainedModel(estimator, len(trained), scores, seconds)


def _common_groups(maps: Mapping[str, xr.DataArray], elements: Sequence[str] | None) -> list[str]:
    known = {name: [str(e) for e in one["element"].to_numpy()] for name, one in maps.items()}
    first = next(iter(known.values()))
    groups = (
        find_line_groups(elements, first)
        if elements
        else [g for g in first if all(g in k for k in known.values())]
    )
    for name, has in known.items():
        missing = [group for group in groups if group not in has]
        if missing:
            raise LineGroupError(
                f"the maps {name} have no {', '.join(missing)}, but {', '.join(has)}."
            )
    if not groups:
        raise LineGroupError(f"the maps have no line group in common: {known}.")
    return groups


def _drawn(
    name: str, cube: xr.DataArray, maps: xr.DataArray, wanted: int, rng: np.random.Generator
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Spectra and labels of pixels drawn among those of which every line group is known."""
    cube, maps = cube.transpose("y", "x", "energy"), maps.transpose("y", "x", "element")
    if cube.shape[:2] != maps.shape[:2]:
        raise SkxrfError(
            f"{name} has {cube.shape[0]} x {cube.shape[1]} pixels, its maps {maps.shape[0]} x "
            f"{maps.shape[1]}: pass the maps of the same scan, in the same order."
        )
    labels = maps.to_numpy()
    known = np.isfinite(labels).all(axis=2)
    X, chosen = draw_pixels(cube, wanted, rng, among=known)
    return X, labels[chosen]


def _on_axis(name: str, X: NDArray[Any], axis: NDArray[Any], wanted: NDArray[Any]) -> NDArray[Any]:
    if axes_agree(axis, wanted):
        return X
    have, need = bin_edges(axis), bin_edges(wanted)
    lacking = max(have[0] - need[0], 0.0) + max(need[-1] - have[-1], 0.0)
    if lacking > 0.01 * (need[-1] - need[0]):
        raise SkxrfError(
            f"{name} has {describe_axis(axis)}, which does not cover the first scan's "
            f"{describe_axis(wanted)}: begin with the scan of the narrowest range."
        )
    return rebin_counts(X, axis, wanted)


def _estimator(
    network: str, axis: NDArray[Any], max_time: float | None, random_state: int, verbose: bool
) -> Any:
    from sklearn.pipeline import make_pipeline

    width = float(np.median(np.diff(axis)))
    # Bins of the spectra [keV]: a fifth of a peak's width, below which nothing is gained.
    binner = ChannelBinner(max(1, int(0.025 / width)), energy=axis)
    if network == "ridge":
        from sklearn.linear_model import RidgeCV

        return make_pipeline(binner, RidgeCV(tuple(np.logspace(-2, 8, 21))))
    from skxrf.neural_network import SpectrumCNNRegressor, SpectrumMLPRegressor

    kind = {"cnn": SpectrumCNNRegressor, "mlp": SpectrumMLPRegressor}[network]
    return make_pipeline(
        binner, kind(max_time=max_time, random_state=random_state, verbose=verbose)
    )


def _scores(
    estimator: Any, X: NDArray[Any], Y: NDArray[Any], groups: Sequence[str]
) -> dict[str, float]:
    from sklearn.metrics import r2_score

    values = r2_score(
        Y, np.asarray(estimator.predict(X)).reshape(Y.shape), multioutput="raw_values"
    )
    return dict(zip(groups, map(float, values), strict=True))
