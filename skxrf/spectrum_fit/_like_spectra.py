"""Sums of like spectra: in them line groups stand out that the sum of all hides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skxrf.spectrum_fit._weight_classes import divided
from skxrf.utils.typing import Array


@dataclass(frozen=True)
class PartRule:
    """Numbers of the parts."""

    parts: int = 12  # parts into which spectra are divided
    bins: int = 128  # bins of about the same number of counts, into which channels are joined
    least_spectra: int = 20  # fewest spectra for each part, on average
    sample: int = 6000  # most spectra that are divided


def sums_of_like_spectra(spectra: NDArray[Any], weights: Array | None = None) -> Array | None:
    """Divide spectra into parts of like shapes, and sum each.

    `spectra` (n_spectra, n_channels): counts. `weights` (n_spectra,): number of spectra that each
    one stands for. Returns (n_parts, n_channels): None where there are too few spectra.
    """
    used = np.arange(len(spectra)) if weights is None else np.flatnonzero(weights > 0)
    used = used[:: max(1, -(-len(used) // PartRule.sample))]
    n_parts = min(PartRule.parts, len(used) // PartRule.least_spectra)
    some = np.maximum(spectra[used], 0)
    total = some.sum(axis=0, dtype=np.float64)
    if n_parts < 2 or not total.any():
        return None
    counts = joined(some, equal_count_bins(total, PartRule.bins))
    dose = np.maximum(counts.sum(axis=1), 1.0)
    standing = np.ones(len(used)) if weights is None else weights[used]
    members = divided(np.sqrt(counts / dose[:, None]), standing * dose, n_parts)
    belongs = (members == np.unique(members)[:, None]) * standing
    return np.asarray(belongs @ some, dtype=np.float64)


def equal_count_bins(total: Array, number: int) -> NDArray[np.intp]:
    """First channels of bins of about the same number of counts."""
    share = np.cumsum(total) / total.sum()
    starts = np.searchsorted(share, np.arange(1, number) / number) + 1
    return np.unique([0, *starts[starts < total.size]])


def joined(spectra: NDArray[Any], starts: NDArray[np.intp]) -> Array:
    """Counts in bins that begin at some channels."""
    return np.add.reduceat(spectra, starts, axis=1, dtype=np.float64)
