"""Coverage of the standard errors that a method states, on the scan itself; their correction."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from skxrf.audit._methods import MapMethod, run_method
from skxrf.audit._reference import LinearReference
from skxrf.exceptions import SkxrfError
from skxrf.model_selection._thinning import count_folds
from skxrf.utils.typing import Array
from skxrf.utils.validation import as_map_dataset

# Share of normally distributed values within one standard error.
_WITHIN_ONE = math.erf(math.sqrt(0.5))
_COLUMNS = ["within_one", "factor", "within_one_after", "n_pixels"]
# Pixels needed to state a share of them.
_ENOUGH_PIXELS = 100


def error_coverage(
    name: str,
    method: MapMethod,
    cube: xr.DataArray,
    reference: LinearReference,
    blocks: NDArray[np.intp],
    *,
    random_state: int,
) -> pd.DataFrame:
    """Coverage of stated standard errors, and the factor that corrects them.

    The method makes maps of one half of the counts; the reference measures the other half, which
    is independent. Stated errors are right where the two agree within both together.

    `name`: name of the method in error messages. `method`: from a cube to maps with
    ``uncertainty``. `cube` (y, x, energy): counts, in memory. `reference`: reference of the same
    pixels. `blocks` (n_pixels,), int: tile of each pixel: the factor is checked on one half of the
    tiles with that of the other. `random_state`: seed of the halves. Returns a row for each line
    group: ``within_one``, the share of pixels within one standard error of both together (0.683 if
    these are right); ``factor``, by which the stated errors are to be multiplied;
    ``within_one_after``, that share where each half of the tiles has the factor of the other;
    ``n_pixels``. Empty for a method that states no errors.

    Notes
    -----
    The factor is that of a split conformal prediction with nested sets (Gupta, Kuchibhotla &
    Ramdas 2022, Pattern Recognition 127, 108496): of ``|a - b| <= sqrt(f^2 s^2 + v)``, with b and
    v the held-out reference and its variance, each pixel gives the
    least f, and their quantile covers that share of held-out values whatever their
    distribution. Of the truth it is as right as the noise of b is normally distributed.
    """
    spectra = cube.to_numpy().reshape(-1, cube.sizes["energy"])
    half = next(count_folds(spectra, 2, np.random.default_rng(random_state)))
    maps = run_method(name, method, cube.copy(data=(spectra - half).reshape(cube.shape)))
    if "uncertainty" not in maps:
        return pd.DataFrame(columns=_COLUMNS)
    found = [str(one) for one in maps["element"].to_numpy()]
    groups = [one for one in reference.line_groups if one in found]
    places = [reference.line_groups.index(one) for one in groups]
    values, errors = (
        maps[kind].sel(element=groups).to_numpy().reshape(len(spectra), -1).astype(np.float64)
        for kind in ("intensity", "uncertainty")
    )
    held_out = reference.intensities(half)[:, places]
    # Less noisy than the variance of this half alone, and the same in expectation.
    variances = reference.variances(spectra)[:, places] / 2
    calibrating = blocks % 2 == 0
    rows = {}
    for k, group in enumerate(groups):
        present = _present(reference.paints, held_out[:, k], variances[:, k], cube.shape[:2])
        distance = (values[:, k] - held_out[:, k]) ** 2
        least = _least_factor(distance, errors[:, k], variances[:, k])
        parts = [least[present & calibrating], least[present & ~calibrating]]
        if min(map(len, parts)) < _ENOUGH_PIXELS:
            continue
        # Each half of the tiles with the factor of the other.
        checked = [
            float((one <= _quantile(other)).mean())
            for one, other in zip(parts, parts[::-1], strict=True)
        ]
        both = np.concatenate(parts)
        rows[group] = {
            "within_one": float((both <= 1).mean()),
            "factor": _quantile(both),
            "within_one_after": float(np.mean(checked)),
            "n_pixels": len(both),
        }
    return pd.DataFrame.from_dict(rows, orient="index", columns=_COLUMNS)


def _present(
    paints: NDArray[np.intp], values: Array, variances: Array, shape: tuple[int, ...]
) -> NDArray[np.bool_]:
    """Pixels whose paint and whose neighbors contain a line group, whatever their own counts.

    Without the neighbors the empty pixels of a paint, whose errors cover too much as fits stop at
    zero, made the errors of the others too small.
    """
    sizes = np.maximum(np.bincount(paints), 1)
    mean = np.bincount(paints, values) / sizes
    noise = np.sqrt(np.bincount(paints, variances) / sizes)
    near = _around(values, shape) > 2 * np.sqrt(_around(variances, shape))
    return np.asarray((mean > 2 * noise)[paints] & near)


def _around(values: Array, shape: tuple[int, ...]) -> Array:
    """Means of the eight neighbors of each pixel."""
    image = values.reshape(shape)
    return np.asarray((9 * uniform_filter(image, 3) - image) / 8).ravel()


def _least_factor(distance: Array, errors: Array, variances: Array) -> Array:
    """Least factor of each stated error that makes it cover the held-out value."""
    excess = np.sqrt(np.maximum(distance - variances, 0.0))
    return np.divide(excess, errors, out=np.where(excess > 0, np.inf, 0.0), where=errors > 0)


def _quantile(factors: Array) -> float:
    """Quantile of a split conformal prediction, for a new pixel."""
    rank = min(math.ceil((len(factors) + 1) * _WITHIN_ONE), len(factors))
    return float(np.sort(factors)[rank - 1])


def corrected_errors(maps: xr.Dataset, coverage: pd.DataFrame) -> xr.Dataset:
    """Multiply the standard errors in maps by the factors of an audit.

    Parameters
    ----------
    maps : Dataset of dims (y, x, element)
        ``intensity`` and ``uncertainty``.
    coverage : DataFrame
        The ``coverage`` of the audit of their method; line groups without a row are left as they
        are.

    Returns
    -------
    Dataset
        Copies with the other errors, and a line in ``history``.

    Raises
    ------
    SkxrfError
        If the maps contain no standard errors.
    """
    checked = as_map_dataset(maps)
    if "uncertainty" not in checked:
        raise SkxrfError("the maps contain no standard errors ('uncertainty') to correct.")
    factors: Any = xr.DataArray(
        [float(coverage["factor"].get(str(one), 1.0)) for one in checked["element"].to_numpy()],
        dims="element",
        coords={"element": checked["element"]},
    )
    errors = checked["uncertainty"]
    corrected = (errors * factors).astype(errors.dtype).assign_attrs(errors.attrs)
    step = "standard errors corrected by their coverage on the scan (skxrf.audit)"
    history = "\n".join([*filter(None, [checked.attrs.get("history")]), step])
    return checked.assign(uncertainty=corrected).assign_attrs(history=history)
