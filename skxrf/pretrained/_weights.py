"""File of weights: arrays in half precision and their description; nothing in it is run."""

from __future__ import annotations

import functools
import json
import os
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from skxrf.exceptions import FileFormatError
from skxrf.utils.files import whole_file

from ._fit_average import default_shares
from ._network import network_outputs

__all__ = ["Weights", "read_weights", "shipped_weights", "write_weights"]

Array = NDArray[np.float32]

# Raised when the meaning of the file changes.
_FORMAT = 1


@dataclass(frozen=True)
class Weights:
    """Trained network as arrays, and the numbers that belong to it.

    Parameters
    ----------
    arrays : dict of str to ndarray
        Weights and scales by name, float32.
    error_scale : ndarray of shape (n_groups,), float32
        Factors that the network's standard errors of each line group are multiplied by.
    description : dict
        Recipe and versions, of plain values.
    fit_shares : ndarray of shape (2, n_groups), float32, optional
        Weight of a painting's template fit for line groups that are hardly there, and for bright
        ones. Default: 0.4 and 0.9.
    """

    arrays: dict[str, Array] = field(repr=False)
    error_scale: Array = field(repr=False)
    description: dict[str, Any] = field(repr=False)
    fit_shares: Array = field(repr=False, default_factory=default_shares)

    def predict(self, spectra: Array, fits: Array) -> tuple[Array, Array]:
        """Predict net intensities and their scaled standard errors.

        Parameters
        ----------
        spectra : ndarray of shape (n_samples, n_channels), float32
            Counts on the model's axis.
        fits : ndarray of shape (n_samples, n_components), float32
            Linear filter fits of the spectra [counts].

        Returns
        -------
        intensities, errors : ndarray of shape (n_samples, n_groups), float32
            Net counts and their standard errors [counts].
        """
        values, errors = network_outputs(self.arrays, spectra, fits)
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
