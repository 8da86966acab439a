"""Line groups that a few spectra of a painting hold, too few to show in its sum spectrum."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from skxrf.linear_model import TemplateFitRegressor
from skxrf.physics import LineGroup
from skxrf.physics._families import line_families
from skxrf.utils.energy import bin_edges

__all__ = ["ComponentLines", "local_line_groups"]

Array = NDArray[np.floating[Any]]

# So many spectra must stand out by so many standard errors: among 50,000 spectra and 50 line
# groups, chance alone makes one in 400 pass the second, and the first only if it hits thrice.
_LEAST_SPECTRA, _LEAST_ERRORS = 3, 6.0
# What hardly any painting holds has to be clearer: errors of tails and shapes look like it first.
_LEAST_UNUSUAL = 8.0
# With more counts in a spectrum its details show what the model gets wrong: beyond, they do not
# make it more certain.
_MOST_COUNTS = 50_000.0
# Candidates below so many are given up once another one is taken in.
_HOPEFUL_ERRORS = 4.0
# Relative spread, from spectrum to spectrum, of the share of a family of lines.
_FAMILY_SPREAD = {"K": 0.05, "L": 0.15, "M": 0.25}
# Share of a line group's counts, as a usual bright pixel holds them, that families deviate from.
_BRIGHT_SHARE = 0.1
# Spread of what nothing is assumed of, in counts of a spectrum: keeps the equations solvable.
_NO_PRIOR = 1e3
# By how much the shape of a component may be wrong: a share of its counts in the channel, since
# widths and places are; and of its largest within 1 keV, since tails and what scatters are.
_SHAPE_ERROR, _TAIL_ERROR, _TAIL_CHANNELS = 0.02, 0.004, 101
# Part of a line group's information that must be left once the others are known.
_LEAST_INFORMATION = 0.02
# A channel's expected counts are not taken below this share of the mean channel's.
_LEAST_CHANNEL = 0.02
# Line groups whose peaks lie outside the fitted range by more than this share are not tried.
_LEAST_INSIDE = 0.5
# Spectra that are worked on at a time: bounds the memory.
_BATCH = 4096


@dataclass(frozen=True)
class ComponentLines:
    """Line groups by name, and the spectra of one net count of each.

    Parameters
    ----------
    groups : sequence of LineGroup
        Energies and intensities of their lines.
    spectra : ndarray of shape (n_groups, n_channels)
        Counts in the channels that the fit is made on.
    """

    groups: Sequence[LineGroup]
    spectra: Array


def local_line_groups(
    X: NDArray[np.generic],
    rebinning: Array,
    lines: ComponentLines,
    others: Array,
    fit: TemplateFitRegressor,
    usual: Collection[str],
) -> list[str]:
    """Line groups that single spectra show and the sum spectrum does not.

    Each candidate is measured in each spectrum by the linear filter that is best for it beside
    all that the sum spectrum shows: their ratios of families are held as tightly as they vary
    in practice. The most significant candidate is taken in, and the others are judged again.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_measured)
        Spectra [counts].
    rebinning : ndarray of shape (n_measured, n_channels)
        How the counts of a measured channel are shared among those of the fit.
    lines : ComponentLines
        Candidates, and what the fit has found.
    others : ndarray of shape (n_others, n_channels)
        Spectra of one count of scattered lines and parts of the continuum.
    fit : TemplateFitRegressor
        Fit of the sum spectrum, on the channels of the components.
    usual : collection of str
        Names of what a painting may well hold.

    Returns
    -------
    list of str
        Names, the most significant first: three spectra show them by six standard errors of
        Poisson noise and of what the model gets wrong, by eight where they are not usual.
    """
    names = [group.name for group in lines.groups]
    known = [index for index, name in enumerate(names) if name in fit.fitted_groups_]
    families = [family for owner in known for family in _families(owner, lines.groups[owner], fit)]
    mean = np.maximum(X.sum(axis=0, dtype=np.float64) @ rebinning, 0) / max(len(X), 1)
    fitted = np.zeros(mean.size, bool)
    fitted[fit.fitted_channels_] = True
    fitted &= mean > 0
    if len(X) < _LEAST_SPECTRA or not fitted.any():
        return []
    least = _LEAST_CHANNEL * mean[fitted].mean()
    weights = np.where(fitted, 1 / np.maximum(mean, least), 0)
    inside = lines.spectra @ fitted > _LEAST_INSIDE * lines.spectra.sum(axis=1)
    found: list[str] = []
    tried = [i for i, there in enumerate(inside) if there and i not in known]
    while tried:
        filters = _filters(lines.spectra, others, families, known, tried, weights, mean.sum())
        standard = _third_largest(X, rebinning, filters)
        standard *= min(1.0, np.sqrt(_MOST_COUNTS / max(mean.sum(), 1.0)))
        standard /= [1.0 if names[i] in usual else _LEAST_UNUSUAL / _LEAST_ERRORS for i in tried]
        best = int(standard.argmax())
        if standard[best] < _LEAST_ERRORS:
            break
        known.append(tried[best])
        families += _families(tried[best], lines.groups[tried[best]], fit)
        found.append(names[tried[best]])
        # Beside more that is known, hardly any candidate becomes more significant.
        hopeful = standard > _HOPEFUL_ERRORS
        hopeful[best] = False
        tried = [i for i, there in zip(tried, hopeful, strict=True) if there]
    return found


@dataclass(frozen=True)
class _Family:
    """Lines of a group whose share varies: the group's place, the spread, spectrum of one count."""

    owner: int
    spread: float
    spectrum: Array


@dataclass(frozen=True)
class _Filters:
    """Linear measures of candidates, and what says how wrong they may be."""

    candidates: Array  # (n_tried, n_channels)
    amplitudes: Array  # (n_known, n_channels)
    known: Array  # spectra, (n_known, n_channels)
    family_leaks: Array  # (n_families, n_tried): of one count of the owner
    owners: NDArray[np.intp]
    usable: NDArray[np.bool_]


def _families(owner: int, group: LineGroup, fit: TemplateFitRegressor) -> Iterator[_Family]:
    found = fit.sum_spectrum_fit_
    edges = found.correction(bin_edges(fit.energy_))
    chosen = line_families(group)
    shares = group.intensities * found.detector.efficiency(group.energies)
    shares = shares / shares.sum()
    for mine in chosen.values() if len(chosen) > 1 else ():
        share = shares[mine].sum()
        spectrum = found.detector.peaks(group.energies[mine], shares[mine] / share, edges)
        yield _Family(owner, _FAMILY_SPREAD[group.shell] * share, spectrum)


def _filters(
    spectra: Array,
    others: Array,
    families: Sequence[_Family],
    known: list[int],
    tried: list[int],
    weights: Array,
    total: float,
) -> _Filters:
    """Weighted least squares of each candidate beside all that is known; see `linear_filter_fit`."""
    fixed = np.vstack([spectra[known], others])
    spreads = np.array([family.spread for family in families])
    # Of groups nothing is assumed; families stay near their shares of what a bright pixel holds.
    prior = np.concatenate([np.full(len(fixed), _NO_PRIOR), _BRIGHT_SHARE * spreads]) * total
    nuisances = np.vstack([fixed, *(family.spectrum[None] for family in families)])
    weighted = nuisances * weights
    information = weighted @ nuisances.T
    information[np.diag_indices_from(information)] += 1 / prior**2
    solution = np.linalg.solve(information, weighted)
    candidates = spectra[tried]
    left = (
        candidates - candidates @ weighted.T @ np.linalg.solve(information, nuisances)
    ) * weights
    free = np.einsum("ij,ij->i", candidates * weights, candidates)
    norm = np.einsum("ij,ij->i", left, candidates)
    filters = left / np.maximum(norm, 1e-30)[:, None]
    leaks = [family.spread * (filters @ family.spectrum) for family in families]
    return _Filters(
        filters,
        solution[: len(fixed)],
        fixed,
        np.array(leaks).reshape(len(families), len(tried)),
        np.array([known.index(family.owner) for family in families], dtype=np.intp),
        norm > _LEAST_INFORMATION * free,
    )


def _third_largest(X: NDArray[np.generic], rebinning: Array, filters: _Filters) -> Array:
    """What the third most significant spectrum shows of each candidate [standard errors]."""
    measure = (filters.candidates @ rebinning.T).T.astype(np.float32)
    amplitudes = (filters.amplitudes @ rebinning.T).T.astype(np.float32)
    around = maximum_filter1d(filters.known, _TAIL_CHANNELS, axis=1)
    shape_errors = np.maximum(_SHAPE_ERROR * filters.known, _TAIL_ERROR * around)
    shape_leaks = (np.abs(filters.candidates) @ shape_errors.T).T
    noise_of_known = filters.known @ np.square(filters.candidates).T
    largest = np.full((_LEAST_SPECTRA, measure.shape[1]), -np.inf)
    for start in range(0, len(X), _BATCH):
        counts = X[start : start + _BATCH].astype(np.float32)
        known = np.maximum(counts @ amplitudes, 0)
        # Few counts: what is expected says more about the noise than what was counted.
        variance = np.maximum(counts @ np.square(measure), known @ noise_of_known)
        variance += np.square(known[:, filters.owners]) @ np.square(filters.family_leaks)
        variance += np.square(known) @ np.square(shape_leaks)
        standard = (counts @ measure) / np.sqrt(np.maximum(variance, 1e-12))
        both = np.concatenate([largest, standard])
        largest = np.sort(both, axis=0)[-_LEAST_SPECTRA:]
    return np.where(filters.usable, largest[0], -np.inf)
