"""Anode and voltage of the X-ray tube: stated, or inferred from a spectrum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skxrf.exceptions import Argument, SkxrfError
from skxrf.physics import line_group
from skxrf.spectrum_fit._axis_search import HIGHEST, LOWEST, ShiftSearch
from skxrf.spectrum_fit._model import BinnedSpectrum
from skxrf.utils.typing import Array


@dataclass(frozen=True)
class TubeRule:
    """Numbers of the inference of a tube."""

    window: float = 1.0  # width over which counts are added up [keV]
    least: float = 20.0  # counts in a window above which the spectrum goes on
    clear: float = 200.0
    """Counts in the two last windows above which their end is the end of the continuum."""
    beyond: float = 1.08  # voltage per keV of the end: the continuum comes down to zero before
    free: float = 2.0  # part of the axis that must be empty beyond the end [keV]
    voltage: float = 50.0  # voltage of most instruments [kV], where nothing is known
    peak_width: float = 0.15  # usual full width at half maximum at 5.9 keV [keV]
    least_counts: float = 1000.0  # fewer counts show no scattered lines


@dataclass(frozen=True)
class Tube:
    """Tube of a measurement, and how it is known."""

    anode: str | None  # element of the anode
    voltage: float  # voltage [kV]
    # anode_source, voltage_source: sources, in words
    anode_source: str
    voltage_source: str
    end: float  # energy [keV] above which there are no counts
    doubt: str = ""
    """Contradiction between the statement and the spectrum; empty where there is none."""
    inferred: bool = True  # whether the anode may be inferred: it is not stated

    @classmethod
    def stated(cls, anode: str | None, voltage: float, end: float) -> Tube:
        """Tube that is known, of a spectrum that ends at an energy [keV]."""
        words = "as stated" if anode else "no tube lines, as stated"
        return cls(anode, voltage, words, "as stated", end, "", False)

    def __str__(self) -> str:
        anode = f"{self.anode}, {self.anode_source}" if self.anode else self.anode_source
        return f"{anode}; {self.voltage:.0f} kV, {self.voltage_source}"


def end_of_continuum(spectrum: Array, energy: Array) -> tuple[float, bool]:
    """Energy above which a spectrum is empty.

    `spectrum`, `energy` (n_channels,): counts and bin centers [keV]. Returns `end`: energy [keV],
    at most the last of the axis; `clear`: whether the continuum ends there, rather than the axis or
    the counts.
    """
    step = float(np.median(np.diff(energy)))
    n_window = min(max(1, round(TubeRule.window / step)), len(spectrum))
    sums = np.convolve(spectrum, np.ones(n_window), mode="same")
    filled = np.flatnonzero(sums > TubeRule.least)
    if filled.size == 0:
        return float(energy[-1]), False
    end = float(energy[filled[-1]])
    below = float(spectrum[(energy > end - 2 * TubeRule.window) & (energy <= end)].sum())
    return end, below > TubeRule.clear and end < float(energy[-1]) - TubeRule.free


def infer_tube(
    spectrum: Array, energy: Array, anode: str | None = None, voltage: float | None = None
) -> Tube:
    """Find anode and voltage where they are not stated.

    `spectrum`, `energy` (n_channels,): counts, summed over many pixels, and bin centers [keV].
    `anode`: statement: the symbol, or ``"none"`` for a source without scattered lines. `voltage`:
    statement [kV].
    """
    stated = _stated(anode)
    end, clear = end_of_continuum(spectrum, energy)
    if voltage is not None:
        if not 1 < voltage < 1000:
            raise SkxrfError(
                Argument("voltage", voltage), ": expected the voltage of a tube in kV, such as 50."
            )
        kilovolts, source = float(voltage), "as stated"
    elif clear:
        kilovolts, source = TubeRule.beyond * end, f"the continuum ends at {end:.1f} keV"
    else:
        kilovolts, source = TubeRule.voltage, "assumed: the continuum's end is not seen"
    found = None if anode is not None and stated is None else _scattering_anode(spectrum, energy)
    if stated is not None:
        doubt = ""
        if found is not None and found != stated:
            doubt = (
                f"the scattered lines are those of {found}, not of the stated anode {stated}: "
                "check the anode"
            )
        return Tube(stated, kilovolts, "as stated", source, end, doubt, False)
    if anode is not None:
        return Tube(None, kilovolts, "no tube lines, as stated", source, end, "", False)
    words = "from its scattered lines"
    if found is None:
        words = (
            "unfamiliar beam, no scattered lines of a tube (a synchrotron, electrons, or few counts): "
            "fitted without"
        )
    return Tube(found, kilovolts, words, source, end)


def _stated(anode: str | None) -> str | None:
    if anode is None or anode.lower() == "none":
        return None
    try:
        return line_group(f"{anode}_L").element
    except SkxrfError:
        raise SkxrfError(
            Argument("anode", anode), ": expected the symbol of one element, such as Rh, or none."
        ) from None


def _scattering_anode(spectrum: Array, energy: Array) -> str | None:
    inside = (energy >= LOWEST) & (energy <= HIGHEST)
    if inside.sum() < 100 or spectrum[inside].sum() < TubeRule.least_counts:
        return None
    binned = BinnedSpectrum.of(spectrum, energy, 0.06, (LOWEST, HIGHEST))
    search = ShiftSearch(binned, TubeRule.peak_width)
    return search.found(0.0, 0.0)[1] if search.templates.anodes else None
