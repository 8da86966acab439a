"""Search for line groups in a few spectra of a painting, too few to show in its sum spectrum."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from skxrf.linear_model import TemplateFitRegressor
from skxrf.physics import LineGroup
from skxrf.physics._lines import line_families
from skxrf.physics.constants import FAMILY_SPREAD
from skxrf.utils.energy import bin_edges
from skxrf.utils.typing import FloatArray

from ._axis import ENERGY


@dataclass(frozen=True)
class LocalRule:
    """Numbers of the search for line groups in single spectra."""

    # n_spectra, significance: at least so many spectra above so many standard errors. With 50,000
    # spectra and 50 line groups, chance gives one spectrum above 6 in 1 of 400 paintings.
    n_spectra: int = 3
    significance: float = 6.0
    uncommon_significance: float = 8.0
    """Threshold for line groups that paintings seldom contain: errors of tails and shapes look like
    them first."""
    hopeful: float = 4.0
    """Significance below which a candidate is given up once another one is accepted, and above which
    a spectrum is one of those that show it."""
    most_spectra: int = 50  # spectra that are taken for those that show a line group, at most
    most_counts: float = 50_000.0
    """Counts of a spectrum beyond which more of them do not make a candidate more certain: the
    errors of the model then decide."""
    family_factor: float = 1.0
    """Spread, from spectrum to spectrum, of the share of a family of lines, in units of its spread
    about theory."""
    bright_share: float = 0.1
    """Counts of a line group in a bright pixel, as a share of all; its families deviate by their
    spread of that."""
    free: float = 1e3
    """Prior width (share of counts) of components about which nothing is assumed; keeps the
    equations solvable."""
    # shape_error, tail_error: errors of a component's shape: share of its counts in the channel
    # (widths, positions), and of its largest count nearby (tails, scatter).
    shape_error: float = 0.02
    tail_error: float = 0.004
    tail_channels: int = 101  # channels of "nearby", 1 keV to both sides
    least_information: float = 0.02
    """Part of a line group's information that must be left beside the known ones."""
    least_channel: float = 0.02
    """Least expected counts of a channel, as a share of the mean channel's."""
    least_inside: float = 0.5  # share of a line group's counts that must lie in the fitted range
    batch: int = 4096  # spectra that are worked on at a time; bounds the memory


@dataclass(frozen=True)
class ComponentLines:
    """Line groups by name, and the spectra of one net count of each."""

    groups: Sequence[LineGroup]  # energies and intensities of their lines
    spectra: FloatArray  # (n_groups, n_channels): counts in the channels of the model's axis


def local_line_groups(
    X: NDArray[np.generic],
    rebinning: FloatArray,
    lines: ComponentLines,
    others: FloatArray,
    fit: TemplateFitRegressor,
    usual: Collection[str],
) -> dict[str, NDArray[np.intp]]:
    """Find line groups that single spectra show and the sum spectrum does not.

    Each candidate is measured in each spectrum by the best linear filter beside all that the sum
    spectrum shows, whose ratios of families are constrained as tightly as they vary in practice.
    The most significant candidate is accepted, and the others are measured again beside it.

    `X` (n_samples, n_measured): spectra [counts]. `rebinning` (n_measured, n_channels): how the
    counts of a measured channel are shared among those of the model's axis. `lines`: candidates,
    and the line groups of the fit. `others` (n_others, n_channels): spectra of one count of
    scattered lines and parts of the continuum. `fit`: fit of the sum spectrum. `usual`: line groups
    that are common in paintings. Returns names, the most significant first: three spectra show them
    by six standard errors of Poisson noise and of the model's errors, by eight where they are not
    usual; and the places of the spectra that show each most.
    """
    names = [group.name for group in lines.groups]
    known = [index for index, name in enumerate(names) if name in fit.fitted_groups_]
    families = [family for owner in known for family in _families(owner, lines.groups[owner], fit)]
    mean = np.maximum(X.sum(axis=0, dtype=np.float64) @ rebinning, 0) / max(len(X), 1)
    low, high = fit.energy_[fit.fitted_channels_][[0, -1]]
    inside = np.clip(ENERGY, low, high) == ENERGY
    fitted = inside & (mean > 0)
    if len(X) < LocalRule.n_spectra or not fitted.any():
        return {}
    least = LocalRule.least_channel * mean[fitted].mean()
    weights = np.where(fitted, 1 / np.maximum(mean, least), 0)
    inside = lines.spectra @ fitted > LocalRule.least_inside * lines.spectra.sum(axis=1)
    found: dict[str, NDArray[np.intp]] = {}
    tried = [i for i, there in enumerate(inside) if there and i not in known]
    while tried:
        filters = _filters(lines.spectra, others, families, known, tried, weights, mean.sum())
        standard = _third_largest(X, rebinning, filters)
        standard *= min(1.0, np.sqrt(LocalRule.most_counts / max(mean.sum(), 1.0)))
        standard /= [
            1.0 if names[i] in usual else LocalRule.uncommon_significance / LocalRule.significance
            for i in tried
        ]
        best = int(standard.argmax())
        if standard[best] < LocalRule.significance:
            break
        known.append(tried[best])
        families += _families(tried[best], lines.groups[tried[best]], fit)
        found[names[tried[best]]] = _showing(X, rebinning, filters.of(best))
        # Beside more that is known, hardly any candidate becomes more significant.
        hopeful = standard > LocalRule.hopeful
        hopeful[best] = False
        tried = [i for i, there in zip(tried, hopeful, strict=True) if there]
    return found


@dataclass(frozen=True)
class _Family:
    """Lines of a group whose share varies: the group's place, the spread, spectrum of one count."""

    owner: int
    spread: float
    spectrum: FloatArray


@dataclass(frozen=True)
class _Filters:
    """Linear filters of candidates, and the quantities that give their errors."""

    candidates: FloatArray  # (n_tried, n_channels)
    amplitudes: FloatArray  # (n_known, n_channels)
    known: FloatArray  # spectra, (n_known, n_channels)
    family_leaks: FloatArray  # (n_families, n_tried): of one count of the owner
    owners: NDArray[np.intp]
    usable: NDArray[np.bool_]

    def of(self, candidate: int) -> _Filters:
        """Filter of one candidate."""
        one = slice(candidate, candidate + 1)
        return replace(
            self,
            candidates=self.candidates[one],
            family_leaks=self.family_leaks[:, one],
            usable=self.usable[one],
        )


def _families(owner: int, group: LineGroup, fit: TemplateFitRegressor) -> Iterator[_Family]:
    found = fit.sum_spectrum_fit_
    edges = found.correction(bin_edges(ENERGY))
    chosen = line_families(group)
    shares = group.intensities * found.detector.efficiency(group.energies)
    shares = shares / shares.sum()
    for mine in chosen.values() if len(chosen) > 1 else ():
        share = shares[mine].sum()
        spectrum = found.detector.peaks(group.energies[mine], shares[mine] / share, edges)
        spread = LocalRule.family_factor * FAMILY_SPREAD[group.shell]
        yield _Family(owner, spread * share, spectrum)


def _filters(
    spectra: FloatArray,
    others: FloatArray,
    families: Sequence[_Family],
    known: list[int],
    tried: list[int],
    weights: FloatArray,
    total: float,
) -> _Filters:
    """Weighted least squares of each candidate beside all that is known; see `linear_filter_fit`."""
    fixed = np.vstack([spectra[known], others])
    spreads = np.array([family.spread for family in families])
    # Of groups nothing is assumed; families stay near their shares of what a bright pixel contains.
    prior = (
        np.concatenate([np.full(len(fixed), LocalRule.free), LocalRule.bright_share * spreads])
        * total
    )
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
        norm > LocalRule.least_information * free,
    )


def _third_largest(X: NDArray[np.generic], rebinning: FloatArray, filters: _Filters) -> FloatArray:
    """Third-largest significance of each candidate over all spectra [standard errors]."""
    largest = np.full((LocalRule.n_spectra, len(filters.candidates)), -np.inf)
    for standard in _significances(X, rebinning, filters):
        both = np.concatenate([largest, standard])
        largest = np.sort(both, axis=0)[-LocalRule.n_spectra :]
    return np.where(filters.usable, largest[0], -np.inf)


def _showing(X: NDArray[np.generic], rebinning: FloatArray, filters: _Filters) -> NDArray[np.intp]:
    """Places of the spectra that show a candidate most, the only one of `filters`."""
    standard = np.concatenate([*_significances(X, rebinning, filters)])[:, 0]
    most = np.argsort(standard)[-LocalRule.most_spectra :]
    least = min(LocalRule.hopeful, standard[most[-LocalRule.n_spectra]])
    return np.asarray(most[standard[most] >= least])


def _significances(
    X: NDArray[np.generic], rebinning: FloatArray, filters: _Filters
) -> Iterator[FloatArray]:
    """Intensities of the candidates over their errors, by batches of spectra."""
    measure = (filters.candidates @ rebinning.T).T.astype(np.float32)
    amplitudes = (filters.amplitudes @ rebinning.T).T.astype(np.float32)
    around = maximum_filter1d(filters.known, LocalRule.tail_channels, axis=1)
    shape_errors = np.maximum(LocalRule.shape_error * filters.known, LocalRule.tail_error * around)
    shape_leaks = (np.abs(filters.candidates) @ shape_errors.T).T
    noise_of_known = filters.known @ np.square(filters.candidates).T
    for start in range(0, len(X), LocalRule.batch):
        counts = X[start : start + LocalRule.batch].astype(np.float32)
        known = np.maximum(counts @ amplitudes, 0)
        # With few counts, the expected counts give the better variance.
        variance = np.maximum(counts @ np.square(measure), known @ noise_of_known)
        variance += np.square(known[:, filters.owners]) @ np.square(filters.family_leaks)
        variance += np.square(known) @ np.square(shape_leaks)
        yield (counts @ measure) / np.sqrt(np.maximum(variance, 1e-12))
