"""Line groups in a sum spectrum of unknown axis, tube and composition, with the evidence for each."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from skxrf.exceptions import LineGroupError
from skxrf.physics import DetectorResponse, known_line_groups, line_group
from skxrf.physics._scatter import scattered_tube_group
from skxrf.physics.constants import TUBE_ONLY
from skxrf.spectrum_fit._axis_search import HIGHEST, LOWEST, ShiftSearch
from skxrf.spectrum_fit._evidence import LineEvidence, evidence_of, evidence_of_parts
from skxrf.spectrum_fit._identification import Identification
from skxrf.spectrum_fit._line_groups import with_partners, within_range
from skxrf.spectrum_fit._model import BinnedSpectrum, SumSpectrumModel
from skxrf.spectrum_fit._priors import AXIS, PARAMETERS, typical_detector
from skxrf.spectrum_fit._sum_spectrum import refine
from skxrf.spectrum_fit._tube import Tube
from skxrf.utils.threads import single_threaded_blas
from skxrf.utils.typing import Array


@dataclass(frozen=True)
class SearchRule:
    """Numbers of the search."""

    bin_width: float = 0.025  # least width of a bin [keV]
    lowest: float = 0.9
    """Lower end of the range [keV]: below, no line is counted without the K lines of the air."""
    usual_lowest: float = 1.3  # the same for a fit of pixels without lines of Na and Mg [keV]
    of_voltage: float = 0.95  # upper end of the range, as a share of the voltage
    # zeros, gains: errors of zero [keV] and gain that are tried
    zeros: tuple[float, ...] = (-0.08, -0.04, 0.0, 0.04, 0.08)
    gains: tuple[float, ...] = (-0.01, 0.0, 0.01)
    mended: float = 0.08
    """Error of an axis [keV] that the search mends as well as a calibration does."""
    better: float = 0.95
    """Ratio of costs below which another axis is taken instead of the nominal one."""
    anchor: float = 0.003  # share of all counts above which a line group helps to find the axis
    broad: float = 1e-3
    """Share of all counts in peaks broader than lines above which axis and detector are refined
    again, with all line groups found: bright ones are mostly errors of other lines' shapes."""
    least_photon: float = 0.6
    """Energy [keV] above which photons pile up visibly: below lies a noise peak."""
    # least_channels, least_counts: fewer channels or counts hold no lines
    least_channels: int = 32
    least_counts: float = 50.0


@dataclass(frozen=True)
class Elements:
    """Line groups of a spectrum, and the evidence for each."""

    evidence: list[LineEvidence] = field(repr=False)
    """Of all line groups that tube and axis allow, by energy."""
    tube: Tube  # anode and voltage
    energy_range: tuple[float, float]  # range that was searched [keV]
    energy: Array = field(default_factory=lambda: np.zeros(0), repr=False)
    """(n_channels,): nominal bin centers [keV]."""
    search: Identification | None = field(default=None, repr=False)
    """Search in the spectrum; None where it has too few channels or counts."""

    @property
    def present(self) -> list[str]:
        """Line groups of the object."""
        return [one.line_group for one in self.evidence if one.answer == "present"]

    @property
    def fitted(self) -> list[str]:
        """Line groups with a signal, of the object or not, the tube's scattered ones left out."""
        return [one.line_group for one in self.evidence if one.fitted]

    def of_parts(self, parts: Array, scale: float = 1.0) -> dict[str, LineEvidence]:
        """Evidence for line groups that parts of the spectra show, judged as those of all spectra.

        `parts` (n_parts, n_channels): sums of some of the spectra. `scale`: counts of all spectra per
        count of the parts.
        """
        return evidence_of_parts(self._searches(parts), scale)

    def in_few(self, spectrum: Array, name: str) -> LineEvidence | None:
        """Evidence for a line group that few spectra show; None where their peak is no line of it.

        `spectrum` (n_channels,): sum of those spectra.
        """
        for search in self._searches(spectrum[None]):
            return evidence_of_parts([search], of_all=True).get(name)
        return None

    def _searches(self, parts: Array) -> list[Identification]:
        """Searches in parts of the spectra that hold enough counts, on the axis of the search of all."""
        found: list[Identification] = []
        if self.search is None:
            return found
        for part in parts:
            binned = BinnedSpectrum.of(part, self.energy, SearchRule.bin_width, self.energy_range)
            if binned.counts.sum() >= SearchRule.least_counts:
                photons = _photons(part, self.search.axis)
                share = float(part.sum() / parts.sum())
                found.append(self.search.part(binned.counts, photons, share))
        return found

    def components(
        self, energy_range: tuple[float, float] | None = None, wanted: Sequence[str] = ()
    ) -> list[str]:
        """Line groups that belong into a fit of pixels.

        `energy_range`: fitted range [keV]; default the range that was searched. `wanted`: line
        groups that are asked for. Returns those wanted, those with a signal in the range, and their
        softer partners.
        """
        within = energy_range or self.energy_range
        there = within_range(self.fitted, *within)
        return with_partners([*wanted, *there], within, self.tube.voltage)

    def pixel_fit(
        self, wanted: Sequence[str], energy_range: tuple[float, float] | None = None
    ) -> dict[str, Any]:
        """Parameters of a template fit of line groups with everything that is there besides.

        `wanted`: line groups to measure. `energy_range`: fitted range [keV]; default from 1.3 keV,
        or from below the softest wanted line, to the end of the range that was searched. Returns as
        :class:`skxrf.linear_model.TemplateFitRegressor` names them.
        """
        if energy_range is None:
            low, high = self.energy_range
            energies = [line_group(name, tube_voltage=1e3).main_energy for name in wanted]
            soft = any(energy < SearchRule.usual_lowest for energy in energies)
            energy_range = (low if soft else max(low, SearchRule.usual_lowest), high)
        others = self.components(energy_range, wanted)
        return {
            "line_groups": list(wanted) or None,
            "nuisance": [name for name in others if name not in wanted],
            "anode": self.tube.anode,
            "tube_voltage": self.tube.voltage,
            "energy_range": energy_range,
        }


def mended_axis(energy: Array, calibrated: Array, energy_range: tuple[float, float]) -> Array:
    """Axis on which line groups are looked for: the nominal one where the search mends its error.

    `energy`, `calibrated` (n_channels,): nominal bin centers and calibrated ones [keV].
    `energy_range`: range [keV] in which the two are compared.
    """
    low, high = energy_range
    used = (low < energy) & (energy < high)
    error = np.abs(calibrated - energy)[used].max(initial=0.0)
    return calibrated if error > SearchRule.mended else energy


def identified_range(
    energy: Array, tube: Tube, energy_range: tuple[float, float] | None = None
) -> tuple[float, float]:
    """Range [keV] in which lines are looked for: up to the end of the continuum."""
    low, high = energy_range or (
        SearchRule.lowest,
        min(tube.end + 1.0, SearchRule.of_voltage * tube.voltage),
    )
    return max(low, float(energy[0])), min(high, float(energy[-1]))


@single_threaded_blas()
def find_elements(
    spectrum: Array,
    energy: Array,
    tube: Tube,
    *,
    parts: Array | None = None,
    energy_range: tuple[float, float] | None = None,
    required: Sequence[str] = (),
    detector: DetectorResponse | None = None,
    refined: bool = True,
) -> Elements:
    """Find the line groups of a sum spectrum, and those that only parts of the spectra show.

    `spectrum` (n_channels,): counts, summed over many pixels. `energy` (n_channels,): nominal bin
    centers [keV]. `energy_range`: range [keV]; default from 0.9 keV to the end of the continuum.
    `required`: line groups that are part of the fit in any case. `refined`: whether axis and
    resolution are refined. The result is without evidence where there are too few channels or
    counts.
    """

    def find(tube: Tube) -> Elements:
        return _find(
            spectrum,
            energy,
            tube,
            energy_range,
            required=required,
            detector=detector,
            refined=refined,
        )

    found = find(tube)
    if found.search is None:
        return found
    if tube.inferred:
        tube = found.tube
        anode = next((name for name in TUBE_ONLY if f"{name}_K" in found.present), None)
        if anode is None and tube.anode is None:
            anode = found.search.scattering_anode()
        if anode is not None and tube.anode != anode:
            tube = replace(tube, anode=anode, anode_source="from its scattered lines")
            found = find(tube)
    if parts is None or not parts.any():
        return found
    # Parts may be of a sample of the spectra.
    local = found.of_parts(parts, scale=float(spectrum.sum() / parts.sum()))
    return replace(found, evidence=[local.get(one.line_group, one) for one in found.evidence])


def _photons(spectrum: Array, axis: Array) -> Array:
    """Counts that pile up: below them lies a noise peak."""
    return np.where(axis > SearchRule.least_photon, spectrum, 0.0)


def _find(
    spectrum: Array,
    energy: Array,
    tube: Tube,
    energy_range: tuple[float, float] | None,
    *,
    required: Sequence[str],
    detector: DetectorResponse | None,
    refined: bool,
) -> Elements:
    low, high = identified_range(energy, tube, energy_range)
    inside = (energy >= low) & (energy <= high)
    spectrum = np.maximum(np.asarray(spectrum, dtype=np.float64), 0.0)
    few = (
        inside.sum() < SearchRule.least_channels or spectrum[inside].sum() < SearchRule.least_counts
    )
    if few:
        return Elements([], tube, (low, high), energy)
    parameters = {name: row.start for name, row in PARAMETERS.items()}
    expected = detector or typical_detector()
    parameters |= {name: getattr(expected, name) for name in parameters if hasattr(expected, name)}
    if tube.inferred and tube.anode is None:
        # On the nominal axis: scattered lines are what a refined one rests on.
        first = _search(spectrum, energy, (low, high), tube, parameters, required, expected)
        first.clear(SearchRule.anchor)
        if anode := first.scattering_anode():
            tube = replace(tube, anode=anode, anode_source="from its scattered lines")
    if refined:
        parameters = _nearest_axis(spectrum, energy, (low, high), tube, parameters)

    def search_at(parameters: Mapping[str, float]) -> Identification:
        return _search(spectrum, energy, (low, high), tube, parameters, required, expected)

    def refined_with(groups: Sequence[str], rounds: int) -> dict[str, float]:
        groups = [*groups, *_scattered(tube)]
        return _refined(spectrum, energy, (low, high), tube, parameters, groups, rounds)

    search = search_at(parameters)
    if refined and (clear := search.clear(SearchRule.anchor)):
        search = search_at(refined_with(clear, 2))
    search.run()
    if refined and search.broad_share() > SearchRule.broad:
        again = search_at(refined_with(list(search.areas), 3))
        again.run()
        if again.misfit(again.final) < SearchRule.better * search.misfit(search.final):
            search = again
    return Elements(evidence_of(search), tube, (low, high), energy, search)


def _scattered(tube: Tube) -> list[str]:
    """Line group of the anode that is scattered, where the voltage excites it."""
    names = [] if tube.anode is None else [scattered_tube_group(tube.anode).name]
    return [name for name in names if _is_excited(name, tube)]


def _is_excited(name: str, tube: Tube) -> bool:
    try:
        line_group(name, tube_voltage=tube.voltage)
    except LineGroupError:
        return False
    return True


def _nearest_axis(
    spectrum: Array,
    energy: Array,
    energy_range: tuple[float, float],
    tube: Tube,
    parameters: Mapping[str, float],
) -> dict[str, float]:
    """Axis near the nominal one on which the lines lie best, and the width of the peaks."""
    low, high = max(energy_range[0], LOWEST), min(energy_range[1], HIGHEST)
    if np.count_nonzero((energy >= low) & (energy <= high)) < SearchRule.least_channels:
        return dict(parameters)
    binned = BinnedSpectrum.of(spectrum, energy, 0.06, (low, high))
    search = ShiftSearch(binned, 0.15)
    shifts = [
        (zero + 2 * gain, zero + 15 * gain)
        for zero, gain in itertools.product(SearchRule.zeros, SearchRule.gains)
    ]
    costs = {shift: search.fit(*shift)[0] for shift in shifts}
    best = min(costs, key=lambda shift: costs[shift])
    if costs[best] > SearchRule.better * costs[0.0, 0.0]:
        best = (0.0, 0.0)
    groups, _ = search.found(*best)
    own = [name for name in groups if name not in _scattered(tube) and _is_excited(name, tube)]
    start = {**parameters, "low": best[0], "high": best[1]}
    return _refined(spectrum, energy, energy_range, tube, start, [*own, *_scattered(tube)], 3)


def _refined(
    spectrum: Array,
    energy: Array,
    energy_range: tuple[float, float],
    tube: Tube,
    start: Mapping[str, float],
    groups: Sequence[str],
    rounds: int,
) -> dict[str, float]:
    """Axis and detector from the line groups that are clearly there."""
    binned = BinnedSpectrum.of(spectrum, energy, AXIS.bin_width, energy_range)
    model = SumSpectrumModel(binned, groups, tube.anode, AXIS, tube_voltage=tube.voltage)
    return refine(model, start, rounds=rounds).parameters


def _search(
    spectrum: Array,
    energy: Array,
    energy_range: tuple[float, float],
    tube: Tube,
    parameters: Mapping[str, float],
    required: Sequence[str],
    expected: DetectorResponse,
) -> Identification:
    binned = BinnedSpectrum.of(spectrum, energy, SearchRule.bin_width, energy_range)
    correction = SumSpectrumModel.correction(parameters)
    edges, axis = correction(binned.edges), correction(energy)
    names = known_line_groups(edges[0] + 0.05, edges[-1] - 0.15, tube_voltage=tube.voltage)
    # The scatter of the anode's lines cannot be told from lines of the object.
    names = [name for name in names if name not in _scattered(tube)]
    return Identification(
        binned.counts,
        edges,
        _photons(spectrum, axis),
        axis,
        DetectorResponse(
            noise=parameters["noise"],
            fano=parameters["fano"],
            tail_fraction=parameters["tail_fraction"],
            tail_slope=parameters["tail_slope"],
            natural_width=parameters["natural_width"],
            satellites=parameters["satellites"],
            thickness=expected.thickness,
        ),
        list(dict.fromkeys([*names, *required])),
        anode=tube.anode,
        voltage=tube.voltage,
        required=required,
    )
