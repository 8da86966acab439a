"""Sum spectra with a known true axis: random palettes, scanners, axes, doses and errors."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from skxrf.simulation import ForwardModel, Instrument, palettes, random_stacks
from skxrf.simulation._forward import AxisError
from skxrf.simulation._rendering import Renderer

Array = NDArray[np.float64]

_AXES = (0.005, 0.010, 0.020, 0.029)  # keV per channel
_N_STACKS = 24


@dataclass(frozen=True)
class Problem:
    """The sum spectrum of a painting, the axis that it claims and the one that it has."""

    settings: dict[str, object]
    counts: Array = field(repr=False)
    nominal: Array = field(repr=False)
    true: Array = field(repr=False)
    fwhm: float


def draw_problem(seed: int) -> Problem:
    """One random painting in one random scanner.

    Pixels are stacks in random proportions; the scanner counts on its true axis, and the axis
    that it claims is another: gain wrong by up to 3 %, zero by up to 150 eV.
    """
    rng = np.random.default_rng(seed)
    names = sorted(p if isinstance(p, str) else p.name for p in palettes())
    chosen = str(rng.choice(names))
    scanner = (Instrument.m6_jetstream, Instrument.m4_tornado, Instrument.in_air_silver)[
        int(rng.integers(3))
    ]()
    if scanner.anode == "Rh" and rng.random() < 0.5:
        scanner = replace(scanner, anode=str(rng.choice(["Mo", "W", "Cu"])), voltage=40.0)
    gain = float(rng.choice(_AXES))
    offset = -0.9555 if rng.random() < 0.5 else float(rng.uniform(-0.1, 0.1))
    n_channels = 4096 if gain < 0.01 else round((41.0 - offset) / gain)
    far = rng.random() < 0.5
    gain_error = float(rng.uniform(-0.03, 0.03) if far else rng.normal(0, 0.005))
    zero_error = float(rng.uniform(-0.15, 0.15))
    # FWHM of 120 to 220 eV at Mn K-alpha.
    fwhm = float(rng.uniform(0.120, 0.220))
    scanner = replace(
        scanner, detector=scanner.detector.scaled(fwhm / float(scanner.detector.fwhm(5.895)))
    ).with_axis(offset, gain, n_channels)
    rate = float(rng.choice([0.0, 2e4, 1e5]))
    symbols, compositions, masses = random_stacks(
        _N_STACKS, int(rng.integers(2**31)), palette=chosen, foreign_share=0.1
    )
    renderer = Renderer(ForwardModel(symbols, scanner), ["Fe_K"], [AxisError()], count_rate=rate)
    spectra, _ = renderer.expected((compositions, masses), np.ones(_N_STACKS), per_spectrum=True)
    total = float(10 ** rng.uniform(np.log10(5e4), 9))
    expected = total * (rng.dirichlet(np.full(_N_STACKS, 0.5)) @ spectra.astype(np.float64))
    return Problem(
        settings={
            "palette": chosen,
            "instrument": scanner.name,
            "anode": scanner.anode,
            "ev_per_channel": 1000 * gain,
            "first_channel_kev": round(offset, 4),
            "gain_error_percent": round(100 * gain_error, 3),
            "zero_error_ev": round(1000 * zero_error, 1),
            "count_rate": rate,
            "total_counts": round(total),
        },
        counts=rng.poisson(expected).astype(np.float64),
        nominal=(scanner.energy - zero_error) / (1 + gain_error),
        true=scanner.energy,
        fwhm=float(scanner.detector.fwhm(5.895)),
    )
