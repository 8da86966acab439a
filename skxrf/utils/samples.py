"""Spectra and targets that estimators are given."""

from __future__ import annotations

from typing import Any

from sklearn.utils.validation import validate_data

from skxrf.exceptions import SkxrfError


def validate_spectra(
    estimator: Any, X: Any = "no_validation", y: Any = "no_validation", **options: Any
) -> Any:
    """Validate spectra, and targets, as ``sklearn.utils.validation.validate_data`` does.

    A cube, or maps, instead of them are refused by naming what takes them.
    """
    for name, array in (("X", X), ("y", y)):
        shape = getattr(array, "shape", ())
        if len(shape) == 3:
            expected = (
                "spectra (n_samples, n_channels)" if name == "X" else "(n_samples, n_outputs)"
            )
            raise SkxrfError(
                f"{name} has shape {tuple(shape)}: expected {expected}. "
                "skxrf.samples.to_samples makes them of a cube and of maps; "
                "skxrf.inference.bind(model, cube) and predict_maps(model, cube) take the cube."
            )
    return validate_data(estimator, X, y, **options)
