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
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from skxrf.exceptions import FileFormatError

from ._fit_average import default_shares
from ._network import AdaptiveFilterNetwork

__all__ = ["Weights", "read_weights", "shipped_weights", "write_weights"]

# Raised when the meaning of the file changes.
_FORMAT = 1
# Kept in single precision: scales, and what is read out linearly.
_SINGLE = ("shift", "gain", "mean_shape", "channel_scale", "unit", "fit_unit")


@dataclass(frozen=True)
class Weights:
    """A trained network as arrays, and what belongs to it.

    Parameters
    ----------
    arrays : dict of str to ndarray
        Weights and scales by name, float32.
    architecture : dict of str to int
        Arguments of :class:`~skxrf.neural_network.AdaptiveFilterNetwork`.
    calibration : ndarray of shape (n_groups,), float32
        Factors that make the standard errors of each line group hold.
    description : dict
        Recipe and versions, of plain values.
    fit_shares : ndarray of shape (2, n_groups), float32, optional
        Weight of a painting's template fit for line groups that are hardly there, and for bright
        ones. Default: 0.4 and 0.9.
    """

    arrays: dict[str, NDArray[np.float32]] = field(repr=False)
    architecture: dict[str, int]
    calibration: NDArray[np.float32] = field(repr=False)
    description: dict[str, Any] = field(repr=False)
    fit_shares: NDArray[np.float32] = field(repr=False, default_factory=default_shares)

    @classmethod
    def of(
        cls,
        network: AdaptiveFilterNetwork,
        architecture: dict[str, int],
        calibration: NDArray[np.floating],
        description: dict[str, Any],
        fit_shares: NDArray[np.floating] | None = None,
    ) -> Weights:
        """Take them from a network.

        Parameters
        ----------
        network : AdaptiveFilterNetwork
            Trained.
        architecture : dict of str to int
            Its arguments.
        calibration : ndarray of shape (n_groups,)
            Factors of the standard errors.
        description : dict
            Recipe and versions.
        fit_shares : ndarray of shape (2, n_groups), optional
            Weights of the template fit.

        Returns
        -------
        Weights
            Copies.
        """
        arrays = {
            name: tensor.detach().float().cpu().numpy().copy()
            for name, tensor in network.state_dict().items()
        }
        shares = default_shares() if fit_shares is None else fit_shares
        factors = np.asarray(calibration, dtype=np.float32)
        return cls(arrays, architecture, factors, description, np.asarray(shares, np.float32))

    @property
    def network(self) -> AdaptiveFilterNetwork:
        """The network, in evaluation mode; made once."""
        made: AdaptiveFilterNetwork | None = vars(self).get("_network")
        if made is None:
            made = AdaptiveFilterNetwork(**self.architecture)
            made.load_state_dict({k: torch.from_numpy(v) for k, v in self.arrays.items()})
            made.eval().requires_grad_(False)
            object.__setattr__(self, "_network", made)
        return made

    def __getstate__(self) -> dict[str, Any]:
        """The arrays, not the network made of them."""
        return {name: value for name, value in vars(self).items() if name != "_network"}


def write_weights(path: str | os.PathLike[str], weights: Weights) -> None:
    """Write weights; the file appears whole or not at all.

    Parameters
    ----------
    path : str or path-like
        The file.
    weights : Weights
        Stored in half precision, but for the scales.
    """
    tensors = {
        name: array if name in _SINGLE else array.astype(np.float16)
        for name, array in weights.arrays.items()
    }
    tensors["calibration"] = weights.calibration
    tensors["fit_shares"] = weights.fit_shares
    metadata = {
        "format": str(_FORMAT),
        "architecture": json.dumps(weights.architecture),
        "description": json.dumps(weights.description),
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
        with safe_open(os.fspath(path), framework="numpy") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name).astype(np.float32) for name in file.keys()}  # noqa: SIM118
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
    calibration = tensors.pop("calibration")
    # Files of networks that were not fine-tuned may have none.
    fit_shares = tensors.pop("fit_shares", default_shares())
    return Weights(
        tensors,
        json.loads(metadata["architecture"]),
        calibration,
        json.loads(metadata["description"]),
        fit_shares,
    )


@functools.cache
def shipped_weights(name: str) -> Weights:
    """Weights that come with the package, ``"pixels"`` or ``"neighborhood"``."""
    file = resources.files("skxrf.pretrained").joinpath("data", f"{name}.safetensors")
    with resources.as_file(file) as path:
        return read_weights(path)
