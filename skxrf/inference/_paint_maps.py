"""Paints of the pixels of a cube, as maps."""

from __future__ import annotations

import numpy as np
import xarray as xr
from sklearn.base import clone

from skxrf.cluster import PoissonMixture
from skxrf.inference._binding import sample_spectra
from skxrf.inference._predict_maps import checked_cube
from skxrf.utils.validation import name_of, require_counts


def paint_maps(cube: xr.DataArray, clusterer: PoissonMixture | None = None) -> xr.Dataset:
    """Cluster the pixels of a cube by their spectra.

    The clusters are learned from about 50,000 spectra that are spread evenly over the cube. All are
    then assigned block by block, so that a cube may be larger than memory.

    Parameters
    ----------
    cube : DataArray of dims (y, x, energy)
        Counts >= 0.
    clusterer : PoissonMixture, optional
        Parameters of the clustering; it is not changed. One that is fitted is fitted anew.

    Returns
    -------
    Dataset
        ``paint`` of dims (y, x), int16: the paint of each pixel, those of most pixels first; -1 for
        pixels that are like no paint or contain no counts. ``paint_spectrum`` of dims
        (paint_number, energy), float32: the mean spectrum of the pixels of each paint [counts].

    Raises
    ------
    CountsError
        If the cube contains no counts, or counts that are negative, NaN or infinite.
    SkxrfError
        If the cube has other dims.

    Examples
    --------
    >>> from skxrf.datasets import make_painting
    >>> from skxrf.inference import paint_maps
    >>> cube, _ = make_painting((12, 10), random_state=0)
    >>> paints = paint_maps(cube)
    >>> paints["paint"].dims, paints["paint_spectrum"].dims
    (('y', 'x'), ('paint_number', 'energy'))
    """
    cube = checked_cube(cube)
    found = clone(PoissonMixture(random_state=0) if clusterer is None else clusterer)
    found.fit(sample_spectra(cube))
    n_y, n_x, n_channels = cube.shape
    labels = np.empty((n_y, n_x), np.int16)
    sums = np.zeros((found.n_clusters_, n_channels))
    numbers = np.arange(found.n_clusters_)[:, None]
    for start, height in _blocks_of_rows(cube):
        block = cube[start : start + height].to_numpy()
        places = [range(start, start + height), range(n_x), range(n_channels)]
        require_counts(block, name_of(cube), places)
        spectra = block.reshape(-1, n_channels)
        part = found.predict(spectra)
        labels[start : start + height] = part.reshape(-1, n_x)
        sums += (part == numbers).astype(np.float64) @ spectra
    sizes = np.bincount(labels[labels >= 0], minlength=len(sums))
    # Paints of no pixel at all, and the order of their numbers of pixels.
    order = np.argsort(-sizes, kind="stable")[: np.count_nonzero(sizes)]
    ranks = np.full(len(sizes) + 1, -1, np.int16)
    ranks[order] = np.arange(order.size)
    spectra = (sums[order] / sizes[order, None]).astype(np.float32)
    return _dataset(cube, ranks[labels], spectra)


def _blocks_of_rows(cube: xr.DataArray) -> list[tuple[int, int]]:
    """First row and height of blocks: the chunks of a lazy cube, or some thousand spectra."""
    if cube.chunks is not None:
        heights = cube.chunks[0]
    else:
        n_y, n_x, n_channels = cube.shape
        height = max(1, 32 * 2**20 // (4 * n_channels * n_x))
        heights = tuple(min(height, n_y - y) for y in range(0, n_y, height))
    starts = np.concatenate([[0], np.cumsum(heights)[:-1]])
    return [(int(y), int(height)) for y, height in zip(starts, heights, strict=True)]


def _dataset(cube: xr.DataArray, labels: np.ndarray, spectra: np.ndarray) -> xr.Dataset:
    dropped = [name for name, one in cube.coords.items() if "energy" in one.dims]
    coords = cube.drop_vars(dropped).isel(energy=0).coords
    paint = xr.DataArray(
        labels,
        dims=("y", "x"),
        coords=coords,
        attrs={"description": "paint of each pixel, -1 where it is like none"},
    )
    mean = xr.DataArray(
        spectra,
        dims=("paint_number", "energy"),
        coords={name: cube[name] for name in dropped if name == "energy"},
        attrs={"units": "counts", "description": "mean spectrum of the pixels of each paint"},
    )
    return xr.Dataset({"paint": paint, "paint_spectrum": mean})
