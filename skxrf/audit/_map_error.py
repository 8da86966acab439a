"""Mean squared error of maps without truth, from folds of counts and a linear reference."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from skxrf.audit._methods import MapMethod, run_method
from skxrf.audit._reference import LinearReference
from skxrf.model_selection._thinning import count_folds
from skxrf.utils.typing import Array


@dataclass(frozen=True)
class MapErrors:
    """Estimated squared errors of the maps of one method.

    Parameters
    ----------
    line_groups : list of str
        Line groups that both the method and the reference have.
    maps : Dataset of dims (y, x, element)
        Maps of all counts.
    squared : ndarray of shape (n_pixels, n_groups)
        Estimates of the squared error of each pixel [counts squared], unbiased and very noisy:
        their means over pixels are what is meant to be read.
    penalties : ndarray of shape (n_runs, n_groups)
        Mean over the pixels of twice the covariance of maps and reference, by each run.
    variances : ndarray of shape (n_pixels, n_groups)
        Variances of the reference, which are those of the best fit of single pixels.
    reference : ndarray of shape (n_pixels, n_groups)
        Intensities of the reference.
    template_errors : ndarray of shape (n_groups,)
        Size of the errors of the reference by wrong templates [counts].
    paints, blocks : ndarray of shape (n_pixels,), int
        Paint and tile of each pixel, for standard errors.
    """

    line_groups: list[str]
    maps: xr.Dataset
    squared: Array
    penalties: Array
    variances: Array
    reference: Array
    template_errors: Array
    paints: NDArray[np.intp]
    blocks: NDArray[np.intp]

    @cached_property
    def table(self) -> pd.DataFrame:
        """Root mean square errors, a row for each line group.

        ``rmse`` and its standard error ``rmse_error`` [counts], which includes errors of the templates as
        far as fits with different weights show them; ``bound``, the root mean square
        photon noise of the best fit of single pixels, and ``ratio`` of the two; ``mean``, the
        intensity of the reference. Where the noise of the estimate exceeds the error itself,
        ``rmse`` is 0 and its standard error an upper limit. NaN where the method does not find the
        line group in fewer counts.
        """
        rows = {}
        for k, name in enumerate(self.line_groups):
            mean, error = block_mean(self.squared[:, k], self.blocks, self.paints)
            # Noise of a run that is common to all tiles, as of a filter that learns from the maps.
            penalties = self.penalties[~np.isnan(self.penalties[:, k]), k]
            if len(penalties) > 1:
                error = float(np.hypot(error, penalties.std(ddof=1) / np.sqrt(len(penalties))))
            rmse = float(np.sqrt(np.maximum(mean, 0.0)))
            # An error b of the reference changes (g - r)^2 by b^2 - 2 b (g - theta).
            b = float(self.template_errors[k])
            error = float(np.hypot(error, np.hypot(b**2, 2 * b * rmse)))
            bound = float(np.sqrt(max(self.variances[:, k].mean(), 0.0)))
            # Of the root: by the slope where that is a good approximation, else its upper limit.
            spread = np.sqrt(np.maximum(mean, 0.0) + error) - rmse
            rows[name] = {
                "mean": float(self.reference[:, k].mean()),
                "rmse": rmse,
                "rmse_error": float(spread),
                "bound": bound,
                "ratio": rmse / bound if bound > 0 else np.nan,
            }
        return pd.DataFrame.from_dict(rows, orient="index")

    def by_region(self, regions: NDArray[np.intp]) -> pd.DataFrame:
        """Root mean square errors of parts of the scan.

        Parameters
        ----------
        regions : ndarray of shape (n_pixels,), int
            Number of the region of each pixel.

        Returns
        -------
        DataFrame
            A row for each region and a column for each line group [counts].
        """
        frame = pd.DataFrame(self.squared, columns=self.line_groups)
        means = frame.groupby(np.asarray(regions)).mean()
        return means.clip(lower=0.0) ** 0.5

    def error_map(self, size: int = 16) -> xr.DataArray:
        """Map of the root mean square error, averaged over squares.

        Parameters
        ----------
        size : int
            Rows and columns of a square.

        Returns
        -------
        DataArray of dims (y, x, element)
            [counts].
        """
        intensity = self.maps["intensity"]
        shape = (intensity.sizes["y"], intensity.sizes["x"], -1)
        squared = intensity.astype(np.float64).copy(data=self.squared.reshape(shape))
        coarse = squared.coarsen(y=size, x=size, boundary="pad").mean()
        found: xr.DataArray = (coarse.clip(min=0.0) ** 0.5).rename("rmse")
        return found.assign_attrs(units="counts")


def map_errors(
    name: str,
    method: MapMethod,
    cube: xr.DataArray,
    reference: LinearReference,
    blocks: NDArray[np.intp],
    *,
    n_splits: int,
    n_runs: int,
    random_state: int,
) -> MapErrors:
    """Estimate the squared error of a method's maps of a cube.

    - `name`: name of the method in error messages.
    - `method`: from a cube to maps.
    - `cube` (y, x, energy): counts, in memory.
    - `reference`: reference of the same pixels.
    - `blocks` (n_pixels,), int: tile of each pixel.
    - `n_splits`: folds of counts; a run lacks one of them.
    - `n_runs`: folds that are left out in turn, at most `n_splits`.
    - `random_state`: seed of the folds.

    Notes
    -----
    With maps g of all counts, the linear reference r of expectation theta, and its variance v,
    the squared error of a pixel is

        E (g - theta)^2 = E (g - r)^2 - v + 2 cov(g, r),

    the covariance penalty of Efron (2004, J. Am. Stat. Assoc. 99, 619). The covariance is taken
    from runs on thinned counts (Oliveira, Lei & Tibshirani 2022, arXiv:2212.01943): of the counts
    x, a fold of share e contains e x + d, where d has mean 0 and variance e (1 - e) x. A run on
    the rest, divided by 1 - e, differs from the maps of all counts by -h(d) / (1 - e), and the
    reference of the fold from that of all counts by r(d) / e. So minus the product of the two
    differences has the expectation cov(g, r) / ((1 - e) e) times e (1 - e): the covariance at all
    counts, exactly where g is linear in the counts, and up to terms of the order of e otherwise.
    """
    spectra = cube.to_numpy().reshape(-1, cube.sizes["energy"])
    full = run_method(name, method, cube)
    found = [str(one) for one in full["element"].to_numpy()]
    groups = [one for one in reference.line_groups if one in found]
    full = full.sel(element=groups)
    places = [reference.line_groups.index(one) for one in groups]
    values = _pixels(full)
    estimate = reference.intensities(spectra)[:, places]
    variances = reference.variances(spectra)[:, places]
    products = np.zeros_like(values)
    n_given = np.zeros(len(groups))
    penalties = []
    share = 1 / n_splits
    folds = count_folds(spectra, n_splits, np.random.default_rng(random_state))
    for _, part in zip(range(n_runs), folds, strict=False):
        rest = cube.copy(data=(spectra - part).reshape(cube.shape))
        rerun = _pixels(run_method(name, method, rest, groups)) / (1 - share)
        noise = reference.intensities(part)[:, places] / share - estimate
        # A method may not find a line group again in fewer counts: those runs tell nothing of it.
        given = ~np.isnan(rerun).any(axis=0)
        product = (rerun - values) * noise
        products[:, given] += product[:, given]
        penalties.append(-2 * product.mean(axis=0))
        n_given += given
    with np.errstate(invalid="ignore"):
        squared = (values - estimate) ** 2 - variances - 2 * products / n_given
    return MapErrors(
        groups,
        full,
        squared,
        np.array(penalties),
        variances,
        estimate,
        reference.template_errors[places],
        reference.paints,
        blocks,
    )


def _pixels(maps: xr.Dataset) -> Array:
    values = maps["intensity"].transpose("y", "x", "element").to_numpy()
    return values.reshape(-1, values.shape[2]).astype(np.float64)


def block_mean(
    values: Array, blocks: NDArray[np.intp], paints: NDArray[np.intp]
) -> tuple[float, float]:
    """Mean of pixels, and its standard error by the scatter of sums of blocks.

    `values` (n_pixels,): values, whose noise may depend on that of neighboring pixels. `blocks`
    (n_pixels,), int: block of each pixel. `paints` (n_pixels,), int: paint of each pixel: that
    paints differ is no error of the mean of this scan. Returns `mean`, `error`.
    """
    of_paint = np.bincount(paints, values) / np.maximum(np.bincount(paints), 1)
    sums = np.bincount(blocks, values - of_paint[paints])
    n = int(np.count_nonzero(np.bincount(blocks)))
    error = np.sqrt((sums**2).sum() * n / max(n - 1, 1)) / len(values)
    return float(values.mean()), float(error)
