"""Thresholds of the identification: the rule that says which line groups are present."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["RULE", "IdentificationRule"]


@dataclass(frozen=True)
class IdentificationRule:
    """Thresholds of the identification."""

    significance: float = 5.0  # standard errors above which a line group is believed
    uncommon_significance: float = 12.0
    """The same for a line group of an element that is seldom there: errors of bright peaks, sum
    peaks and reflections look like one of them somewhere."""
    part_significance: float = 7.0
    """The same for a usual line group that only a part of the spectra shows; parts are
    several."""
    bright: float = 100.0
    """Standard errors above which a line group is accepted before it is judged."""
    share_of_best: float = 0.3
    """Share of the greatest significance above which line groups are accepted in one round:
    errors of a line that is not yet fitted look like others."""
    nearly_done: float = 10.0
    """Greatest significance left, in units of `significance`, below which residuals count as
    errors of the fit."""
    done: float = 3.0  # the same below which centroid and width are judged
    rival: float = 0.6
    """Share of a candidate's significance from which on an overlapping one is its rival."""
    overlap: float = 0.3  # cosine of the angle between two line groups above which they overlap
    alike: float = 0.5  # the same above which a faint one cannot be told from a bright one
    same: float = 0.9  # the same above which they are the same peak
    beside: float = 0.1  # the same below which both may be accepted in one round
    main_seen: float = 3.0  # standard errors above which the main line is seen
    partner_seen: float = 3.0  # standard errors above which its partner is seen
    partner: float = 4.0
    """Standard errors that a partner line must be expected to have for its absence to count;
    the same for harder lines of the same element."""
    least_visible: float = 0.1
    """Counts that it must be expected to have, as a share of those of other lines in its
    place."""
    least_partner: float = 0.5  # share of its expected counts that it must have
    partner_doubt: float = 2.0  # standard errors of it that are allowed for
    least_inside: float = 0.5
    """Share of a family's counts in the range, below which it is not judged."""
    off_center: float = 0.02
    """Distance of the measured centroid from the table that is no error of the axis [keV]."""
    axis_error: float = 0.001  # distance that is allowed besides, as a share of the energy
    widest: float = 1.4
    """Greatest width of a line, relative to the detector's; broader peaks are reflections."""
    humps: tuple[tuple[float, float], ...] = ((2.0, 9.0), (3.0, 0.0), (5.0, 0.0))
    """Widths of humps, relative to the detector's, and the chi-square by which each must explain more
    than a line does to be taken instead."""
    shape_sigmas: float = 3.0  # standard errors by which centroid and width must miss
    worst_condition: float = 1e14
    """Condition number above which centroid and width cannot be told from other lines."""
    undoubted: float = 0.05
    """Share of all counts above which a line group is not judged by its shape."""
    least_departure: float = 1e-3
    """Greatest departure of a sum peak, or of what comes with a line [standard errors of its counts],
    below which it is no part of the fit."""
    undecided: float = 2.0
    """Standard errors above which a line group that is not believed may be there, so that what
    it would take from the intensities of others matters."""
    overvoltage: float = 1.5
    """Ratio of voltage to edge above which the harder lines of an element must be there too."""
    near: float = 2.0
    """Distance of main lines, in widths of a peak, below which one broad peak may look like
    both."""
    most_near: int = 4
    """Most line groups within that distance that are tried in the place of a peak."""
    softer_share: float = 4.0
    """Counts of L lines per count of M lines of the same element from which on the M lines must
    be there: a tube of 50 kV makes 0.25 photons of Pb M per photon of Pb L if no photon below 8
    keV reaches the object, and air absorbs half of them."""
    line_error: float = 0.01  # share of the counts of lines by which the fit may be wrong in a bin
    continuum_error: float = 0.002  # the same of the continuum
    scatter_error: float = 0.03  # the same of scattered lines
    unknown_error: float = 0.1
    """Share of the counts of peaks of unknown origin that may be wrong: a reflection is as broad as the range of angles, and
    no Gaussian."""
    start_error: float = 0.03  # the same of all counts, in the first fit
    overlap_error: float = 0.01
    """Share of the counts of other lines in its place that a line group must exceed by its
    significance: errors of a shape are the same in all bins."""
    ratio_error: float = 0.2
    """Share of the counts of a brighter line that the other lines of its element do not tell: in its
    place the main line of another is no evidence."""
    foot_error: float = 0.1
    """Share of the tails, wings and radiative Auger transitions of other lines that may be wrong: their
    amplitudes are fitted, but their forms are approximations."""
    faint: float = 20.0
    """Counts of a line group up to which what comes with its lines cannot be seen."""
    still_there: float = 0.6
    """Share of `significance` below which an accepted line group is dropped."""
    doubtful: float = 0.9
    """The same when all are accepted: what was measured without it then differs by half an error."""
    least_scatter: float = 0.2
    """Share of a scattered peak in the range from which on it is part of the fit."""
    least_scattered: float = 1e-3
    """Share of all counts that scattered lines may have where none are seen yet."""
    scatter_spread: float = 0.3
    """Error of each scattered peak as a share of its counts in the last fit."""
    anode_gain: float = 100.0
    """Decrease of chi-square by scattered lines from which on they are believed."""
    anode_margin: float = 1.5  # ratio that it must have to that of the second-best anode
    own_lines: float = 0.8
    """Share of that decrease from which on the lines of an element, without Compton peaks,
    explain as much: they are no scattered ones."""
    instrument: float = 3e-4
    """Share of all counts below which a metal of instruments is taken for the instrument's
    own."""
    perhaps_instrument: float = 2e-3
    """Share below which a metal of instruments, or of steel, may be of the object or of the
    instrument: scans of measured instruments hold up to this share of nickel beside any
    object."""
    hidden: float = 10.0
    """Error of an absent line group, in units of the noise of all counts in its place, above
    which other lines hide it."""
    knots: float = 3.0  # spacing of the continuum's knots, in widths of a peak
    pile_up: float = 0.05  # greatest share of all counts that are sums of two photons
    sum_shifts: tuple[float, ...] = (-0.08, -0.06, -0.04, -0.02, 0.0, 0.02)
    """Distances of sum peaks from the sum of both energies that are tried [keV]."""
    local: float = 0.6  # width over which residuals are averaged [keV]
    tie: float = 9.0
    """Difference of squared significances below which two line groups explain a peak as
    well."""
    most_rounds: int = 60  # most rounds


RULE = IdentificationRule()
