"""Drift of the energy axis over the rows of a scan, from the sum spectra of blocks of rows."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import minimize, minimize_scalar

from skxrf.physics import DetectorResponse
from skxrf.utils.typing import Array

from ._axis_search import HIGHEST, LOWEST
from ._model import BinnedSpectrum, SumSpectrumModel
from ._priors import ANCHORS, AXIS, PARAMETERS

_SHIFTS = ("low", "high")


@dataclass(frozen=True)
class DriftRule:
    """Numbers of the fit of a drift."""

    rounds: int = 3
    """Steps of the search for the shifts of a block; the first tells whether there are any."""
    most_step: float = 5.0  # longest step, in those of the parameters
    logarithms: tuple[float, float] = (-5.0, 4.0)
    """Logarithms of the least and greatest scatter of blocks, and step between them [eV]."""
    significance: float = 8.0
    """Gain in log-likelihood that a drift must bring over an axis at rest: simulated scans at rest
    gain less than 1, those with a drift of 0.1 % in gain and 1e6 counts more than 15."""
    least_range: float = 0.003
    """Range of the shifts at 2 or 15 keV [keV] below which a drift is left alone: a small part of
    a peak's width."""


@dataclass(frozen=True)
class LineAxis:
    """Energy axis of a painting, and the lines by which it is known."""

    energy: Array = field(repr=False)  # (n_channels,): true bin centers of the mean axis [keV]
    groups: list[str]  # line groups in the spectra
    detector: DetectorResponse  # width and tail of a peak
    anode: str | None = None  # anode of the tube, whose scattered lines are there

    def drift(self, sums: Array) -> Array | None:
        """Shifts of the axis of blocks of rows, smooth over the blocks.

        `sums` (n_blocks, n_channels): sum spectra of the blocks, in their order [counts]. Returns
        (n_blocks, 2): energies of a block less those of the mean axis, at 2 and 15 keV [keV]. None
        unless the drift is significant against the errors of the shifts, those included that vary
        from block to block with the paints.
        """
        inside = (self.energy >= LOWEST) & (self.energy <= HIGHEST)
        sums = np.maximum(sums, 0.0)
        if not sums[:, inside].any(axis=1).all():
            return None
        blocks = [_BlockShift(one, self) for one in sums]
        for rounds in (1, DriftRule.rounds - 1):
            for block in blocks:
                block.search(rounds)
            shifts = np.array([block.shifts for block in blocks])
            smooth = _smoothed(shifts, np.array([block.covariance for block in blocks]))
            if smooth is None or np.ptp(smooth, axis=0).max() < DriftRule.least_range:
                return None
        return smooth


class _BlockShift:
    """Shifts of the axis of one block at both anchors [keV], by Gauss-Newton steps."""

    def __init__(self, counts: Array, axis: LineAxis) -> None:
        binned = BinnedSpectrum.of(counts, axis.energy, AXIS.bin_width, (LOWEST, HIGHEST))
        self.model = SumSpectrumModel(binned, axis.groups, axis.anode, AXIS)
        x = {name: row.start for name, row in PARAMETERS.items()}
        self.x = x | {n: getattr(axis.detector, n) for n in x if hasattr(axis.detector, n)}
        self.model.reweigh(self.x, self.model.solve(self.x))

    @property
    def shifts(self) -> Array:
        return np.array([self.x[name] for name in _SHIFTS])

    def search(self, rounds: int) -> None:
        """Make some steps; leave the covariance of the shifts, amplitudes unknown."""
        model, n_bins = self.model, self.model.binned.counts.size
        for _ in range(rounds):
            amplitudes, design, residuals = model.solve(self.x)
            moved = np.zeros((len(design), len(_SHIFTS)))
            for k, name in enumerate(_SHIFTS):
                step = 0.1 * PARAMETERS[name].step
                above, below = (
                    model.lines(
                        self.x | {name: self.x[name] + sign * step},
                        model.binned.edges,
                        amplitudes[: model.n_lines],
                    )
                    for sign in (1, -1)
                )
                moved[:n_bins, k] = (above - below) / (2 * step) * model.weights
            basis, _ = np.linalg.qr(design[:, (amplitudes > 0) & design.any(axis=0)])
            moved -= basis @ (basis.T @ moved)
            covariance = np.linalg.pinv(moved.T @ moved, hermitian=True)
            for name, change in zip(_SHIFTS, covariance @ (moved.T @ residuals), strict=True):
                most = DriftRule.most_step * PARAMETERS[name].step
                self.x[name] -= float(np.clip(change, -most, most))
            misfit = float(np.mean(residuals[:n_bins] ** 2))
            self.covariance = covariance * max(misfit, 1.0)


def _smoothed(shifts: Array, covariances: Array) -> Array | None:
    """Smooth course of the shifts, of mean zero; None if an axis at rest explains them.

    Zero and gain are random walks over the blocks; their steps, and a scatter besides that blocks
    have of their own, are those of the largest likelihood with the mean unknown (Harville 1977,
    Journal of the American Statistical Association 72, 320).
    """
    course = _Course(shifts, covariances)
    rest = minimize_scalar(
        lambda z: -course.likelihood(z), bounds=DriftRule.logarithms, method="bounded"
    )
    start = np.array([rest.x, 0.0, 0.0])
    moving = minimize(
        lambda z: -course.likelihood(*z),
        start,
        method="Nelder-Mead",
        bounds=[DriftRule.logarithms] * 3,
        options={
            "initial_simplex": [start, *(start + 2 * np.eye(3))],
            "xatol": 0.1,
            "fatol": 0.1,
        },
    )
    return course.smooth(*moving.x) if rest.fun - moving.fun > DriftRule.significance else None


class _Course:
    """Shifts of blocks as random walks of zero and gain, and scatter besides."""

    def __init__(self, shifts: Array, covariances: Array) -> None:
        n = len(shifts)
        blocks = np.arange(n)
        # A walk, but for its mean, which is free.
        walk = 0.5 * (n - np.abs(blocks[:, None] - blocks))
        noise = np.zeros((n, 2, n, 2))
        noise[blocks, :, blocks, :] = covariances
        self.noise = noise.reshape(2 * n, 2 * n)
        self.mean = np.tile(np.eye(2), (n, 1))
        self.data = shifts.reshape(-1)
        ways = np.array([[1.0, 1.0], np.divide(ANCHORS, max(ANCHORS))])
        self.walks = [np.kron(walk, np.outer(one, one)) for one in ways]

    def drift(self, zero: float, gain: float) -> Array:
        """Covariance of the drift, from the logarithms of its steps [eV]."""
        steps = np.exp([zero, gain]) * 1e-3
        return np.asarray(steps[0] ** 2 * self.walks[0] + steps[1] ** 2 * self.walks[1])

    def weighed(self, scatter: float, drift: Array | float) -> tuple[Array, float]:
        """Departures from the mean times their inverse covariance, and the log-likelihood."""
        total = self.noise + (np.exp(scatter) * 1e-3) ** 2 * np.eye(self.data.size) + drift
        inverse = np.linalg.inv(total)
        weights = self.mean.T @ inverse
        information = weights @ self.mean
        off = self.data - self.mean @ np.linalg.solve(information, weights @ self.data)
        determinants = np.linalg.slogdet(total)[1] + np.linalg.slogdet(information)[1]
        return inverse @ off, float(-0.5 * (determinants + off @ inverse @ off))

    def likelihood(self, scatter: float, *steps: float) -> float:
        """Log-likelihood, from the logarithms of the scatter and the steps [eV]."""
        return self.weighed(scatter, self.drift(*steps) if steps else 0.0)[1]

    def smooth(self, scatter: float, *steps: float) -> Array:
        """Expected drift of each block [keV], (n_blocks, 2)."""
        drift = self.drift(*steps)
        smooth = (drift @ self.weighed(scatter, drift)[0]).reshape(-1, 2)
        return np.asarray(smooth - smooth.mean(axis=0))
