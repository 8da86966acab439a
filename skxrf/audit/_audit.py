"""`audit_scan`: errors of maps of a scan of one's own, without truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from skxrf.audit._comparison import compare_maps
from skxrf.audit._coverage import error_coverage
from skxrf.audit._dwell import needed_dwell, typical_shares
from skxrf.audit._finished_maps import finished_map_errors, maps_of_scan
from skxrf.audit._map_error import MapErrors, block_mean, map_errors
from skxrf.audit._methods import MapMethod, method_of, run_method
from skxrf.audit._poisson import Dispersion, count_dispersion
from skxrf.audit._reference import linear_reference, template_fit_of
from skxrf.audit._tiles import Tiles, spread_tiles
from skxrf.exceptions import Argument, SkxrfError
from skxrf.inference.protocol import SpectrumComponents
from skxrf.utils.progress import StepReport
from skxrf.utils.validation import as_cube, require_counts


@dataclass(frozen=True)
class Audit:
    """Findings about the maps of one scan.

    Parameters
    ----------
    shape : pair of int
        Rows and columns of the scan.
    tiles : Tiles
        The pixels that were looked at.
    counts_per_pixel : float
        Their mean counts.
    dispersion : Dispersion
        Scatter of the counts.
    errors : dict of str to MapErrors
        By method; empty where the counts are no Poisson counts.
    coverage : dict of str to DataFrame
        Coverage of stated standard errors, by method.
    finished : dict of str to DataFrame
        Limits of the errors of finished maps, whose method could not be run again.
    comparisons : dict of pair of str to DataFrame
        Differences of maps, as :func:`compare_maps` gives them.
    dwell : DataFrame
        Precision and needed dwell of each line group; empty where the counts are no Poisson counts.
    shares : DataFrame
        Share of each paint (row) in the typical pixel of each line group (column).
    failures : dict of str to str
        Methods that failed, and why.
    precision : float
        Relative standard error that `dwell` is for.
    dwell_time : float or None
        Time per pixel [s].
    """

    shape: tuple[int, int]
    tiles: Tiles
    counts_per_pixel: float
    dispersion: Dispersion
    errors: dict[str, MapErrors] = field(repr=False)
    coverage: dict[str, pd.DataFrame] = field(repr=False)
    finished: dict[str, pd.DataFrame] = field(repr=False)
    comparisons: dict[tuple[str, str], pd.DataFrame] = field(repr=False)
    dwell: pd.DataFrame = field(repr=False)
    shares: pd.DataFrame = field(repr=False)
    failures: dict[str, str]
    precision: float
    dwell_time: float | None

    not_seen: ClassVar[str] = (
        "The audit compares maps with an unbiased fit of the same scan, so it cannot see what is "
        "wrong for both: ratios of the lines within a line group, the definition of net intensity, a "
        "line group that is taken for another, an error of the energy axis that the fit follows. "
        "Line groups that the fit does not find are not judged."
    )
    """Errors that no audit sees, in words."""

    @property
    def refused(self) -> str | None:
        """Reason why errors are not given; None where they are."""
        return self.dispersion.objection

    @property
    def table(self) -> pd.DataFrame:
        """Errors of all methods: an index of method and element, columns as of `MapErrors.table`."""
        tables = {name: found.table for name, found in self.errors.items()}
        return pd.concat(tables, names=["method", "element"]) if tables else pd.DataFrame()

    def relative_errors(self, method: str) -> pd.Series:
        """Relative error of a typical pixel that contains the line group, by a method.

        Parameters
        ----------
        method : str
            One of ``errors``.

        Returns
        -------
        Series
            By line group: root mean square error of the paints that contain it, over the
            intensity there; NaN where it is in no paint.
        """
        found = self.errors[method]
        squares = pd.DataFrame(found.squared, columns=found.line_groups)
        by_paint = squares.groupby(found.paints).mean()
        typical = (self.shares[found.line_groups] * by_paint).sum().clip(lower=0.0)
        ratio: pd.Series = typical**0.5 / self.dwell["intensity"].reindex(found.line_groups)
        return ratio

    def better(self, first: str, second: str) -> pd.DataFrame:
        """Compare the errors of two methods, whose noise is largely common.

        Parameters
        ----------
        first, second : str
            Methods.

        Returns
        -------
        DataFrame
            A row for each line group of both: ``difference`` of the mean squared errors, second
            less first [counts squared], and its standard ``error``; positive where the first is
            better.
        """
        one, two = self.errors[first], self.errors[second]
        rows = {}
        for name in (each for each in one.line_groups if each in two.line_groups):
            a = one.squared[:, one.line_groups.index(name)]
            b = two.squared[:, two.line_groups.index(name)]
            difference, error = block_mean(b - a, one.blocks, one.paints)
            rows[name] = {"difference": difference, "error": error}
        return pd.DataFrame.from_dict(rows, orient="index", columns=["difference", "error"])


def audit_scan(
    cube: xr.DataArray,
    methods: Mapping[str, Any],
    *,
    maps: Mapping[str, Any] | None = None,
    fit: SpectrumComponents | None = None,
    n_splits: int = 10,
    n_runs: int = 4,
    max_pixels: int = 20_000,
    precision: float = 0.05,
    dwell: float | None = None,
    random_state: int = 0,
    progress: bool = False,
) -> Audit:
    """Audit methods, and finished maps, on one scan without knowing its truth.

    Parameters
    ----------
    cube : DataArray of dims (y, x, energy)
        Counts as measured, with their energy axis.
    methods : mapping of str to estimator or callable
        Names and methods: fitted estimators, models that bind to a painting, functions from a cube
        to maps, or a :class:`CommandMethod`. Each is run `n_runs` + 2 times on the audited pixels.
    maps : mapping of str to DataArray or Dataset, optional
        Finished maps of the whole scan; of their errors only limits can be given.
    fit : SpectrumComponents, optional
        Fit of the scan, in the channels of the cube, as reference. Default: that of the first
        method that :func:`skxrf.inference.bind` has bound to the scan, else the template fit that
        the shipped model makes of the scan.
    n_splits : int
        Folds of counts: each run lacks one of them.
    n_runs : int
        Folds that are left out in turn, at most `n_splits`; more make the estimate more precise.
    max_pixels : int
        Pixels that are looked at, about: tiles spread over the scan.
    precision : float
        Relative standard error for which the needed dwell is given.
    dwell : float, optional
        Time per pixel [s]; by default the ``live_time`` of the cube, if it has one.
    random_state : int
        Seed of the folds.
    progress : bool
        Whether to show on standard error which run is done.

    Returns
    -------
    Audit

    Raises
    ------
    CountsError
        If the counts are negative or no whole numbers.
    LineGroupError
        If no line group stands out of the sum spectrum.
    SkxrfError
        If finished maps are of another scan. A method that fails is in ``failures``.

    Notes
    -----
    Squared errors come from folds of counts and a linear fit that is unbiased if its templates are
    right (:class:`MapErrors`). Common errors of templates are not seen (``Audit.not_seen``).
    If the counts do not scatter as Poisson counts, errors, coverage and dwell are left out.

    References
    ----------
    .. [1] Oliveira, Lei & Tibshirani (2022), Unbiased risk estimation in the normal means
           problem via coupled bootstrap techniques; and for Poisson counts, arXiv:2212.01943.

    Examples
    --------
    >>> from skxrf.audit import audit_scan
    >>> from skxrf.datasets import make_painting
    >>> from skxrf.linear_model import TemplateFitRegressor
    >>> from skxrf.samples import to_samples
    >>> cube, _ = make_painting((24, 24), random_state=0)
    >>> fit = TemplateFitRegressor(["Fe_K", "Pb_L"], energy=cube["energy"].values, nuisance=[])
    >>> fit = fit.fit(to_samples(cube).values)
    >>> found = audit_scan(cube, {"fit": fit}, fit=fit, n_runs=1)
    >>> found.table.loc[("fit", "Fe_K"), ["mean", "rmse", "bound"]].shape
    (3,)
    """
    cube = as_cube(cube)
    _check_folds(n_splits, n_runs)
    shape = (cube.sizes["y"], cube.sizes["x"])
    tiles = spread_tiles(shape, max_pixels)
    finished = {name: maps_of_scan(found, name, cube) for name, found in (maps or {}).items()}
    part = tiles.of(cube)
    require_counts(part.to_numpy(), "the cube")
    dispersion = count_dispersion(part)
    spectra = part.to_numpy().reshape(-1, part.sizes["energy"])
    fit = template_fit_of(cube, methods.values()) if fit is None else fit
    reference = linear_reference(fit, spectra)
    intensities, variances = reference.intensities(spectra), reference.variances(spectra)
    errors: dict[str, MapErrors] = {}
    coverage: dict[str, pd.DataFrame] = {}
    failures: dict[str, str] = {}
    shown: dict[str, xr.Dataset] = {}
    blocks = tiles.blocks
    with StepReport(unit="runs", enabled=progress) as report:
        report.begin(len(methods) * (n_runs + 2 if dispersion.objection is None else 1))
        for name, method in methods.items():
            try:
                function = _reported(name, method_of(method, cube), report)
                if dispersion.objection is not None:
                    shown[name] = run_method(name, function, part)
                    continue
                found = map_errors(
                    name,
                    function,
                    part,
                    reference,
                    blocks,
                    n_splits=n_splits,
                    n_runs=n_runs,
                    random_state=random_state,
                )
                covered = error_coverage(
                    name, function, part, reference, blocks, random_state=random_state
                )
            except SkxrfError as error:
                failures[name] = str(error)
                continue
            errors[name], coverage[name], shown[name] = found, covered, found.maps
    limits = {}
    for name, found_maps in finished.items():
        shown[name] = tiles.of(found_maps)
        table = finished_map_errors(name, shown[name], reference, intensities, variances)
        if dispersion.objection is None:
            limits[name] = table
    true_energy = _true_energy(fit)
    dwell = _dwell_time(part) if dwell is None else dwell
    needed = needed_dwell(reference, intensities, variances, dwell=dwell, precision=precision)
    return Audit(
        shape,
        tiles,
        float(spectra.sum(dtype=np.float64) / len(spectra)),
        dispersion,
        errors,
        coverage,
        limits,
        {
            (one, two): compare_maps(shown[one], shown[two], fit=fit, true_energy=true_energy)
            for one, two in combinations(shown, 2)
        },
        needed if dispersion.objection is None else needed.iloc[:0],
        pd.DataFrame(
            typical_shares(reference, intensities, variances), columns=reference.line_groups
        ),
        failures,
        precision,
        dwell,
    )


def _reported(name: str, method: MapMethod, report: StepReport) -> MapMethod:
    """Method that tells of each of its runs."""

    def maps(cube: xr.DataArray) -> Any:
        report.working_on(f"maps by {name}")
        found = method(cube)
        report.finished(f"maps by {name}")
        return found

    return maps


def _check_folds(n_splits: int, n_runs: int) -> None:
    stated: list[tuple[str, object, int]] = [("n_splits", n_splits, 2), ("n_runs", n_runs, 1)]
    for name, value, least in stated:
        if not isinstance(value, int | np.integer) or value < least:
            raise SkxrfError(
                f"a whole number from {least} up is needed: ", Argument(name, value), "."
            )
    if n_runs > n_splits:
        raise SkxrfError(
            f"there are {n_splits} folds to leave out, not {n_runs}: ", Argument("n_runs", n_splits)
        )


def _dwell_time(cube: xr.DataArray) -> float | None:
    if "live_time" not in cube.coords:
        return None
    return float(cube["live_time"].mean())


def _true_energy(fit: Any) -> NDArray[np.float64] | None:
    """Axis that the fit found in the spectra, where it has one beside the stated one."""
    found = getattr(fit, "calibrated_energy_", None)
    return None if found is None else np.asarray(found)
