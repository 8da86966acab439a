"""Trained weights: their file, and predictions of the network by them."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from skxrf.exceptions import FileFormatError
from skxrf.utils.files import whole_file
from skxrf.utils.typing import Float32Array

from ._bfloat16 import multiplier
from ._fit_average import default_shares

__all__ = [
    "BATCH",
    "NetworkScales",
    "Weights",
    "network_outputs",
    "read_weights",
    "shipped_weights",
    "write_weights",
]


@dataclass(frozen=True)
class NetworkScales:
    """Fixed numbers of the network's formula; trained weights are valid for these alone."""

    reference_counts: float = 5000.0
    """Total counts that the square roots of a spectrum are scaled to; their noise is then that
    of a usual pixel."""
    least_counts: float = 1.0
    """Least total of a spectrum, so that an empty one gives zeros and not NaN."""
    log_errors: tuple[float, float] = (-1.0, 3.0)
    """Logarithms of the least and greatest standard error, in units of photon noise."""


# Spectra that pass the network together: their activations fit in a processor's cache.
BATCH = 512


def network_outputs(
    arrays: Mapping[str, Float32Array],
    batches: Iterable[tuple[Float32Array, Float32Array]],
    *,
    rounded: bool = False,
) -> tuple[Float32Array, Float32Array]:
    """Predict net intensities and their standard errors.

    `arrays`: weights and scales by the names that
    ``skxrf.pretrained.training._network.AdaptiveFilterNetwork`` gives them. `batches`: counts >= 0
    on the model's axis, (n_samples, n_channels), and their linear filter fits [counts], (n_samples,
    n_components). `rounded`: whether to compute the products of the trunk and of the estimators in
    bfloat16. Returns `intensities`, `errors` (n_samples, n_groups), float32: net counts and their
    standard errors [counts].

    Notes
    -----
    The same formula as the torch module that is trained; the two agree within 1e-6 of the largest
    intensity (``tests/pretrained/training/test_network.py``). The trunk and the estimators correct
    what the linear path measures, in units of the photon noise: rounded to the 8 bits of bfloat16
    they move an intensity by less than a tenth of its standard error.
    """
    # The learned filters see channels in units of their photon noise, less the mean shape.
    filters = arrays["filters.0.weight"] * arrays["channel_scale"]
    mean = filters @ arrays["mean_shape"]
    # Gain and shift of the trunk's input belong to its first layer: what is done for each channel
    # of each spectrum is then a square root.
    trunk, second, estimators = (
        multiplier(weights, rounded=rounded)
        for weights in (
            arrays["first.weight"] * arrays["gain"],
            arrays["second.weight"],
            arrays["estimators.weight"],
        )
    )
    bias = arrays["first.weight"] @ arrays["shift"] + arrays["first.bias"]
    found = []
    for spectra, fits in batches:
        total = np.maximum(spectra.sum(axis=1, keepdims=True), NetworkScales.least_counts)
        dose = np.sqrt(total)
        standard_fits = fits / (arrays["fit_unit"] * dose)
        learned = (spectra @ filters.T - total * mean) / dose
        hidden = trunk(np.sqrt(spectra))
        hidden *= np.sqrt(np.float32(NetworkScales.reference_counts)) / dose
        hidden += bias
        hidden += np.arcsinh(standard_fits) @ arrays["of_fits.weight"].T
        hidden += np.log(total / NetworkScales.reference_counts) * arrays["of_dose.weight"][:, 0]
        hidden = _swish(hidden)
        hidden += _swish(second(hidden) + arrays["second.bias"])
        features = np.concatenate([standard_fits, learned], axis=1)
        several = estimators(features)
        found.append(_read_out(arrays, features, several, hidden, arrays["unit"] * dose))
    values, errors = zip(*found, strict=True)
    return np.concatenate(values), np.concatenate(errors)


def _swish(values: Float32Array) -> Float32Array:
    """The values times their logistic function, by the hyperbolic tangent: numpy's is vectorized."""
    half = 0.5 * values
    return np.asarray(half + half * np.tanh(half), dtype=np.float32)


def _read_out(
    arrays: Mapping[str, Float32Array],
    features: Float32Array,
    several: Float32Array,
    hidden: Float32Array,
    unit: Float32Array,
) -> tuple[Float32Array, Float32Array]:
    """Intensities and standard errors from linear features, estimators and the trunk's activations."""
    gates, residual, spread = (
        hidden @ arrays[f"{name}.weight"].T + arrays[f"{name}.bias"]
        for name in ("gates", "residual", "spread")
    )
    several = several.reshape(*gates.shape, -1)
    standard = features @ arrays["read_out.weight"].T + np.matmul(gates[:, None], several)[:, 0]
    values = unit * (standard + residual)
    variance = np.square(unit) + np.maximum(values, 0)
    return values, np.sqrt(variance) * np.exp(np.clip(spread, *NetworkScales.log_errors))


# Raised when the meaning of the file changes.
_FORMAT = 1


@dataclass(frozen=True)
class Weights:
    """Trained network as arrays, and the numbers that belong to it."""

    arrays: dict[str, Float32Array] = field(repr=False)  # weights and scales by name
    error_scale: Float32Array = field(repr=False)
    """(n_groups,): factors that the network's standard errors of each line group are multiplied
    by."""
    description: dict[str, Any] = field(repr=False)  # recipe and versions, of plain values
    fit_shares: Float32Array = field(repr=False, default_factory=default_shares)
    """(2, n_groups): weights of a painting's template fit for line groups that are hardly
    there, and for bright ones."""

    def predict(
        self, spectra: Float32Array, fits: Float32Array
    ) -> tuple[Float32Array, Float32Array]:
        """Predict net intensities and their scaled standard errors.

        `spectra` (n_samples, n_channels), float32: counts on the model's axis. `fits`
        (n_samples, n_components), float32: linear filter fits of the spectra [counts]. Returns
        `intensities`, `errors` (n_samples, n_groups), float32: net counts and their standard errors
        [counts].
        """
        batches = (slice(start, start + BATCH) for start in range(0, len(spectra), BATCH))
        return self.predict_batches((spectra[rows], fits[rows]) for rows in batches)

    def predict_batches(
        self, batches: Iterable[tuple[Float32Array, Float32Array]], *, rounded: bool = False
    ) -> tuple[Float32Array, Float32Array]:
        """Predict as `predict` does, from pairs of spectra and fits, in bfloat16 if `rounded`."""
        values, errors = network_outputs(self.arrays, batches, rounded=rounded)
        return values, errors * self.error_scale

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a saved state; models saved before the redesign contain a former name."""
        state = dict(state)
        if "calibration" in state:
            state["error_scale"] = state.pop("calibration")
            state.pop("architecture", None)
        vars(self).update(state)


def write_weights(path: str | os.PathLike[str], weights: Weights) -> None:
    """Write weights; the file appears whole or not at all."""
    # Kept in single precision: scales, and what is read out linearly.
    tensors = {
        name: array
        if name in ("shift", "gain", "mean_shape", "channel_scale", "unit", "fit_unit")
        else array.astype(np.float16)
        for name, array in weights.arrays.items()
    }
    tensors["calibration"] = weights.error_scale
    tensors["fit_shares"] = weights.fit_shares
    metadata = {"format": str(_FORMAT), "description": json.dumps(weights.description)}
    with whole_file(path) as partial:
        partial.write_bytes(to_bytes(tensors, metadata))


def read_weights(path: str | os.PathLike[str]) -> Weights:
    """Read weights; nothing in the file is run."""
    try:
        with safe_open(os.fspath(path), framework="numpy") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name).astype(np.float32) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise FileFormatError(
            f"{os.fspath(path)} is no readable file of weights ({error}): install skxrf again, or "
            "train anew with `python -m skxrf.pretrained.training`."
        ) from error
    if metadata.get("format") != str(_FORMAT):
        raise FileFormatError(
            f"{os.fspath(path)} is of format {metadata.get('format')!r}, this version of skxrf "
            f"reads {_FORMAT}: update skxrf."
        )
    error_scale = tensors.pop("calibration")
    # Files of networks that were not fine-tuned may have none.
    fit_shares = tensors.pop("fit_shares", default_shares())
    return Weights(tensors, error_scale, json.loads(metadata["description"]), fit_shares)


@functools.cache
def shipped_weights() -> Weights:
    """Read the weights that come with the package, once in a process."""
    file = resources.files("skxrf.pretrained").joinpath("data", "pixels.safetensors")
    with resources.as_file(file) as path:
        return read_weights(path)
