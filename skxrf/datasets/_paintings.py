"""Small simulated paintings: figures with haloes on gold, robes, landscape, cracks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter
from sklearn.utils import check_random_state

from skxrf.exceptions import SkxrfError
from skxrf.utils.energy import resolve_energy

from ._make_spectra import DEFAULT_CHANNELS, DEFAULT_ENERGY, DEFAULT_LINE_GROUPS
from ._palette import PAINTS
from ._spectra import simulate_counts

__all__ = ["make_painting"]

# What each area may be painted with; a painting draws one of each.
_CHOICES = {
    "sky": ("azurite", "malachite", "zinc white"),
    "robe": ("vermilion", "azurite", "red ochre", "viridian"),
    "cloak": ("red ochre", "umber", "malachite", "chrome yellow"),
    "ground": ("green earth", "umber", "orpiment", "bone black"),
    "halo": ("gold leaf", "shell gold"),
}


def make_painting(
    shape: Sequence[int] = (60, 80),
    *,
    elements: Sequence[str] = DEFAULT_LINE_GROUPS,
    mean_counts: float = 5000.0,
    n_channels: int = DEFAULT_CHANNELS,
    energy: ArrayLike = DEFAULT_ENERGY,
    pixel_size: float = 1.0,
    random_state: Any = None,
) -> tuple[xr.DataArray, xr.DataArray]:
    """Simulate the MA-XRF scan of a small painting, with its true net intensities.

    A figure with a halo before sky and ground, in paints drawn at random, over gypsum, with
    brush strokes, shading, losses and cracks. A simple generator from line shapes.

    Parameters
    ----------
    shape : pair of int
        Rows and columns.
    elements : sequence of str
        The element maps; all of them must occur in the paints.
    mean_counts : float
        Mean counts per pixel.
    n_channels : int
        Number of channels.
    energy : array-like of shape (n_channels,) or pair of float
        Bin centres [keV] or ``(offset, gain)``.
    pixel_size : float
        Step of the scan [mm].
    random_state : int, RandomState or None
        Seed; the same seed gives the same painting, another seed another palette.

    Returns
    -------
    cube : DataArray of dims (y, x, energy), uint16
        Counts.
    maps : DataArray of dims (y, x, element), float32
        True net intensities [counts], before Poisson noise.

    Raises
    ------
    LineGroupError
        If no paint holds a line group.
    SkxrfError
        If the shape, the pixel size or `mean_counts` is not positive.

    Examples
    --------
    >>> from skxrf.datasets import make_painting
    >>> cube, maps = make_painting((10, 12), random_state=0)
    >>> cube.dims, cube.shape, maps.shape
    (('y', 'x', 'energy'), (10, 12, 1024), (10, 12, 11))
    """
    if len(tuple(shape)) != 2 or min(shape) < 1:
        raise SkxrfError(f"shape must be a number of rows and of columns, got {shape!r}.")
    if not pixel_size > 0:
        raise SkxrfError(f"pixel_size must be positive [mm], got {pixel_size!r}.")
    rng = check_random_state(random_state)
    shape = (int(shape[0]), int(shape[1]))
    palette = {area: str(rng.choice(paints)) for area, paints in _CHOICES.items()}
    coverages = _coverages(shape, palette, rng)
    # The ground was spread by hand, thicker here and thinner there.
    ground = np.clip(1 + 0.4 * _texture(shape, rng, (0.08 * shape[0], 0.08 * shape[1])), 0.1, None)
    axis = resolve_energy(energy, n_channels)
    counts, truth = simulate_counts(
        coverages.reshape(-1, coverages.shape[-1]),
        ground.ravel(),
        list(PAINTS.values()),
        axis,
        elements,
        mean_counts,
        rng,
    )
    coords = {"y": pixel_size * np.arange(shape[0]), "x": pixel_size * np.arange(shape[1])}
    attrs = {
        "units": "counts",
        "source": "simulated by skxrf.datasets.make_painting",
        "palette": ", ".join(f"{area}: {paint}" for area, paint in palette.items()),
    }
    cube = xr.DataArray(
        counts.reshape(*shape, -1),
        dims=("y", "x", "energy"),
        coords={**coords, "energy": axis},
        name="counts",
        attrs=attrs,
    )
    maps = xr.DataArray(
        truth.reshape(*shape, -1),
        dims=("y", "x", "element"),
        coords={**coords, "element": list(elements)},
        name="intensity",
        attrs=attrs,
    )
    for array in (cube, maps):
        for dim in ("y", "x"):
            array[dim].attrs["units"] = "mm"
    cube["energy"].attrs["units"] = "keV"
    return cube, maps


def _coverages(
    shape: tuple[int, int], palette: dict[str, str], rng: np.random.RandomState
) -> NDArray[np.float64]:
    """Coverage of each paint, (n_y, n_x, n_paints)."""
    height, width = shape
    y, x = np.mgrid[0:height, 0:width]
    v, u = (y + 0.5) / height, (x + 0.5) / width * width / height
    centre = 0.5 * width / height + rng.uniform(-0.1, 0.1)
    coverages = np.zeros((*shape, len(PAINTS)))
    names = list(PAINTS)

    def paint(name: str, area: NDArray[np.float64], thickness: float) -> None:
        strokes = 1 + 0.35 * _texture(shape, rng, (0.6, 2.5))
        coverages[..., names.index(name)] += area * thickness * np.clip(strokes, 0.2, None)

    def disc(cv: float, cu: float, radius: float, stretch: float = 1.0) -> NDArray[np.float64]:
        distance = np.hypot((v - cv) / stretch, u - cu) / radius
        return np.asarray(1 / (1 + np.exp((distance - 1) * 12)))

    halo, head = disc(0.3, centre, 0.24), disc(0.31, centre, 0.13, 1.25)
    body = disc(0.95, centre, 0.34, 1.3) * (v > 0.42)
    cloak = body * (u > centre + 0.04 * np.sin(9 * v))
    land = 1 / (1 + np.exp((0.75 + 0.05 * np.sin(7 * u) - v) * 30))
    behind = (1 - np.maximum(np.maximum(halo, head), body)).clip(0)
    paint(palette["sky"], behind * (1 - land) * (1.2 - 0.7 * v), 0.8)
    paint("lead white", behind * (1 - land) * v, 0.5)
    paint(palette["ground"], behind * land, 0.9)
    paint("bole", halo * (1 - head), 0.5)
    paint(palette["halo"], halo * (1 - head), 1.0)
    paint("lead white", head, 0.8)
    paint("vermilion", head * disc(0.36, centre, 0.1), 0.25)
    paint("umber", head * disc(0.24, centre, 0.1) + 0.3 * head, 0.4)
    paint(palette["robe"], body * (1 - cloak), 0.9)
    paint(palette["cloak"], cloak, 0.9)
    folds = np.clip(np.sin(20 * (u - centre) + 3 * v), 0, 1) ** 3
    paint("lead white", body * folds, 0.4)
    paint("bone black", body * np.roll(folds, max(width // 25, 1), axis=1), 0.35)
    cracks = np.abs(_texture(shape, rng, (1.5, 1.5))) < 0.03
    losses = _texture(shape, rng, (2.5, 2.5)) > 2.3
    coverages *= np.where(cracks, 0.5, 1.0)[..., None]
    coverages[losses] = 0.0
    # Retouching, as old restorers did it, in another material.
    coverages[losses, names.index("zinc white")] = 0.6
    return coverages


def _texture(
    shape: tuple[int, int], rng: np.random.RandomState, width: tuple[float, float]
) -> NDArray[np.float64]:
    """Smooth random field of unit spread."""
    field = gaussian_filter(rng.standard_normal(shape), width, mode="reflect")
    return np.asarray(field / max(float(field.std()), 1e-9))
