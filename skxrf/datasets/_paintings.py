"""Small simulated paintings, for examples and experiments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import xarray as xr
from sklearn.utils import check_random_state

from skxrf.simulation import simulate_painting
from skxrf.simulation.paintings._scan import DEFAULT_LINE_GROUPS

from ._make_spectra import DEFAULT_CHANNELS, DEFAULT_ENERGY, on_axis

__all__ = ["make_painting"]

# The four paintings of the paper's experiment: a seed draws one of them.
_ICONS = ("icon_1", "icon_2", "icon_3", "icon_test")


def make_painting(
    shape: Sequence[int] = (60, 80),
    *,
    palette: str | None = None,
    elements: Sequence[str] = DEFAULT_LINE_GROUPS,
    mean_counts: float = 5000.0,
    n_channels: int = DEFAULT_CHANNELS,
    energy: tuple[float, float] = DEFAULT_ENERGY,
    pixel_size: float | None = None,
    n_jobs: int = 1,
    random_state: Any = None,
) -> tuple[xr.DataArray, xr.DataArray]:
    """Simulate the MA-XRF scan of a small painting, with its true net intensities.

    An icon with figures, haloes on gold leaf, robes, losses and cracks, as an M6 Jetstream sees
    it, on a coarse energy axis that keeps examples quick.

    Parameters
    ----------
    shape : pair of int
        Rows and columns.
    palette : str, optional
        Materials and composition; default one of the paper's four paintings, by the seed.
    elements : sequence of str
        Line groups of the maps.
    mean_counts : float
        Mean counts per pixel.
    n_channels : int
        Number of channels.
    energy : pair of float
        ``(offset, gain)`` of the channels [keV].
    pixel_size : float, optional
        Step of the scan [mm]; by default the painting's size over `shape`.
    n_jobs : int
        Threads.
    random_state : int, RandomState or None
        Seed; the same seed gives the same painting.

    Returns
    -------
    cube : DataArray of dims (y, x, energy), uint16
        Counts.
    maps : DataArray of dims (y, x, element), float32
        True net intensities [counts], before photon noise.

    Raises
    ------
    LineGroupError
        If nothing in the painting gives a line group.
    SkxrfError
        If the shape, the pixel size or `mean_counts` is not positive, or there is no such
        palette.
    EnergyAxisError
        If the axis is not usable.

    See Also
    --------
    skxrf.simulation.simulate_painting : Any instrument, palette and size.

    Examples
    --------
    >>> from skxrf.datasets import make_painting
    >>> cube, maps = make_painting((10, 12), random_state=0)
    >>> cube.dims, cube.shape, maps.shape
    (('y', 'x', 'energy'), (10, 12, 1024), (10, 12, 11))
    """
    rng = check_random_state(random_state)
    drawn = str(_ICONS[int(rng.randint(len(_ICONS)))])
    return simulate_painting(
        palette or drawn,
        shape=shape,
        pixel_size=pixel_size,
        elements=elements,
        instrument=on_axis(energy, n_channels),
        mean_counts=mean_counts,
        n_jobs=n_jobs,
        random_state=rng,
    )
