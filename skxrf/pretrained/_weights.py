"""The file of weights: arrays in half precision, what they mean, and nothing that runs."""

from __future__ import annotations

import functools
import json
import os
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes

from skxrf.exceptions import FileFormatError
from skxrf.neural_network import AdaptiveFilterNetwork

__all__ = ["Weights", "read_weights", "shipped_weights", "write_weights"]

# Raised when the meaning of the file changes.
_FORMAT = 1
# Kept in single precision: scales, and what is read out linearly.
_SINGLE = ("shift", "gain", "mean_shape", "channel_scale", "unit", "fit_unit")


@dataclass(frozen=True)
class Weights:
    """A trained network and what belongs to it.

    Parameters
    ----------
    network : AdaptiveFilterNetwork
        In evaluation mode.
    n_spectra : int
        1, or 2 for a network that sees the neighbourhood as well.
    calibration : ndarray of shape (n_groups,), float32
        Factors that make the standard errors of each line group hold.
    description : dict
        Recipe and versions.
    """

    network: AdaptiveFilterNetwork = field(repr=False)
    n_spectra: int
    calibration: np.ndarray = field(repr=False)
    description: dict[str, Any]


def write_weights(
    path: str | os.PathLike[str],
    network: AdaptiveFilterNetwork,
    architecture: dict[str, int],
    calibration: np.ndarray,
    description: dict[str, Any],
) -> None:
    """Write weights; the file appears whole or not at all.

    Parameters
    ----------
    path : str or path-like
        The file.
    network : AdaptiveFilterNetwork
        Its weights are stored in half precision.
    architecture : dict of str to int
        Arguments of the network.
    calibration : ndarray of shape (n_groups,)
        Factors of the standard errors.
    description : dict
        Recipe and versions, of plain values.
    """
    tensors = {
        name: (tensor.float() if name in _SINGLE else tensor.half()).contiguous()
        for name, tensor in network.state_dict().items()
    }
    tensors["calibration"] = torch.from_numpy(np.asarray(calibration, dtype=np.float32))
    metadata = {
        "format": str(_FORMAT),
        "architecture": json.dumps(architecture),
        "description": json.dumps(description),
    }
    partial = Path(path).with_name(Path(path).name + ".partial")
    partial.write_bytes(to_bytes(tensors, metadata))
    partial.replace(path)


def read_weights(path: str | os.PathLike[str]) -> Weights:
    """Read weights; nothing in the file is run.

    Parameters
    ----------
    path : str or path-like
        A file of :func:`write_weights`.

    Returns
    -------
    Weights

    Raises
    ------
    FileFormatError
        If the file is damaged, or of a later version.
    """
    try:
        with safe_open(os.fspath(path), framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise FileFormatError(
            f"{os.fspath(path)} is no readable file of weights ({error}): install skxrf again, or "
            "train anew with `python -m skxrf.pretraining`."
        ) from error
    if metadata.get("format") != str(_FORMAT):
        raise FileFormatError(
            f"{os.fspath(path)} is of format {metadata.get('format')!r}, this version of skxrf "
            f"reads {_FORMAT}: update skxrf."
        )
    architecture = json.loads(metadata["architecture"])
    calibration = tensors.pop("calibration").numpy()
    network = AdaptiveFilterNetwork(**architecture)
    network.load_state_dict(tensors)
    network.eval().requires_grad_(False)
    return Weights(
        network, int(architecture["n_spectra"]), calibration, json.loads(metadata["description"])
    )


@functools.cache
def shipped_weights(name: str) -> Weights:
    """Weights that come with the package, ``"pixels"`` or ``"neighborhood"``."""
    file = resources.files("skxrf.pretrained").joinpath("data", f"{name}.safetensors")
    with resources.as_file(file) as path:
        return read_weights(path)
