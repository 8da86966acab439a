"""Signals that look like a line group: sum peaks, escape peaks, tails, satellites, edges."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr

from skxrf.physics import DetectorResponse, line_group
from skxrf.physics._detector import shelf_cumulative
from skxrf.physics._line_table import beta_satellites
from skxrf.physics._lines import line_families
from skxrf.physics._peaks import render_peaks
from skxrf.physics._silicon import absorbed_share, escape_fraction
from skxrf.physics._xraylib import edge_energy, fluorescence_yield
from skxrf.physics.constants import FAMILY_SPREAD, FWHM_OF_SIGMA, SILICON
from skxrf.spectrum_fit._priors import RatioSpread
from skxrf.utils.typing import Array

__all__ = [
    "ALL_ESCAPES",
    "FOOT",
    "BrightLine",
    "Competitor",
    "bright_lines",
    "common_escape",
    "companions",
    "ratio_error",
    "steps",
    "sum_peaks",
]


@dataclass(frozen=True)
class CompetitorRule:
    """Sizes that competitors are expected to have, as shares of the counts of their bright line.

    Parameters
    ----------
    ratios : dict of str to RatioSpread
        Spread of the ratios of lines of a shell about theory: absorption; of the L1 sub-shell besides,
        fluorescence yield and Coster-Kronig rates (Campbell 2003, At. Data Nucl. Data Tables 85, 291:
        20 to 35 %).
    family_factor : float
        Error of the counts of a line group that its ratios leave, in units of `FAMILY_SPREAD`.
    least_ratio : float
        Share of the largest variance below which a direction of the ratios is none.
    tube_spread : float
        Spread of a sub-shell of the anode's own lines, as a share of it: electrons make other shares of
        vacancies in the sub-shells than photons.
    weak_family, weak_spread : float
        Share below which a family's radiative rates are known worse, and its spread as a share.
    wings : float
        Counts beyond a peak on both sides: the natural width of its lines.
    shift, main_shift, width : float
        Error of the positions of all lines together and of their escape peak, and of the strongest lines
        beside the others [keV]; of their width as a share.
    tail, tail_slopes : float, tuple of float
        Counts in an exponential tail, and its decay lengths [keV].
    dead_layer : float
        Depth of silicon [cm] that collects charge incompletely: what it absorbs may lie in the tail
        too (Scholze & Procop 2009, X-Ray Spectrom. 38, 312: some 100 nm).
    shelf : float
        Counts in a shelf from zero energy to the line.
    satellite : float
        Counts of radiative Auger transitions, below K-alpha by the energy of an L electron or more
        (Campbell et al. 1986, Phys. Rev. A 33, 2410: up to about a per cent).
    reach : float
        Length of the ramp in which they end, as a share of the energy of K-alpha.
    beta_satellites : float
        Those of each peak of the band below K-beta, in units of their expected counts.
    escape, all_escapes : float
        Error of an escape peak, as a share of its expected size; error of all of them together:
        programs of instruments subtract them.
    silicon : float
        Spread of the detector's own Si K, in units of what its insensitive layer `dead_layer` sends to
        the sensitive silicon: half of the fluorescence.
    sum_peak, soft_sum_peak, soft : float
        Error of a sum peak, as a share of its expected size; the same where one of both photons is
        softer than `soft` [keV], below the threshold of the fast channel that rejects pile-up.
    sum_shift : float
        Error of the position of a sum peak [keV]: pulses that do not quite coincide.
    sum_step : float
        Half the step of the derivative by that position [keV].
    bright, n_bright : float, int
        Share of all counts above which a family of lines has sum peaks, and the most of those.
    """

    ratios: Mapping[str, RatioSpread] = field(
        default_factory=lambda: {
            "K": RatioSpread(0.5, 0.0, 0.0, 0.07),
            "L": RatioSpread(0.5, 0.3, 0.1, 0.14, first_subshell=0.35),
            "M": RatioSpread(0.5, 0.0, 0.0, 0.35),
        }
    )
    family_factor: float = 2.0
    least_ratio: float = 1e-9
    tube_spread: float = 0.5
    weak_family: float = 0.05
    weak_spread: float = 0.5
    wings: float = 0.01
    shift: float = 0.008
    main_shift: float = 0.002
    width: float = 0.1
    tail: float = 0.01
    tail_slopes: tuple[float, ...] = (0.15, 0.5, 1.5)
    dead_layer: float = 1e-5
    shelf: float = 0.01
    satellite: float = 0.01
    reach: float = 0.1
    beta_satellites: float = 1.0
    escape: float = 0.3
    all_escapes: float = 1.0
    silicon: float = 2.0
    sum_peak: float = 0.5
    soft_sum_peak: float = 5.0
    soft: float = 2.2
    sum_shift: float = 0.02
    sum_step: float = 0.01
    bright: float = 0.003
    n_bright: int = 12


_RULE = CompetitorRule()
ALL_ESCAPES = "factor of escape peaks"
FOOT = ("tail", "radiative Auger", "wings")
"""Endings of the names of components that reach far from a bright line."""


class Competitor(NamedTuple):
    """Component that is no line group of the object.

    Attributes
    ----------
    name : str
        Words for a reader, such as ``Fe + Fe``.
    spectrum : ndarray of shape (n_bins,)
        Counts per bin.
    size : float
        Spread of its amplitude about zero; infinite where nothing is known.
    expected : float
        Counts that are part of another component already.
    """

    name: str
    spectrum: Array
    size: float
    expected: float = 0.0


@dataclass(frozen=True)
class BrightLine:
    """Family of lines of a line group, taken as one line.

    Parameters
    ----------
    group : str
        Line group.
    energy : float
        Mean energy [keV].
    counts : float
        Net counts.
    """

    group: str
    energy: float
    counts: float


def companions(
    name: str, edges: Array, detector: DetectorResponse, voltage: float, *, of_tube: bool = False
) -> Iterator[Competitor]:
    """Errors of ratios, places and shapes of a line group, and what comes with its lines.

    Parameters
    ----------
    name : str
        Line group.
    edges : ndarray of shape (n_bins + 1,)
        True bin edges [keV].
    detector : DetectorResponse
        Width of a peak.
    voltage : float
        Of the tube [kV].
    of_tube : bool
        Whether they are lines of the tube's anode, that the object scatters.

    Yields
    ------
    Competitor
        For one count of the line group.
    """
    group = line_group(name, tube_voltage=voltage)
    element = group.element
    shares = group.intensities * absorbed_share(group.energies, detector.thickness / 10)
    shares = shares / shares.sum()
    sigmas = detector.fwhm(group.energies) / FWHM_OF_SIGMA

    def peaks(lines: Array, counts: Array, widths: Array) -> Array:
        return np.asarray(render_peaks(edges, lines, counts, widths)[0])

    families = line_families(group, fine=True)
    main = max(families, key=lambda family: shares[families[family]].sum())
    of_family = np.array([shares[mine].sum() for mine in families.values()])
    energies = (
        np.array([shares[mine] @ group.energies[mine] for mine in families.values()]) / of_family
    )
    spread = _RULE.ratios[group.shell]
    if of_tube:
        spread = replace(spread, subshell=_RULE.tube_spread)
    covariance = spread.covariance(name, list(families), energies)
    weak = (of_family < _RULE.weak_family) & (of_family < of_family.max())
    covariance[weak, weak] += _RULE.weak_spread**2
    # Shares of families, not their sum: that is the line group itself.
    departing = np.eye(of_family.size) - of_family
    values, vectors = np.linalg.eigh(departing @ covariance @ departing.T)
    of_line = np.zeros((shares.size, of_family.size))
    for i, mine in enumerate(families.values()):
        of_line[mine, i] = shares[mine]
    for value, vector in zip(values, vectors.T, strict=True):
        if value > _RULE.least_ratio * values.max():
            spectrum = peaks(group.energies, of_line @ vector, sigmas)
            yield Competitor(f"{element} ratios", spectrum, float(np.sqrt(value)))
    step = 0.002
    moved = peaks(group.energies + step, shares, sigmas) - peaks(
        group.energies - step, shares, sigmas
    )
    yield Competitor(f"{element} position", moved / (2 * step), _RULE.shift)
    mine = families[main]
    lines, counts = group.energies[mine], shares[mine]
    moved = peaks(lines + step, counts, sigmas[mine]) - peaks(lines - step, counts, sigmas[mine])
    yield Competitor(f"{element} main position", moved / (2 * step), _RULE.main_shift)
    wider = peaks(group.energies, shares, 1.02 * sigmas) - peaks(
        group.energies, shares, 0.98 * sigmas
    )
    yield Competitor(f"{element} width", wider / 0.04, _RULE.width)
    strong = shares > 0.02
    whole = float(group.energies[strong] @ shares[strong] / shares[strong].sum())
    tail = float(np.hypot(_RULE.tail, absorbed_share(np.array([whole]), _RULE.dead_layer)[0]))
    lines, counts = group.energies[strong], shares[strong]
    alone = peaks(lines, counts, sigmas[strong])
    for slope in _RULE.tail_slopes:
        with_tail = render_peaks(
            edges, lines, counts, sigmas[strong], tails=np.ones(lines.size), tail_slope=slope
        )[0]
        yield Competitor(f"{element} tail", with_tail - alone, tail)
    at = np.array([whole])
    shelf = np.diff(shelf_cumulative(edges, at, detector.fwhm(at) / FWHM_OF_SIGMA)[0])
    yield Competitor(f"{element} shelf", np.maximum(shelf, 0.0), _RULE.shelf)
    escaping = counts * escape_fraction(lines)
    if escaping.sum() > 0:
        below = lines - SILICON.k_alpha
        spectrum = peaks(below, escaping / escaping.sum(), detector.fwhm(below) / FWHM_OF_SIGMA)
        share = float(escaping.sum())
        yield Competitor(f"{element} escape", spectrum, _RULE.escape * share, share)
        high, low = (
            peaks(below + away, escaping, detector.fwhm(below) / FWHM_OF_SIGMA)
            for away in (step, -step)
        )
        yield Competitor(f"{element} escape position", (high - low) / (2 * step), _RULE.shift)
    if group.shell == "K":
        # The photon lacks at least the energy of another electron; the ramp ends lower.
        alpha, bound = families["alpha"], edge_energy(group.atomic_number, "L3")
        line = float(group.energies[alpha] @ shares[alpha] / shares[alpha].sum())
        depths = bound + np.linspace(0.0, _RULE.reach, 40) * line
        ramp = np.linspace(1.0, 0.0, 40)
        spectrum = _spread(edges, detector, np.array([line]), np.ones(1), depths, ramp)
        yield Competitor(f"{element} radiative Auger", spectrum, _RULE.satellite)
        if "beta" in families:
            share = float(shares[families["beta"]].sum())
            mean = float(group.energies[families["beta"]] @ shares[families["beta"]]) / share
            band = beta_satellites(group, mean)
            widths = np.hypot(detector.fwhm(band.energies), band.broadening) / FWHM_OF_SIGMA
            for one in zip(band.energies, share * band.intensities, widths, strict=True):
                spectrum = peaks(*(np.array([number]) for number in one))
                yield Competitor(f"{element} radiative Auger", spectrum, _RULE.beta_satellites)
    distances = np.geomspace(0.05, 2.0, 60)
    depths = np.concatenate([-distances, distances])
    weights = np.tile(1 / distances, 2)  # 1 / d**2 on logarithmic steps
    wings = _spread(edges, detector, lines, counts, depths, weights)
    yield Competitor(f"{element} wings", wings, _RULE.wings)


def common_escape(parts: Iterable[Competitor]) -> Iterator[Competitor]:
    """Departure of all escape peaks together from their expected sizes."""
    escapes = [part.expected * part.spectrum for part in parts if part.name.endswith("escape")]
    if escapes:
        yield Competitor(ALL_ESCAPES, np.sum(escapes, axis=0), _RULE.all_escapes)


def _spread(
    edges: Array,
    detector: DetectorResponse,
    lines: Array,
    counts: Array,
    depths: Array,
    weights: Array,
) -> Array:
    """Counts per bin of lines whose energy is spread downwards over depths, of unit area."""
    energies = (lines[:, None] - depths).ravel()
    parts = (counts[:, None] * weights).ravel()
    kept = energies > 0.1
    energies, parts = energies[kept], parts[kept]
    widths = detector.fwhm(energies) / FWHM_OF_SIGMA
    return np.asarray(render_peaks(edges, energies, parts / parts.sum(), widths)[0])


def ratio_error(name: str, area: float) -> float:
    """Counts by which a line group may seem brighter where shares of its families are off."""
    return _RULE.family_factor * FAMILY_SPREAD[name[-1]] * area


def bright_lines(areas: Mapping[str, float], total: float, voltage: float) -> list[BrightLine]:
    """Families of lines whose sums can be seen, the brightest first.

    Parameters
    ----------
    areas : mapping of str to float
        Net counts of line groups.
    total : float
        All counts.
    voltage : float
        Of the tube [kV].
    """
    found = []
    for name, area in areas.items():
        group = line_group(name, tube_voltage=voltage)
        for mine in line_families(group).values():
            share = float(group.intensities[mine].sum())
            if share * area > _RULE.bright * total:
                energy = float(group.energies[mine] @ group.intensities[mine]) / share
                found.append(BrightLine(name, energy, share * area))
    return sorted(found, key=lambda line: -line.counts)[: _RULE.n_bright]


def sum_peaks(
    lines: list[BrightLine],
    rate: float,
    shift: float,
    edges: Array,
    detector: DetectorResponse,
    known: dict[float, tuple[Array, Array]],
) -> Iterator[Competitor]:
    """Departures of the sum peaks of all pairs of bright lines from the spectrum of pile-up.

    Parameters
    ----------
    lines : list of BrightLine
        Bright lines.
    rate : float
        Coincidences per pair of counts.
    shift : float
        Distance of sum peaks from the sum of both energies [keV].
    edges : ndarray of shape (n_bins + 1,)
        True bin edges [keV].
    detector : DetectorResponse
        Width of a peak.
    known : dict of float to pair of ndarray
        Spectra by energy [keV], for the same bins and detector; what is missing is added.

    Yields
    ------
    Competitor
        Of unit area, and its derivative by the energy.
    """
    for first, second in itertools.combinations_with_replacement(lines, 2):
        energy = first.energy + second.energy + shift
        if not edges[0] < energy < edges[-1]:
            continue
        if energy not in known:
            at = energy + _RULE.sum_step * np.array([-1.0, 0.0, 1.0])
            widths = detector.fwhm(at) / FWHM_OF_SIGMA
            low, here, high = render_peaks(
                edges, at, np.ones(3), widths, columns=np.arange(3), n_columns=3
            )
            known[energy] = here, (high - low) / (2 * _RULE.sum_step)
        here, moved = known[energy]
        expected = rate * first.counts * second.counts * (1 if first is second else 2)
        soft = min(first.energy, second.energy) < _RULE.soft
        relative = _RULE.soft_sum_peak if soft else _RULE.sum_peak
        name = f"{first.group[:-2]} + {second.group[:-2]}"
        yield Competitor(name, here, relative * expected, expected)
        yield Competitor(f"{name} position", moved, _RULE.sum_shift * expected)


def steps(
    anode_number: int, edges: Array, detector: DetectorResponse, counts: Array
) -> Iterator[Competitor]:
    """Edge of a filter of the anode's own element, and the silicon of the detector.

    Parameters
    ----------
    anode_number : int
        Atomic number of the anode; 0 where unknown.
    edges : ndarray of shape (n_bins + 1,)
        True bin edges [keV].
    detector : DetectorResponse
        Width of a peak.
    counts : ndarray of shape (n_bins,)
        Counts.

    Yields
    ------
    Competitor
    """
    centers = (edges[1:] + edges[:-1]) / 2
    widths = np.diff(edges)
    edge = edge_energy(anode_number, "K") if anode_number else 0.0
    if edges[0] < edge < edges[-1]:
        sigma = float(detector.fwhm(edge)) / FWHM_OF_SIGMA
        above = ndtr((centers - edge) / sigma)
        for power in (0, 1):
            shape = above * ((centers - edge) ** power) * widths
            yield Competitor("edge of the tube's filter", shape, np.inf)
    if edges[0] < SILICON.k_alpha:
        line = np.array([SILICON.k_alpha])
        own = render_peaks(edges, line, np.ones(1), detector.fwhm(line) / FWHM_OF_SIGMA)[0]
        hard = centers > SILICON.k_edge
        absorbed = float(counts[hard] @ absorbed_share(centers[hard], _RULE.dead_layer))
        emitted = fluorescence_yield(SILICON.atomic_number, "K") / 2 * absorbed
        yield Competitor("the detector's silicon", own, _RULE.silicon * emitted)
