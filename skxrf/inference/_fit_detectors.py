"""Joint fit of the cubes of several detectors that saw the same pixels: `fit_detectors`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from sklearn.base import clone

from skxrf import __version__
from skxrf.exceptions import SkxrfError
from skxrf.spectrum_fit._pixel_fit import PoissonFit, fit_pixels
from skxrf.utils.line_group_names import find_line_groups
from skxrf.utils.validation import as_cube, name_of

if TYPE_CHECKING:
    from skxrf.linear_model import TemplateFitRegressor


def fit_detectors(cubes: Sequence[xr.DataArray], estimator: TemplateFitRegressor) -> xr.Dataset:
    """Fit the spectra of several detectors at once, each with its own axis, response and background.

    The intensities are shared: a detector sees of each line group its ratio times the intensity. Ratios,
    axes and shapes come from the sum spectrum of each detector; all its other components (continuum,
    scattered lines, pile-up) are its own in each pixel. The counts of all detectors enter one Poisson
    likelihood, so that a detector which sees less of an element, or on a higher background, gets the
    weight that is due to it; added spectra would be broadened by the differences of the axes.

    Parameters
    ----------
    cubes : sequence of DataArray of dims (y, x, energy)
        The same pixels, by one detector each: ``[open_cube(path, detector=i) for i in (0, 1)]``. They
        may be lazy.
    estimator : TemplateFitRegressor
        Unfitted. Its parameters hold for all detectors, but ``energy``, ``weights`` and ``line_ratios``,
        which are not used: weights are those of each pixel's own counts. Without ``line_groups``
        those that are found by any detector are fitted.

    Returns
    -------
    Dataset of ``intensity``, ``uncertainty`` and ``ratio``
        Over (y, x, element): net counts of each line group in all detectors together, and their standard
        errors. Over (detector, element): the shares of the detectors in them, estimated from their sums;
        errors of the ratios are not in the uncertainty.

    Raises
    ------
    SkxrfError
        If the cubes differ in their rows and columns, or there is none.
    EnergyAxisError, LineGroupError, CountsError
        As :meth:`skxrf.linear_model.TemplateFitRegressor.fit`.

    Examples
    --------
    >>> from skxrf.datasets import make_painting
    >>> from skxrf.inference import fit_detectors
    >>> from skxrf.linear_model import TemplateFitRegressor
    >>> left, _ = make_painting((6, 8), palette="icon_test", random_state=0)
    >>> right = left.assign_coords(energy=left["energy"] * 1.01 + 0.02)
    >>> groups = ["Ca_K", "Fe_K", "Cu_K", "Hg_L", "Pb_L"]
    >>> maps = fit_detectors([left, right], TemplateFitRegressor(groups, nuisance="none"))
    >>> maps["ratio"].sel(element="Fe_K").values.round(1)
    array([0.5, 0.5], dtype=float32)
    """
    import dask.array as da

    ordered = [as_cube(cube) for cube in cubes]
    if not ordered:
        raise SkxrfError("fit_detectors takes the cubes of one detector or more, got none.")
    for cube in ordered[1:]:
        if cube.shape[:2] != ordered[0].shape[:2]:
            raise SkxrfError(
                f"{name_of(cube)} has {cube.shape[:2]} rows and columns, the first one "
                f"{ordered[0].shape[:2]}: the detectors of one scan have the same pixels."
            )
    joint = _joint(ordered, estimator)
    from_array: Any = da.from_array
    lazy = [from_array(cube.data) if cube.chunks is None else cube.data for cube in ordered]
    chunks = lazy[0].chunks[:2]
    whole = [one.rechunk((*chunks, -1)) for one in lazy]
    n = len(joint.groups)
    map_blocks: Any = da.map_blocks
    values = map_blocks(
        joint.fitted, *whole, dtype=np.float32, chunks=(*chunks, (2 * n,)), meta=np.empty((0, 0, 0))
    )
    fitted = np.asarray(values.compute())
    coords = {name: c for name, c in ordered[0].coords.items() if "energy" not in c.dims}
    coords["element"] = xr.Variable("element", list(joint.groups))
    dims = ("y", "x", "element")
    steps = [str(cube.attrs["history"]) for cube in ordered if "history" in cube.attrs]
    steps.append(f"skxrf {__version__}: joint fit of {len(ordered)} detectors")
    maps = xr.Dataset(
        {
            "intensity": (dims, fitted[..., :n], {"units": "counts"}),
            "uncertainty": (dims, fitted[..., n:], {"units": "counts"}),
            "ratio": (("detector", "element"), joint.ratios),
        },
        coords=coords,
        attrs={"model": " ".join(repr(estimator).split()), "history": "\n".join(steps)},
    )
    # Line groups beside those that are asked for were fitted, too.
    return (
        maps
        if estimator.line_groups is None
        else maps.sel(element=find_line_groups(estimator.line_groups))
    )


@dataclass(frozen=True, eq=False)
class _Joint:
    """Fit of the spectra of all detectors side by side."""

    fit: PoissonFit
    groups: tuple[str, ...]
    channels: tuple[slice, ...]
    ratios: NDArray[np.float64]
    batch_size: int

    def fitted(self, *blocks: NDArray[Any]) -> NDArray[np.float32]:
        """Intensities, then their standard errors, of a block of (y, x, energy) a detector."""
        pixels = blocks[0].shape[:2]
        parts = [block[..., one] for block, one in zip(blocks, self.channels, strict=True)]
        spectra = np.concatenate(parts, axis=-1).reshape(pixels[0] * pixels[1], -1)
        values, errors = fit_pixels(
            self.fit,
            spectra,
            slice(None),
            return_std=True,
            batch_size=self.batch_size,
            n_jobs=1,
            n_kept=len(self.groups),
        )
        assert errors is not None
        return np.concatenate([values, errors], axis=1).reshape(*pixels, -1).astype(np.float32)


def _joint(cubes: Sequence[xr.DataArray], estimator: TemplateFitRegressor) -> _Joint:
    """Fit the sum spectrum of each detector, and stack their components."""
    sums = [np.asarray(cube.sum(("y", "x"), dtype=np.float64)) for cube in cubes]

    def fitted(groups: Sequence[str] | None) -> list[TemplateFitRegressor]:
        found = []
        for cube, total in zip(cubes, sums, strict=True):
            one = clone(estimator).set_params(
                energy=cube["energy"].to_numpy(), line_groups=groups, weights="own"
            )
            found.append(one.fit(total[np.newaxis]))
        return found

    models = fitted(estimator.line_groups)
    names = [name for model in models for name in model.fitted_groups_]
    groups = tuple(dict.fromkeys(names))
    if any(tuple(model.fitted_groups_) != groups for model in models):
        estimator = clone(estimator).set_params(nuisance="none")
        models = fitted(groups)
    n = len(groups)
    areas = np.stack([m.decompose(s[np.newaxis])[0, :n] for m, s in zip(models, sums, strict=True)])
    # A group without counts is looked for in equal parts.
    totals = areas.sum(axis=0)
    ratios = np.where(totals > 0, areas / np.maximum(totals, 1e-30), 1 / len(models))
    own = [model.components_[n:] for model in models]
    widths = [model.components_.shape[1] for model in models]
    components = np.zeros((n + sum(map(len, own)), sum(widths)))
    row, column = n, 0
    for model, share, rest, width in zip(models, ratios, own, widths, strict=True):
        inside = slice(column, column + width)
        components[:n, inside] = share[:, np.newaxis] * model.components_[:n]
        components[row : row + len(rest), inside] = rest
        row, column = row + len(rest), column + width
    n_pixels = cubes[0].sizes["y"] * cubes[0].sizes["x"]
    mean = np.concatenate([model.sum_spectrum_fit_.model for model in models]) / n_pixels
    return _Joint(
        PoissonFit(components, mean, estimator.n_reweights),
        groups,
        tuple(model.fitted_channels_ for model in models),
        ratios,
        estimator.batch_size,
    )
