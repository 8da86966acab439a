"""Spectra of random layer stacks with their true net intensities: training sets of any size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from skxrf.exceptions import EnergyAxisError, SkxrfError
from skxrf.simulation import ForwardModel, Instrument, StackRanges, random_stacks
from skxrf.simulation._forward import AxisError
from skxrf.simulation._rendering import Renderer, simulate_batches
from skxrf.simulation.paintings._scan import DEFAULT_LINE_GROUPS

__all__ = ["DEFAULT_CHANNELS", "DEFAULT_ENERGY", "make_spectra", "on_axis"]

DEFAULT_ENERGY = (0.0, 0.025)
DEFAULT_CHANNELS = 1024


def make_spectra(
    n_samples: int,
    *,
    elements: Sequence[str] = DEFAULT_LINE_GROUPS,
    instrument: Instrument | None = None,
    palette: str | Sequence[str] | None = None,
    foreign_share: float = 0.0,
    ranges: StackRanges | None = None,
    mean_counts: float | tuple[float, float] = 5000.0,
    gain_error: float = 0.0,
    zero_error: float = 0.0,
    resolution_error: float = 0.0,
    n_channels: int = DEFAULT_CHANNELS,
    energy: tuple[float, float] = DEFAULT_ENERGY,
    batch_size: int = 128,
    n_jobs: int = 1,
    random_state: Any = None,
) -> tuple[NDArray[np.uint16], pd.DataFrame]:
    """Simulate spectra of random layer stacks, with their true net intensities.

    Each spectrum is that of another stack: support, ground, paint layers of the palette's
    pigments in binder, perhaps metal leaf, retouching and varnish, or chemistry that no palette
    has. The forward model is described in the user guide.

    Parameters
    ----------
    n_samples : int
        Number of spectra.
    elements : sequence of str
        Line groups whose true intensities are returned.
    instrument : Instrument, optional
        The scanner with its own energy axis; default the M6 Jetstream, on the axis below.
    palette : str or sequence of str, optional
        Names of palettes, of which each stack follows one; default all that are meant for
        training.
    foreign_share : float
        Share of the stacks with random chemistry outside the palettes.
    ranges : StackRanges, optional
        Chances and thicknesses of layers.
    mean_counts : float or pair of float
        Expected counts of each spectrum; of a pair, log-uniform between the two.
    gain_error : float
        Relative standard deviation of the gain of the axis; 0.01 is 1 %.
    zero_error : float
        Standard deviation of its zero [keV].
    resolution_error : float
        Relative standard deviation of the width of peaks.
    n_channels : int
        Number of channels, where no instrument is given.
    energy : pair of float
        ``(offset, gain)`` of the channels [keV], where no instrument is given.
    batch_size : int
        Spectra that are computed together.
    n_jobs : int
        Threads.
    random_state : int, RandomState or None
        Seed; the same seed gives the same spectra, whatever `n_jobs`.

    Returns
    -------
    X : ndarray of shape (n_samples, n_channels), uint16
        Poisson counts.
    Y : DataFrame of shape (n_samples, n_elements), float32
        True net intensities [counts]: expected counts in the full-energy peaks.

    Raises
    ------
    LineGroupError
        If nothing in the palettes gives a line group, the tube does not excite it, or the axis
        does not contain it.
    SkxrfError
        If a number is out of its range, or there is no such palette.
    EnergyAxisError
        If the axis is not usable.

    Examples
    --------
    >>> from skxrf.datasets import make_spectra
    >>> X, Y = make_spectra(100, random_state=0)
    >>> X.shape, X.dtype.name, Y.shape
    ((100, 1024), 'uint16', (100, 11))
    """
    _check(n_samples, mean_counts, gain_error, zero_error, resolution_error, batch_size)
    scanner = instrument if instrument is not None else on_axis(energy, n_channels)
    seed = np.random.SeedSequence(int(check_random_state(random_state).randint(2**31 - 1)))
    of_axes, of_batches = seed.spawn(2)
    errors = _axis_errors(np.random.default_rng(of_axes), gain_error, zero_error, resolution_error)
    symbols, _, _ = random_stacks(1, 0, palette=palette, foreign_share=foreign_share, ranges=ranges)
    renderer = Renderer(ForwardModel(symbols, scanner), elements, errors)
    sizes = [min(batch_size, n_samples - start) for start in range(0, n_samples, batch_size)]

    def batch(size: int) -> Any:
        def draw(
            rng: np.random.Generator,
        ) -> tuple[tuple[NDArray[Any], NDArray[Any]], NDArray[np.float64]]:
            _, compositions, masses = random_stacks(
                size,
                rng,
                palette=palette,
                foreign_share=foreign_share,
                ranges=ranges,
                elements=symbols,
            )
            low, high = np.broadcast_to(np.asarray(mean_counts, dtype=float), 2)
            return (compositions, masses), np.exp(rng.uniform(np.log(low), np.log(high), size))

        return draw

    X = np.empty((n_samples, scanner.n_channels), np.uint16)
    Y = np.empty((n_samples, len(elements)), np.float32)
    start = 0
    drawn = simulate_batches(
        renderer, [batch(size) for size in sizes], of_batches.spawn(len(sizes)), n_jobs=n_jobs
    )
    for counts, intensities in drawn:
        X[start : start + len(counts)] = counts
        Y[start : start + len(counts)] = intensities
        start += len(counts)
    return X, pd.DataFrame(Y, columns=pd.Index(list(elements)))


def on_axis(energy: tuple[float, float], n_channels: int) -> Instrument:
    """The M6 Jetstream on an axis of ``(offset, gain)`` keV and a number of channels."""
    if np.shape(energy) != (2,) or not float(energy[1]) > 0:
        raise EnergyAxisError(
            f"energy must be an (offset, gain) pair in keV with a positive gain, got {energy!r}; "
            f"{n_channels} channels of another spacing are not simulated."
        )
    offset, gain = (float(number) for number in energy)
    return Instrument.m6_jetstream().with_axis(offset, gain, n_channels)


def _axis_errors(
    rng: np.random.Generator, gain: float, zero: float, resolution: float
) -> list[AxisError]:
    if gain == zero == resolution == 0:
        return [AxisError()]
    # Different errors of the axis that the spectra of one call are drawn on.
    return [
        AxisError(
            offset=float(rng.normal(0, zero)),
            gain=float(1 + rng.normal(0, gain)),
            fwhm_factor=float(np.exp(rng.normal(0, resolution))),
        )
        for _ in range(16)
    ]


def _check(
    n_samples: int,
    mean_counts: float | tuple[float, float],
    gain_error: float,
    zero_error: float,
    resolution_error: float,
    batch_size: int,
) -> None:
    if n_samples < 1 or batch_size < 1:
        raise SkxrfError(
            f"n_samples and batch_size must be at least 1, got {n_samples} and {batch_size}."
        )
    counts = np.asarray(mean_counts, dtype=np.float64)
    positive = np.all((counts > 0) & (counts < np.inf))
    if counts.shape not in ((), (2,)) or not positive or np.any(np.diff(counts.ravel()) < 0):
        raise SkxrfError(
            f"mean_counts must be positive, or a least and a greatest count, got {mean_counts!r}."
        )
    for name, value in (
        ("gain_error", gain_error),
        ("zero_error", zero_error),
        ("resolution_error", resolution_error),
    ):
        if not 0 <= value < 0.3:
            raise SkxrfError(f"{name} must lie between 0 and 0.3, got {value!r}.")
