"""Model of all spectra of a painting, from its sum spectrum: line groups, calibration, components."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from skxrf.exceptions import CountsError
from skxrf.physics import DetectorResponse
from skxrf.utils.energy import bin_edges

from ._binned import BinnedSpectrum
from ._candidates import candidates_in_range, with_partners
from ._components import fit_components
from ._fitted_range import channels_between, fitted_range
from ._line_groups import find_line_groups
from ._misfit import unexplained_share
from ._priors import SELECTION
from ._sum_spectrum import SumSpectrumFit, fit_sum_spectrum

__all__ = ["Setup", "TemplateModel", "line_groups_of", "template_model"]

Array = NDArray[np.float64]

# Width of a peak [keV], over which misplaced counts do not matter.
_PEAK_WIDTH = 0.15


@dataclass(frozen=True)
class Setup:
    """Measurement as it is known before the fit.

    Parameters
    ----------
    energy : ndarray of shape (n_channels,)
        Nominal bin centers [keV].
    energy_range : pair of float, optional
        Fitted range [keV]; default the one that the wanted line groups need.
    anode : str, optional
        Tube anode, whose scattered lines are then part of the model.
    tube_voltage : float
        Voltage of the tube [kV].
    refine : bool
        Whether to refine axis and resolution.
    detector : DetectorResponse, optional
        Start of the refinement, or the detector as it is without.
    """

    energy: Array = field(repr=False)
    energy_range: tuple[float, float] | None = None
    anode: str | None = None
    tube_voltage: float = 50.0
    refine: bool = True
    detector: DetectorResponse | None = None


@dataclass(frozen=True)
class TemplateModel:
    """Components of the spectra of a painting.

    Parameters
    ----------
    groups : list of str
        Line groups, the wanted ones first.
    channels : slice
        Fitted channels.
    fit : SumSpectrumFit
        Fit of the sum spectrum.
    components : ndarray of shape (n_components, n_fitted_channels)
        Spectra of one count of each component, those of `groups` first.
    unexplained : float
        Share of the counts that the fit of the sum spectrum does not explain.
    """

    groups: list[str]
    channels: slice
    fit: SumSpectrumFit = field(repr=False)
    components: Array = field(repr=False)
    unexplained: float = 0.0


def line_groups_of(
    spectrum: Array, setup: Setup, energy_range: tuple[float, float], required: Sequence[str] = ()
) -> list[str]:
    """Line groups that a sum spectrum shows, and those required, by energy.

    Parameters
    ----------
    spectrum : ndarray of shape (n_channels,)
        Counts, summed over many pixels.
    setup : Setup
        Measurement.
    energy_range : pair of float
        Fitted range [keV].
    required : sequence of str
        Line groups that are kept in any case.

    Returns
    -------
    list of str
    """
    tried = candidates_in_range(
        energy_range, required=required, anode=setup.anode, tube_voltage=setup.tube_voltage
    )
    found = find_line_groups(
        BinnedSpectrum.of(spectrum, setup.energy, SELECTION.bin_width, energy_range),
        tried,
        required=required,
        anode=setup.anode,
        tube_voltage=setup.tube_voltage,
        refined=setup.refine,
        detector=setup.detector,
    )
    return with_partners(found, energy_range, setup.tube_voltage)


def template_model(
    spectrum: Array,
    setup: Setup,
    wanted: Sequence[str],
    nuisance: Sequence[str] | None,
    background_spacing: float,
) -> TemplateModel:
    """Fit a sum spectrum and make the components of single spectra.

    Parameters
    ----------
    spectrum : ndarray of shape (n_channels,)
        Counts, summed over many pixels.
    setup : Setup
        Measurement.
    wanted : sequence of str
        Line groups that are asked for.
    nuisance : sequence of str, optional
        Line groups fitted besides; default those found in the spectrum.
    background_spacing : float
        Distance [keV] of the smooth functions that bend the continuum.

    Returns
    -------
    TemplateModel

    Raises
    ------
    CountsError
        If there are no counts in the fitted range.
    LineGroupError
        If a wanted line group lies outside it.
    EnergyAxisError
        If it has too few channels.
    """
    low, high = fitted_range(setup.energy, wanted, setup.energy_range, setup.tube_voltage)
    channels = channels_between(setup.energy, low, high)
    if not spectrum[channels].sum() > 0:
        raise CountsError(
            f"the spectra hold no counts between {low:g} and {high:g} keV: there is nothing to fit."
        )
    # Isolated negative sums can only come from pre-treated spectra; weights need counts.
    spectrum = np.maximum(spectrum, 0)
    if nuisance is None:
        nuisance = line_groups_of(spectrum, setup, (low, high), wanted)
    groups = [*wanted, *(name for name in nuisance if name not in wanted)]
    fit = fit_sum_spectrum(
        spectrum,
        setup.energy,
        groups,
        energy_range=(low, high),
        anode=setup.anode,
        tube_voltage=setup.tube_voltage,
        refine=setup.refine,
        detector=setup.detector,
    )
    components = fit_components(
        groups,
        fit,
        bin_edges(setup.energy)[channels.start : channels.stop + 1],
        anode=setup.anode,
        tube_voltage=setup.tube_voltage,
        background_spacing=background_spacing,
    )
    n_joined = max(1, round(_PEAK_WIDTH / float(np.median(np.diff(setup.energy)))))
    unexplained = unexplained_share(spectrum[channels], fit.model, n_joined)
    return TemplateModel(groups, channels, fit, components, unexplained)
