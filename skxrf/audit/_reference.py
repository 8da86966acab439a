"""Reference of an audit: unbiased intensities that are linear in the counts, and their variances."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from skxrf.exceptions import LineGroupError
from skxrf.inference import bind
from skxrf.inference.protocol import BoundModel, SpectrumComponents
from skxrf.spectrum_fit._pixel_fit import PoissonFit
from skxrf.utils.typing import Array


@dataclass(frozen=True)
class ReferenceRule:
    """Settings of the linear reference."""

    most_paints: int = 24
    """Paints with weights of their own; a single set costs up to 7 % of its precision."""
    pixels_of_a_paint: int = 200
    """Pixels for each paint, at least, so that weights hardly depend on one pixel's counts."""
    bands: int = 96  # bands of channels by which pixels are told apart
    least_expected: float = 1e-3
    """Least expected counts of a channel, as a share of the paint's mean channel."""
    batch: int = 4096  # spectra that are converted at a time
    other_power: float = 0.5
    """Power of the expected counts in the weights of a second fit, 1 in the reference itself. With wrong
    templates the two differ; on a scan of another line database by .4 to 2 times the error of the reference."""


@dataclass(frozen=True)
class LinearReference:
    """Weighted least-squares fit of components with weights that are fixed for each paint.

    Notes
    -----
    As nothing is clipped or chosen by the counts of a pixel, the estimates of independent parts of
    the counts are independent, and their variance under photon noise is the sum of the squared
    weights times the counts, without a model of the noise.
    """

    line_groups: list[str]  # line groups that it measures
    channels: slice  # fitted channels
    paints: NDArray[np.intp]
    """(n_pixels,), int: paint of each pixel, by which its weights are chosen."""
    filters: Array
    """(n_paints, n_groups, n_channels): intensity of each line group per count in each channel."""
    template_errors: Array
    """(n_groups,): size of the errors that wrong templates cause [counts]: root mean square over
    the paints of the difference between fits with two sets of weights, beyond its photon noise."""

    def intensities(self, spectra: NDArray[Any]) -> Array:
        """Intensities of all pixels.

        `spectra` (n_pixels, n_channels): counts, or part of them, of the same pixels in the same
        order. Returns (n_pixels, n_groups): unbiased where the components are right; may be
        negative.
        """
        return self._applied(spectra, self.filters)

    def variances(self, spectra: NDArray[Any]) -> Array:
        """Unbiased estimates of the variance of the intensities, of the same shape.

        `spectra` (n_pixels, n_channels): counts. Returns (n_pixels, n_groups).
        """
        return self._applied(spectra, self.filters**2)

    def _applied(self, spectra: NDArray[Any], filters: Array) -> Array:
        found = np.empty((len(spectra), filters.shape[1]))
        for paint, matrix in enumerate(filters):
            rows = np.flatnonzero(self.paints == paint)
            for part in np.array_split(rows, max(1, len(rows) // ReferenceRule.batch)):
                found[part] = spectra[part, self.channels].astype(np.float64) @ matrix.T
        return found


def template_fit_of(cube: xr.DataArray, methods: Iterable[Any] = ()) -> SpectrumComponents:
    """Template fit of a scan, on an axis and with line groups found in its own spectra.

    `cube` (y, x, energy): counts. `methods`: methods; one that is bound to the scan has such a fit.
    The fit is in the channels of the cube.
    """
    from skxrf.pretrained import load_pretrained

    bound = next((one for one in methods if isinstance(one, BoundModel)), None)
    return (bound or bind(load_pretrained(), cube)).spectrum_fit()


def linear_reference(fit: SpectrumComponents, spectra: NDArray[Any]) -> LinearReference:
    """Make the reference of some pixels from a fit of the scan.

    `fit`: components in the channels of the spectra. `spectra` (n_pixels, n_channels): counts.
    """
    groups = list(fit.fitted_groups_)
    if not groups:
        raise LineGroupError(
            "no line group stands out of the sum spectrum: there is nothing to audit. Check the "
            "energy axis with skxrf info."
        )
    channels = fit.fitted_channels_
    components = np.asarray(fit.components_, dtype=np.float64)
    paints = _paints(spectra[:, channels])
    solver = PoissonFit(components, components.sum(axis=0))
    filters = []
    squares = np.zeros(len(groups))
    for paint in range(paints.max() + 1):
        inside = paints == paint
        mean = spectra[inside, channels].mean(axis=0, dtype=np.float64)
        amplitudes, _ = solver(mean.astype(np.float32)[None])
        expected = np.maximum(
            (amplitudes @ components)[0],
            ReferenceRule.least_expected * max(float(mean.mean()), 1e-12),
        )
        filters.append(_least_squares(components, expected)[: len(groups)])
        other = _least_squares(components, expected**ReferenceRule.other_power)[: len(groups)]
        apart = other - filters[-1]
        noise = apart**2 @ mean / inside.sum()
        squares += inside.mean() * ((apart @ mean) ** 2 - noise)
    template_errors = np.sqrt(np.maximum(squares, 0))
    return LinearReference(groups, channels, paints, np.stack(filters), template_errors)


def _least_squares(components: Array, variances: Array) -> Array:
    """Amplitude of each component per count in each channel, by weighted least squares."""
    weighted = components / variances
    information = weighted @ components.T
    scale = 1 / np.sqrt(np.maximum(np.diag(information), 1e-300))
    # A trace of ridge: components that coincide are of no use, but stop nothing.
    scaled = information * scale[:, None] * scale + 1e-9 * np.eye(len(scale))
    solved: Array = scale[:, None] * np.linalg.solve(scaled, scale[:, None] * weighted)
    return solved


def _paints(spectra: NDArray[Any]) -> NDArray[np.intp]:
    """Group pixels by the square roots of their counts in bands, whose noise is the same."""
    n_pixels, n_channels = spectra.shape
    n_paints = min(ReferenceRule.most_paints, max(n_pixels // ReferenceRule.pixels_of_a_paint, 1))
    if n_paints == 1:
        return np.zeros(n_pixels, np.intp)
    starts = np.linspace(0, n_channels, ReferenceRule.bands, endpoint=False).astype(int)
    bands = np.add.reduceat(spectra, np.unique(starts), axis=1, dtype=np.float64)
    found = KMeans(n_paints, n_init=1, max_iter=20, random_state=0).fit_predict(np.sqrt(bands))
    return np.asarray(np.unique(found, return_inverse=True)[1], dtype=np.intp)
