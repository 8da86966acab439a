"""Straighten spectra of a scan during which the energy axis drifted."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skxrf.exceptions import EnergyAxisError
from skxrf.preprocessing._rebinning import BinShares
from skxrf.spectrum_fit._priors import ANCHORS, AxisCorrection
from skxrf.utils.typing import Array


class AxisDrift:
    """Energy axis of each block of rows of a scan.

    `first_rows` (n_blocks,), int: first row of each block, from 0 up. `shifts` (n_blocks, 2):
    energies of a block less those of the scan's mean axis, at 2 and 15 keV [keV]. `energy`
    (n_channels,): bin centers that the scan states for all rows [keV]. `target` (n_bins,): bin
    centers of straightened spectra [keV]; default `energy`.
    """

    def __init__(
        self,
        first_rows: NDArray[np.intp],
        shifts: Array,
        energy: Array,
        target: Array | None = None,
    ) -> None:
        self.first_rows, self.shifts = first_rows, shifts
        self.energy, self.target = energy, energy if target is None else target
        self._shares: dict[int, BinShares] = {}

    @classmethod
    def stated(cls, text: str, energy: Array) -> AxisDrift | None:
        """Read the text of ``describe``; ``none`` stands for an axis at rest."""
        if text == "none":
            return None
        try:
            found = json.loads(text)
            rows = np.array(found["first_rows"])
            shifts = np.array([found[name] for name in _NAMES], dtype=np.float64).T / 1000
        except (ValueError, TypeError, KeyError):
            rows, shifts = np.zeros(0), np.zeros(0)
        from_zero = rows.dtype.kind == "i" and rows.ndim == 1 and rows[0] == 0
        increases = from_zero and bool(np.all(np.diff(rows) > 0))
        if not increases or shifts.shape != (rows.size, 2) or not np.isfinite(shifts).all():
            raise EnergyAxisError(
                f"the attribute axis_drift of the cube is {text!r}: expected 'none', or JSON with "
                f"first_rows (from 0 up) and shifts of as many blocks, {' and '.join(_NAMES)}. "
                "Without the attribute the drift is looked for."
            )
        return cls(rows, shifts, energy)

    def describe(self) -> str:
        """JSON text: first rows of the blocks, and their shifts [eV]."""
        shifts = dict(zip(_NAMES, (1000 * self.shifts.T).round(3).tolist(), strict=True))
        return json.dumps({"first_rows": self.first_rows.tolist(), **shifts})

    def __str__(self) -> str:
        """Ranges of the shifts, in words."""
        ranges = 1000 * np.ptp(self.shifts, axis=0)
        words = " and ".join(
            f"{a:.1f} eV at {b:g} keV" for a, b in zip(ranges, ANCHORS, strict=True)
        )
        return f"{words} over {len(self.shifts)} blocks of rows"

    def onto(self, target: Array) -> AxisDrift:
        """Return the same drift, corrected onto another axis."""
        return AxisDrift(self.first_rows, self.shifts, self.energy, target)

    def straighten(self, spectra: NDArray[Any], rows: NDArray[np.intp]) -> NDArray[Any]:
        """Move the counts of spectra to the bins of the target, each by its row's axis.

        `spectra` (n_spectra, n_channels): spectra [counts]. `rows` (n_spectra,), int: their rows in
        the scan. Returns (n_spectra, n_bins): spectra [counts]: float64 for float64, else float32.
        """
        dtype = np.float64 if spectra.dtype == np.float64 else np.float32
        out = np.empty((len(spectra), self.target.size), dtype)
        blocks = np.searchsorted(self.first_rows, rows, side="right") - 1
        for block in np.unique(blocks):
            mine = blocks == block
            out[mine] = self._rebinning(int(block)).apply(spectra[mine].astype(dtype, copy=False))
        return out

    def _rebinning(self, block: int) -> BinShares:
        if block not in self._shares:
            low, high = self.shifts[block]
            axis = AxisCorrection.at_anchors(low, high)(self.energy)
            self._shares[block] = BinShares(axis, self.target)
        return self._shares[block]

    def __getstate__(self) -> dict[str, Any]:
        """State without what follows from it."""
        return vars(self) | {"_shares": {}}


_NAMES = tuple(f"shift_at_{energy:g}_keV_in_eV" for energy in ANCHORS)
