"""Checks of the parameters of layers, templates and devices."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_array

from skxrf.exceptions import SkxrfError
from skxrf.utils._sklearn import InvalidParameterError


def integers(values: Any, name: str, least: int = 1) -> tuple[int, ...]:
    """Return a sequence of integers as a tuple, none below `least`."""
    found = tuple(np.asarray(values).ravel().tolist())
    if not all(isinstance(value, int) and value >= least for value in found):
        raise InvalidParameterError(
            f"The {name!r} parameter must hold integers of at least {least}, got {values!r}."
        )
    return found


def channels_summed(n_features: int, input_transform: str | None, most: int = 1024) -> int:
    """Number of adjacent channels to sum, so that fewer than twice `most` are left.

    The channels of a 40 keV axis are then 40 eV wide, a third of the width of a line.
    """
    return 1 if input_transform is None else max(n_features // most, 1)


def per_layer(value: Any, n_layers: int, name: str, least: int = 1) -> tuple[int, ...]:
    """Return one integer per layer, from one for all layers or a sequence."""
    found = integers(value, name, least)
    if np.ndim(value) == 0:
        found *= n_layers
    if len(found) != n_layers:
        raise InvalidParameterError(
            f"The {name!r} parameter has {len(found)} values for {n_layers} layers: pass one "
            "for each of 'channels', or a single integer."
        )
    return found


def checked_templates(templates: ArrayLike | None, n_features: int) -> NDArray[Any] | None:
    """Return templates as a float64 array of shape (n_templates, n_features), or None."""
    if templates is None:
        return None
    array: NDArray[Any] = check_array(templates, dtype=np.float64, input_name="templates")
    if array.shape[1] != n_features:
        raise SkxrfError(
            f"templates have {array.shape[1]} channels, but the spectra have {n_features}: "
            f"pass templates of shape (n_templates, {n_features})."
        )
    return array


def device_or_cpu(name: str | torch.device) -> str:
    """Return the torch device to use for a stored network: the CPU where it is not there."""
    try:
        return available_device(name)
    except SkxrfError as error:
        warnings.warn(f"{error} The network was put on the CPU.", UserWarning, stacklevel=2)
        return "cpu"


def available_device(name: str | torch.device) -> str:
    """Return the torch device to use; ``"auto"`` is a CUDA GPU where there is one."""
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=name)
    except (AssertionError, RuntimeError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise SkxrfError(
            f"device={str(name)!r} is not available here ({reason}): use 'cpu', or 'auto'."
        ) from error
    return str(name)
