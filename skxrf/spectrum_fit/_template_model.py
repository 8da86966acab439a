"""Model of all spectra of a painting, from its sum spectrum: line groups, calibration, components."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from skxrf.exceptions import Argument, CountsError, EnergyAxisError, LineGroupError
from skxrf.physics import DetectorResponse, line_group
from skxrf.physics._continuum import continuum_parts
from skxrf.physics._line_table import EXACT, LineTable, line_table
from skxrf.spectrum_fit._elements import Elements, find_elements
from skxrf.spectrum_fit._evidence import LineEvidence
from skxrf.spectrum_fit._model import unexplained_share
from skxrf.spectrum_fit._sum_spectrum import SumSpectrumFit, fit_sum_spectrum
from skxrf.spectrum_fit._tube import Tube
from skxrf.utils.energy import bin_edges, describe_axis
from skxrf.utils.typing import Array


@dataclass(frozen=True)
class TemplateRule:
    """Thresholds of components and of the fitted range."""

    least_pile_up: float = 1e-5
    """Share of the sum spectrum below which pile-up is no component."""
    least_inside: float = 0.2
    """Share of its counts in the range below which a scattered peak is no component."""
    least_channels: int = 32
    """Number of channels in the fitted range below which lines cannot be told from a
    continuum."""
    low: float = 1.3
    """Start of the default range [keV]: below, air and windows absorb nearly all."""
    least_high: float = 16.0
    """Energy of the highest line at least, by which the default range ends [keV]: it is never
    narrower than to the L lines of lead."""
    beyond_lines: float = 1.0
    """Distance of the end of the range from the highest line [keV]."""
    least_share: float = 0.02
    """Share of their group below which lines do not extend the range."""
    peak_width: float = 0.15
    """Width over which misplaced counts do not matter [keV]: that of a peak."""


def fit_components(
    groups: Sequence[str],
    fit: SumSpectrumFit,
    edges: Array,
    *,
    anode: str | None,
    tube_voltage: float,
    background_spacing: float,
) -> Array:
    """Spectra of one count of each component, shaped as in the sum spectrum.

    `fit`: fit of the sum spectrum in the same channels, with these groups and this anode. `edges`
    (n_channels + 1,): nominal bin edges [keV] of the fitted channels. `anode`: the tube's anode,
    whose scattered lines are components. `tube_voltage`: voltage of the tube [kV].
    `background_spacing`: distance [keV] of the smooth functions that bend the continuum. Returns
    (n_components, n_channels): the line groups in their order, scattered tube lines, pile-up where
    there is some, and the functions that make up the continuum. Tails and escape peaks of line
    groups come on top of the one count.
    """
    edges = fit.correction(edges)
    table = line_table(
        groups,
        () if anode is None else (anode,),
        detail=EXACT,
        tube_voltage=tube_voltage,
        thickness=fit.detector.thickness,
    )
    spectra = table.render(edges, fit.detector).T
    components = []
    for name in groups:
        mine = table.columns_of(name)
        shares = [fit.families[name][table.labels[i][1]] for i in mine]
        components.append(np.asarray(shares) @ spectra[mine])
    for counts, mine in scattered_parts(fit, table, spectra, anode).values():
        peak = counts @ spectra[mine]
        components.append(peak / peak.sum())
    if fit.pile_up.sum() > TemplateRule.least_pile_up * fit.model.sum():
        components.append(fit.pile_up / fit.pile_up.sum())
    n_intervals = max(1, round((edges[-1] - edges[0]) / background_spacing))
    knots = np.linspace(edges[0], edges[-1], n_intervals + 1)
    centers = (edges[1:] + edges[:-1]) / 2
    return np.vstack([*components, continuum_parts(fit.background, centers, knots)])


def scattered_parts(
    fit: SumSpectrumFit, table: LineTable, spectra: Array, anode: str | None
) -> dict[str, tuple[Array, list[int]]]:
    """Scattered lines of the tube that are components.

    `table`, `spectra` (n_columns, n_channels): columns of line groups and of the anode's scattered
    lines. Returns by name, such as ``Rh_compton``, counts and columns of the parts.
    """
    found = {}
    for name in () if anode is None else (f"{anode}_rayleigh", f"{anode}_compton"):
        mine = table.columns_of(name)
        counts = np.array([fit.scatter[" ".join(table.labels[i])] for i in mine])
        inside = float((counts @ spectra[mine]).sum())
        if counts.sum() > 0 and inside > TemplateRule.least_inside * counts.sum():
            found[name] = counts, mine
    return found


def fitted_range(
    energy: NDArray[np.float64],
    wanted: Sequence[str],
    energy_range: tuple[float, float] | None,
    tube_voltage: float,
) -> tuple[float, float]:
    """Range [keV] that is fitted: the one given, or the one that the wanted lines need.

    `energy` (n_channels,): bin centers [keV]. `wanted`: line groups that are asked for.
    `energy_range`: the range that is asked for [keV]. `tube_voltage`: voltage of the tube [kV].
    The range found lies within the axis.
    """
    groups = {name: line_group(name, tube_voltage=tube_voltage) for name in wanted}
    if energy_range is not None:
        low, high = (float(bound) for bound in energy_range)
    else:
        highest = TemplateRule.least_high
        for group in groups.values():
            highest = max(
                highest, float(group.energies[group.intensities > TemplateRule.least_share].max())
            )
        low, high = TemplateRule.low, highest + TemplateRule.beyond_lines
    low, high = max(low, float(energy[0])), min(high, float(energy[-1]))
    outside = [
        f"{name} ({group.main_energy:.2f} keV)"
        for name, group in groups.items()
        if not low < group.main_energy < high
    ]
    if outside:
        raise LineGroupError(
            f"{', '.join(outside)} outside the fitted range of {low:.2f} to {high:.2f} keV "
            f"on an axis of {describe_axis(energy)}: leave them out, or check ",
            Argument("energy"),
            " and ",
            Argument("energy_range"),
            ".",
        )
    return low, high


def channels_between(energy: NDArray[np.float64], low: float, high: float) -> slice:
    """Channels whose centers lie in a range.

    `energy` (n_channels,): bin centers [keV]. `low`, `high`: the range [keV].
    """
    inside = np.flatnonzero((energy >= low) & (energy <= high))
    if inside.size < TemplateRule.least_channels:
        raise EnergyAxisError(
            f"only {inside.size} channels between {low:g} and {high:g} keV on an axis of "
            f"{describe_axis(energy)}: the fit needs at least {TemplateRule.least_channels}; check ",
            Argument("energy"),
            " and ",
            Argument("energy_range"),
            ".",
        )
    return slice(int(inside[0]), int(inside[-1]) + 1)


@dataclass(frozen=True)
class Setup:
    """Measurement as it is known before the fit."""

    energy: Array = field(repr=False)  # (n_channels,): nominal bin centers [keV]
    energy_range: tuple[float, float] | None = None
    """Fitted range [keV]; default the one that the wanted line groups need."""
    anode: str | None = None  # tube anode, whose scattered lines are then part of the model
    tube_voltage: float = 50.0  # voltage of the tube [kV]
    refine: bool = True  # whether to refine axis and resolution
    detector: DetectorResponse | None = None
    """Start of the refinement, or the detector as it is without."""


@dataclass(frozen=True)
class TemplateModel:
    """Components of the spectra of a painting."""

    groups: list[str]  # line groups, the wanted ones first
    channels: slice  # fitted channels
    fit: SumSpectrumFit = field(repr=False)  # fit of the sum spectrum
    components: Array = field(repr=False)
    """(n_components, n_fitted_channels): spectra of one count of each component, those of `groups`
    first."""
    unexplained: float = 0.0
    """Share of the counts that the fit of the sum spectrum does not explain."""
    evidence: list[LineEvidence] = field(default_factory=list, repr=False)
    """Evidence for all line groups, where they were looked for."""


def elements_of(
    spectrum: Array,
    setup: Setup,
    energy_range: tuple[float, float],
    required: Sequence[str] = (),
    parts: Array | None = None,
) -> Elements:
    """Line groups that a sum spectrum shows, and those required, with the evidence for each.

    `spectrum` (n_channels,): counts, summed over many pixels. `energy_range`: fitted range [keV].
    `required`: line groups that are kept in any case. `parts` (n_parts, n_channels): sums of like
    spectra [counts].
    """
    # All of the axis, unless a range is asked for: harder lines tell which softer ones may be there.
    end = float(setup.energy[-1])
    return find_elements(
        spectrum,
        setup.energy,
        Tube.stated(setup.anode, setup.tube_voltage, min(end, setup.tube_voltage)),
        parts=parts,
        energy_range=None if setup.energy_range is None else energy_range,
        required=required,
        refined=setup.refine,
        detector=setup.detector,
    )


def template_model(
    spectrum: Array,
    setup: Setup,
    wanted: Sequence[str],
    nuisance: Sequence[str] | None,
    background_spacing: float,
    parts: Array | None = None,
) -> TemplateModel:
    """Fit a sum spectrum and make the components of single spectra.

    `spectrum` (n_channels,): counts, summed over many pixels. `wanted`: line groups that are asked
    for. `nuisance`: line groups fitted besides; default those found in the spectrum.
    `background_spacing`: distance [keV] of the smooth functions that bend the continuum. `parts`
    (n_parts, n_channels): sums of like spectra [counts], in which line groups are looked for
    besides.
    """
    low, high = fitted_range(setup.energy, wanted, setup.energy_range, setup.tube_voltage)
    # Isolated negative sums can only come from pre-treated spectra; weights need counts.
    spectrum = np.maximum(spectrum, 0)
    evidence: list[LineEvidence] = []
    if nuisance is None:
        found = elements_of(spectrum, setup, (low, high), wanted, parts)
        evidence = found.evidence
        if not wanted and setup.energy_range is None:
            # A soft line may lie below the range; a hard one extends it.
            hard = [
                name
                for name in found.present
                if line_group(name).main_energy > high - TemplateRule.beyond_lines
            ]
            low, high = fitted_range(setup.energy, hard, None, setup.tube_voltage)
        nuisance = found.components((low, high), wanted)
    channels = channels_between(setup.energy, low, high)
    if not spectrum[channels].sum() > 0:
        raise CountsError(
            f"the spectra hold no counts between {low:g} and {high:g} keV: there is nothing to fit."
        )
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
    n_joined = max(1, round(TemplateRule.peak_width / float(np.median(np.diff(setup.energy)))))
    unexplained = unexplained_share(spectrum[channels], fit.model, n_joined)
    return TemplateModel(groups, channels, fit, components, unexplained, evidence)
