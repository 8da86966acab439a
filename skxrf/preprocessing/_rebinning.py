"""Move counts from one energy axis to another by spreading them over bins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import ArrayLike, NDArray

from skxrf.exceptions import EnergyAxisError
from skxrf.utils.energy import bin_edges, describe_axis, resolve_energy


def rebin_counts(
    counts: ArrayLike,
    from_energy: ArrayLike | Sequence[float],
    to_energy: ArrayLike | Sequence[float],
) -> NDArray[Any]:
    """Redistribute the counts of spectra over the bins of another energy axis.

    Counts are a content of bins, not heights of a curve. The counts of a bin are taken to be
    spread evenly between its edges, and each new bin receives the shares that lie within its
    own edges. Where both axes cover the same range the sum of a spectrum stays what it was.

    Parameters
    ----------
    counts : array-like of shape (..., n_channels)
        Spectra [counts].
    from_energy : array-like of shape (n_channels,)
        Bin centers [keV] of the spectra, or an ``(offset, gain)`` pair.
    to_energy : array-like of shape (n_new_channels,)
        Bin centers [keV] to bring them to.

    Returns
    -------
    ndarray of shape (..., n_new_channels)
        Spectra [counts] on the new axis: float64 for float64, else float32. Counts beyond the
        new axis are left out; new bins beyond the old axis hold 0.

    Raises
    ------
    EnergyAxisError
        If an axis does not fit the spectra or does not increase, or the two do not overlap.

    Notes
    -----
    Neighboring new bins share the counts of an old one, so their noise is correlated and no
    longer Poisson where bins are split.

    Examples
    --------
    >>> from skxrf.preprocessing import rebin_counts
    >>> rebin_counts([8, 4, 2, 6], from_energy=[1.0, 2.0, 3.0, 4.0], to_energy=[1.5, 3.5])
    array([12.,  8.], dtype=float32)
    """
    values = np.asarray(counts)
    if values.ndim == 0:
        raise EnergyAxisError(
            "rebin_counts takes spectra of shape (..., n_channels), got a number."
        )
    if values.dtype != np.float64:
        values = values.astype(np.float32, copy=False)
    n_channels = values.shape[-1]
    source = resolve_energy(from_energy, n_channels, source="from_energy")
    target = resolve_energy(to_energy, np.size(to_energy), source="to_energy")
    flat = BinShares(source, target).apply(values.reshape(-1, n_channels))
    return flat.reshape(*values.shape[:-1], target.size)


class BinShares:
    """Rebinning from one axis to another, for any number of spectra.

    `source`, `target` (n_channels,): bin centers [keV].
    """

    block = 32  # new bins of one dense block of the band
    batch = 256  # spectra that are worked on at a time, as many as stay in the cache

    def __init__(self, source: NDArray[np.float64], target: NDArray[np.float64]) -> None:
        shares = _shares(source, target)
        self.n_bins = target.size
        # A band: each run of new bins is fed by a run of old ones, as a small dense matrix.
        self._blocks: list[tuple[slice, slice, NDArray[np.float64]]] = []
        for start in range(0, target.size, self.block):
            columns = slice(start, min(start + self.block, target.size))
            part = shares[:, columns].tocoo()
            if part.nnz == 0:
                continue
            rows = slice(int(part.coords[0].min()), int(part.coords[0].max()) + 1)
            self._blocks.append((rows, columns, shares[rows, columns].toarray()))

    def apply(self, spectra: NDArray[Any]) -> NDArray[Any]:
        """Rebin spectra of shape (n_spectra, n_channels); float64 for float64, else float32."""
        out = np.zeros((len(spectra), self.n_bins), spectra.dtype)
        blocks = [(rows, columns, m.astype(out.dtype)) for rows, columns, m in self._blocks]
        for start in range(0, len(spectra), self.batch):
            batch = slice(start, start + self.batch)
            for rows, columns, matrix in blocks:
                np.matmul(spectra[batch, rows], matrix, out=out[batch, columns])
        return out


def _shares(source: NDArray[np.float64], target: NDArray[np.float64]) -> scipy.sparse.csr_array:
    """Share of each source bin (row) that lies in each target bin (column)."""
    old, new = bin_edges(source), bin_edges(target)
    low, high = max(old[0], new[0]), min(old[-1], new[-1])
    if low >= high:
        raise EnergyAxisError(
            f"the energy axes do not overlap: the spectra have {describe_axis(source)}, wanted "
            f"are {describe_axis(target)}. Check that both are in keV."
        )
    # Between two neighboring cuts lies a piece of exactly one source and one target bin.
    cuts = np.union1d(old, new)
    cuts = cuts[(cuts >= low) & (cuts <= high)]
    middle = (cuts[1:] + cuts[:-1]) / 2
    rows = np.clip(np.searchsorted(old, middle) - 1, 0, source.size - 1)
    columns = np.clip(np.searchsorted(new, middle) - 1, 0, target.size - 1)
    pieces = np.diff(cuts) / np.diff(old)[rows]
    return scipy.sparse.csr_array((pieces, (rows, columns)), shape=(source.size, target.size))
