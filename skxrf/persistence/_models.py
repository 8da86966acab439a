"""`save_model`, `load_model`, `model_info` and the digest of a model."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from skxrf.exceptions import FileFormatError, ModelFileError
from skxrf.utils.files import existing_file, whole_file
from skxrf.utils.fitted import (
    fitted_channels,
    fitted_energy,
    fitted_line_groups,
    inner_estimators,
)
from skxrf.utils.provenance import versions

from ._aliases import with_present_names
from ._archive import repacked
from ._contents import check_contents
from ._model_file import ModelInfo, pack, read_model_file, unpack
from ._schema import check_schema
from ._trusted_types import TRUSTED_TYPES


def save_model(estimator: Any, path: str | os.PathLike[str]) -> None:
    """Write a fitted estimator to one file that is safe to open, also for others.

    Parameters
    ----------
    estimator : estimator
        Fitted: a network, a :class:`~skxrf.linear_model.TemplateFitRegressor`, a regressor of
        scikit-learn, a Pipeline or a meta-estimator of these. All that it learned is kept, and of
        networks what they need to be trained on.
    path : str or path-like
        The file, such as ``"model.skxrf"``; it appears whole or not at all, an existing one is
        replaced.

    Raises
    ------
    ModelFileError
        If it is not fitted, or contains what cannot be stored safely, such as functions of one's
        own. Of a search, save ``search.best_estimator_``.
    OSError
        If the folder is missing or cannot be written to, or the disk is full.

    See Also
    --------
    load_model : Open the file.
    model_info : The description of a file.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from skxrf.persistence import load_model, save_model
    >>> X = np.random.default_rng(0).poisson(9, (50, 8))
    >>> model = Ridge().fit(X, X[:, :2])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_model(model, pathlib.Path(folder, "ridge.skxrf"))
    ...     loaded = load_model(pathlib.Path(folder, "ridge.skxrf"))
    >>> bool(np.all(loaded.predict(X) == model.predict(X)))
    True
    """
    archive = _archive(estimator)
    with whole_file(path) as partial:
        partial.write_bytes(pack(_describe(estimator), archive))


def model_digest(estimator: Any) -> str:
    """Compute a digest of a fitted estimator.

    Parameters
    ----------
    estimator : estimator
        Fitted, such as :func:`save_model` takes.

    Returns
    -------
    str
        64 hexadecimal digits: the same for the same parameters, weights and versions of skops
        and scikit-learn, in every process.

    Raises
    ------
    ModelFileError
        As :func:`save_model` does.
    """
    return hashlib.sha256(_archive(estimator)).hexdigest()


def _archive(estimator: Any) -> bytes:
    # Here, because skops imports every estimator of scikit-learn.
    import skops.io

    name = type(estimator).__name__
    if isinstance(estimator, type) or not isinstance(estimator, BaseEstimator):
        raise ModelFileError(
            f"save_model takes a fitted estimator, got {estimator!r:.80}: pass the object that "
            "fit() was called on."
        )
    check_is_fitted(estimator)
    try:
        archive = repacked(skops.io.dumps(estimator))
        check_contents(estimator)
        unknown = _untrusted(archive)
        check_schema(archive)
    except Exception as error:
        # Whatever a foreign object's own way of being stored raises.
        raise ModelFileError(f"{name} cannot be stored safely: {error}") from error
    if unknown:
        raise ModelFileError(f"{name} cannot be stored safely: {_refusal(unknown)}")
    return archive


def load_model(path: str | os.PathLike[str]) -> Any:
    """Open a model's file; no code from it is run.

    Only objects of known types are made, with the numbers, texts and arrays in the file as their
    attributes; what there is in it is looked at first. Pickles are never opened.

    Parameters
    ----------
    path : str or path-like
        A file from :func:`save_model`, of this or an older version of skxrf.

    Returns
    -------
    estimator
        As it was saved: predictions are the same bit for bit on the same machine and versions.
        Networks are put on their `device`, or with a warning on the CPU where that is missing.

    Raises
    ------
    ModelFileError
        If it is no such file, is damaged, or contains types that are not known; or is of a newer
        format.
    OSError
        If there is no such file, or it cannot be read.

    Warns
    -----
    UserWarning
        If it was saved with another version of scikit-learn (from scikit-learn itself).
    """
    import skops.io

    file = _existing(path)
    _, archive = unpack(read_model_file(file), str(file))
    try:
        check_schema(archive)
        archive = with_present_names(archive)
        unknown = _untrusted(archive)
        if not unknown:
            estimator = skops.io.loads(archive, trusted=list(TRUSTED_TYPES))
            check_contents(estimator)
    except Warning:
        raise  # where warnings are errors
    except Exception as error:
        # Built of known types by skops, a hostile content can make it raise anything.
        raise ModelFileError(
            f"{file} contains no model that can be built: {str(error).rstrip('.')}. Get it once more, or save it "
            "again where it was made."
        ) from error
    if unknown:
        raise ModelFileError(f"{file} was not opened: {_refusal(unknown)}")
    if not isinstance(estimator, BaseEstimator):
        raise ModelFileError(
            f"{file} contains a {type(estimator).__name__}: expected an estimator."
        )
    return estimator


def model_info(path: str | os.PathLike[str]) -> ModelInfo:
    """Read the header of a model's file, without loading the model.

    Parameters
    ----------
    path : str or path-like
        A file from :func:`save_model`.

    Returns
    -------
    ModelInfo
        Line groups, energy axis, versions.

    Raises
    ------
    ModelFileError
        If it is no such file, or damaged.
    OSError
        If there is no such file, or it cannot be read.
    """
    file = _existing(path)
    return unpack(read_model_file(file), str(file))[0]


def _existing(path: str | os.PathLike[str]) -> Path:
    try:
        return existing_file(path, "a model saved by skxrf.persistence.save_model")[0]
    except FileFormatError as error:  # empty, or a folder
        raise ModelFileError(str(error)) from None


def _untrusted(archive: bytes) -> list[str]:
    import skops.io

    return sorted(set(skops.io.get_untrusted_types(data=archive)) - set(TRUSTED_TYPES))


def _refusal(types: list[str]) -> str:
    # Names as a file writes them may be of any length, and hold characters that a terminal obeys.
    shown = ", ".join(ascii(one)[1:-1][:80] for one in types[:5])
    shown += f" and {len(types) - 5} more" if len(types) > 5 else ""
    return (
        f"it contains {shown}, which skxrf does not know to be safe to load. Models are made of the "
        "estimators of skxrf and scikit-learn, without functions of one's own; of a search, save "
        "search.best_estimator_."
    )


def _describe(estimator: Any) -> ModelInfo:
    energy, groups = fitted_energy(estimator), fitted_line_groups(estimator)
    n_channels = fitted_channels(estimator)
    # An axis of another length is that of a step further on.
    whole = energy is not None and energy.size == n_channels
    return ModelInfo(
        estimator=type(estimator).__name__,
        steps=tuple(type(part).__name__ for part in inner_estimators(estimator)),
        line_groups=None if groups is None else tuple(groups),
        n_channels=n_channels,
        energy_range=_ends(energy) if whole and energy is not None else None,
        versions=versions(("numpy", "scipy", "scikit-learn", "torch", "skops")),
    )


def _ends(energy: np.ndarray[Any, Any]) -> tuple[float, float]:
    return float(energy[0]), float(energy[-1])
