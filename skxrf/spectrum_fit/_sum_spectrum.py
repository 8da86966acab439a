"""Axis, resolution, areas and line ratios of a painting, from a fit of its sum spectrum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from skxrf.physics import DetectorResponse

from ._axis import AxisCorrection
from ._binned import BinnedSpectrum
from ._model import SumSpectrumModel
from ._priors import AREAS
from ._varpro import calibrated

__all__ = ["SumSpectrumFit", "fit_sum_spectrum"]

Array = NDArray[np.float64]

# A group below so many standard errors keeps theory's ratios of lines.
_LEAST_FOR_RATIOS = 3.0


@dataclass(frozen=True)
class SumSpectrumFit:
    """Fit of a sum spectrum: axis, detector, areas and continuum.

    Parameters
    ----------
    correction : AxisCorrection
        From the nominal to the true energy axis.
    detector : DetectorResponse
        Refined resolution and tail; the thickness that was expected.
    families : dict of str to dict of str to float
        Shares of the families of each line group.
    areas : dict of str to float
        Net counts of each line group in the sum spectrum.
    errors : dict of str to float
        Their standard errors [counts], the model's own error included.
    scatter : dict of str to float
        Counts in the parts of the scattered tube lines, see
        :func:`skxrf.physics._line_table.scattered_tube_families`.
    pile_up : ndarray of shape (n_fitted,)
        Counts of two photons taken for one, in the channels of the fitted range.
    background : ndarray of shape (n_fitted,)
        Continuum [counts] there.
    model : ndarray of shape (n_fitted,)
        Fitted spectrum [counts] there.
    """

    correction: AxisCorrection
    detector: DetectorResponse
    families: dict[str, dict[str, float]] = field(repr=False)
    areas: dict[str, float] = field(repr=False)
    errors: dict[str, float] = field(repr=False)
    scatter: dict[str, float] = field(repr=False)
    pile_up: Array = field(repr=False)
    background: Array = field(repr=False)
    model: Array = field(repr=False)


def fit_sum_spectrum(
    spectrum: Array,
    energy: Array,
    line_groups: Sequence[str],
    *,
    energy_range: tuple[float, float],
    detector: DetectorResponse | None = None,
    anode: str | None = None,
    tube_voltage: float = 50.0,
    refine: bool = True,
) -> SumSpectrumFit:
    """Fit lines, background and (on request) the calibration to a sum spectrum.

    Variable projection: for each calibration the intensities are a non-negative linear
    least-squares problem; only calibration and detector are searched, from the best of a grid of
    offsets and gains. Without `refine` both stay, and line ratios alone are fitted.

    Parameters
    ----------
    spectrum : ndarray of shape (n_channels,)
        Counts, summed over many pixels.
    energy : ndarray of shape (n_channels,)
        Nominal bin centers [keV].
    line_groups : sequence of str
        Line groups of the model.
    energy_range : pair of float
        The fitted range [keV].
    detector : DetectorResponse, optional
        Start of the refinement, or the response as it is if `refine` is false.
    anode : str, optional
        Tube anode, whose scattered lines then belong to the model.
    tube_voltage : float
        Voltage of the tube [kV].
    refine : bool
        Whether to refine the calibration and the detector.

    Returns
    -------
    SumSpectrumFit
    """
    binned = BinnedSpectrum.of(spectrum, energy, AREAS.bin_width, energy_range)
    model = SumSpectrumModel(
        binned,
        line_groups,
        anode,
        AREAS,
        tube_voltage=tube_voltage,
        thickness=(detector or DetectorResponse()).thickness,
    )
    return _result(model, calibrated(model, detector, refined=refine))


def _result(model: SumSpectrumModel, x: Mapping[str, float]) -> SumSpectrumFit:
    """Areas, ratios and continuum at an axis and a detector."""
    model.reweigh(x, model.solve(x))
    solution = model.solve(x)
    amplitudes, n_lines = solution.amplitudes, model.n_lines
    areas, errors = model.areas(amplitudes), model.errors(solution)
    families = {}
    for name, mine in model.columns.items():
        seen = areas[name] > _LEAST_FOR_RATIOS * errors[name]
        shares = amplitudes[mine] / areas[name] if seen else model.table.shares[mine]
        labels = (model.table.labels[i][1] for i in mine)
        families[name] = dict(zip(labels, shares.tolist(), strict=True))
    scatter = {
        " ".join(label): float(amplitude)
        for label, amplitude in zip(model.table.labels, amplitudes, strict=False)
        if label[0] not in model.columns
    }
    edges = model.binned.channel_edges
    fixed = model.fixed_parts(edges)
    lines = model.lines(x, edges, amplitudes[:n_lines])
    return SumSpectrumFit(
        correction=model.correction(x),
        detector=model.detector(x),
        families=families,
        areas=areas,
        errors=errors,
        scatter=scatter,
        pile_up=amplitudes[n_lines] * fixed[:, 0],
        background=fixed[:, 1:] @ amplitudes[n_lines + 1 :],
        model=lines + fixed @ amplitudes[n_lines:],
    )
