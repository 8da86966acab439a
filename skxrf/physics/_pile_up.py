"""Pile-up: photons that arrive too close together count as one of their summed energy."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.fft import irfft, next_fast_len, rfft
from scipy.signal import fftconvolve

from skxrf.exceptions import SkxrfError
from skxrf.utils.typing import Array


def pile_up(
    spectra: ArrayLike,
    count_rate: ArrayLike,
    *,
    resolution_us: float,
    energy_offset: float,
    energy_gain: float,
) -> Array:
    """Spectra as they are recorded at a count rate.

    `spectra` (n_spectra, n_channels): expected counts of photons, were each recorded alone.
    `count_rate` (n_spectra,): photons per second of live time. `resolution_us`: pulse-pair
    resolution [us]: a photon within this time of the one before adds to it. `energy_offset`,
    `energy_gain`: energy [keV] of channel 0 and keV per channel; energies add, not channels.
    Returns expected recorded counts: fewer, and of the same total energy but for sums beyond the
    last channel, which are lost.

    Notes
    -----
    Arrivals are a Poisson process, so a photon joins the pulse before with probability
    ``p = 1 - exp(-rate * resolution)`` and pulses of ``k`` photons have a share of
    ``(1 - p) p**(k-1)``. With the spectrum ``f`` of single photons, recorded are
    ``(1 - p) sum_k p**(k-1) f^k`` in powers of convolution, a geometric series of Fourier
    transforms: all orders at once.
    """
    counts = np.asarray(spectra, dtype=np.float64)
    table = np.atleast_2d(counts)
    rates = np.broadcast_to(np.asarray(count_rate, dtype=np.float64), (len(table),))
    if resolution_us < 0 or np.any(rates < 0) or energy_gain <= 0:
        raise SkxrfError(
            f"resolution_us={resolution_us:g}, count rates down to {rates.min():g}, "
            f"energy_gain={energy_gain:g}: expected 0 or more, and a gain above 0."
        )
    n_channels = table.shape[1]
    length = next_fast_len(2 * n_channels, real=True)
    share = -np.expm1(-rates * resolution_us * 1e-6)[:, None]
    total = table.sum(axis=1, keepdims=True)
    single = rfft(table / np.maximum(total, 1e-300), length)
    # Channel i + channel j holds the energy of channel i + j - zero: shift each further photon
    # by the channel of zero energy, split between its two neighbors.
    zero = -energy_offset / energy_gain
    whole = np.floor(zero)
    phase = 2j * np.pi * np.arange(single.shape[1]) / length
    shift = np.exp(phase * whole) * ((1 - zero + whole) + (zero - whole) * np.exp(phase))
    recorded = (1 - share) * single / (1 - share * single * shift)
    spectrum = total * (1 - share) * irfft(recorded, length)[:, :n_channels]
    return np.asarray(np.maximum(spectrum, 0.0).reshape(counts.shape))


def coincidences(spectrum: Array, energy: Array, edges: Array) -> Array:
    """Sums of all pairs of counts: the spectrum convolved with itself.

    Bins of equal width are assumed, as every multichannel analyzer makes them.

    `spectrum` (n_channels,): counts. `energy` (n_channels,): bin centers [keV]. `edges`
    (n_bins + 1,): edges [keV] of the bins wanted. Returns (n_bins,): ordered pairs of counts whose
    energies add up to one in the bin.
    """
    sums = fftconvolve(spectrum, spectrum)
    # Channels i and j give the energy 2 E_0 + (i + j) dE.
    width = (energy[-1] - energy[0]) / (energy.size - 1)
    positions = 2 * energy[0] + width * np.arange(sums.size)
    cumulative = np.concatenate([[0.0], np.cumsum(np.maximum(sums, 0))])
    inside = np.interp(
        edges, np.append(positions - width / 2, positions[-1] + width / 2), cumulative
    )
    return np.asarray(np.diff(inside))


def pile_up_shape(spectrum: Array, energy: Array, edges: Array) -> Array:
    """Spectrum of two photons counted as one, see :func:`coincidences`.

    `spectrum` (n_channels,): counts. `energy` (n_channels,): bin centers [keV]. `edges`
    (n_bins + 1,): edges [keV] of the bins wanted. Returns (n_bins,): shares of one count.
    """
    pairs = coincidences(spectrum, energy, edges)
    return np.asarray(pairs / max(float(pairs.sum()), 1.0))
