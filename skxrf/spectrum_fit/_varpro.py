"""Variable projection: search axis and detector of a sum spectrum, amplitudes solved for each."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from skxrf.physics import DetectorResponse

from ._axis import ANCHORS
from ._model import Solution, SumSpectrumModel
from ._priors import PARAMETERS

__all__ = ["Refined", "calibrated", "refine"]

Array = NDArray[np.float64]

_NAMES = tuple(PARAMETERS)
# Errors of zero [keV] and gain that are tried: a wrong axis by more than half a peak's width has other
# minima nearby.
_ZEROS, _GAINS = (-0.08, -0.04, 0.0, 0.04, 0.08), (-0.01, 0.0, 0.01)
# Rounds of weights, priors and search; after three, areas change by less than their errors' tenth.
_ROUNDS = 3
# Step of numerical derivatives, in the steps of the parameters.
_DERIVATIVE_STEP = 1e-2


@dataclass(frozen=True)
class Refined:
    """Axis and detector at the minimum.

    Parameters
    ----------
    parameters : dict of str to float
        Values by name, see `PARAMETERS`.
    covariance : ndarray of shape (n_parameters, n_parameters)
        Their covariance, for residuals of unit variance.
    """

    parameters: dict[str, float]
    covariance: Array = field(repr=False)


class _Search:
    """Residuals and Jacobian about an origin, in steps of the parameters."""

    def __init__(
        self, model: SumSpectrumModel, origin: Mapping[str, float], centers: Mapping[str, float]
    ) -> None:
        rows = [PARAMETERS[name] for name in _NAMES]
        self.model = model
        self.steps = np.array([row.step for row in rows])
        self.spread = np.array([row.spread for row in rows])
        self.centers = np.array([centers[name] for name in _NAMES])
        low, high = np.array([row.low for row in rows]), np.array([row.high for row in rows])
        self.origin = np.clip([origin[name] for name in _NAMES], low + 1e-6, high - 1e-6)
        self.bounds = (low - self.origin) / self.steps, (high - self.origin) / self.steps
        self.argument = np.full(len(rows), np.nan)
        self.solution = Solution(np.empty(0), np.empty(0), np.empty(0))

    def values(self, z: Array) -> Array:
        return np.asarray(self.origin + z * self.steps)

    def parameters(self, z: Array) -> dict[str, float]:
        return dict(zip(_NAMES, self.values(z).tolist(), strict=True))

    def solved(self, z: Array) -> Solution:
        # Residuals and Jacobian ask for the same one after the other.
        if not np.array_equal(z, self.argument):
            self.solution = self.model.solve(self.parameters(z))
            self.argument = z.copy()
        return self.solution

    def residuals(self, z: Array) -> Array:
        prior = (self.values(z) - self.centers) / self.spread
        return np.concatenate([self.solved(z).residuals, prior])

    def jacobian(self, z: Array) -> Array:
        """Derivative at fixed amplitudes, less what the amplitudes take up.

        Kaufman 1975, BIT 15, 49.
        """
        amplitudes, design, _ = self.solved(z)
        moved = np.zeros((len(design), z.size))
        for k, step in enumerate(_DERIVATIVE_STEP * np.eye(z.size)):
            above, below = (np.clip(z + sign * step, *self.bounds) for sign in (1, -1))
            change = self._lines(above, amplitudes) - self._lines(below, amplitudes)
            moved[: change.size, k] = change * self.model.weights / (above[k] - below[k])
        basis, _ = np.linalg.qr(design[:, (amplitudes > 0) & design.any(axis=0)])
        moved -= basis @ (basis.T @ moved)
        return np.vstack([moved, np.diag(self.steps / self.spread)])

    def _lines(self, z: Array, amplitudes: Array) -> Array:
        model = self.model
        return model.lines(self.parameters(z), model.binned.edges, amplitudes[: model.n_lines])


def refine(
    model: SumSpectrumModel,
    start: Mapping[str, float],
    *,
    centers: Mapping[str, float] | None = None,
    rounds: int = 2,
) -> Refined:
    """Search axis and detector from a start.

    Parameters
    ----------
    model : SumSpectrumModel
        Model; its weights and priors are learnt anew before each round.
    start : mapping of str to float
        Values of all `PARAMETERS`.
    centers : mapping of str to float, optional
        Expected values; default those of `PARAMETERS`.
    rounds : int
        Number of searches: priors need areas, and areas need an axis.

    Returns
    -------
    Refined
    """
    expected = {name: row.start for name, row in PARAMETERS.items()} | dict(centers or {})
    current = dict(start)
    for _ in range(rounds):
        model.reweigh(current, model.solve(current))
        search = _Search(model, current, expected)
        found = least_squares(
            search.residuals,
            np.zeros(len(_NAMES)),
            jac=search.jacobian,
            bounds=search.bounds,
            ftol=1e-4,
            xtol=1e-4,
            max_nfev=25,
        )
        current = search.parameters(found.x)
    jacobian = found.jac / search.steps
    return Refined(current, np.linalg.pinv(jacobian.T @ jacobian, hermitian=True))


def calibrated(
    model: SumSpectrumModel, detector: DetectorResponse | None, *, refined: bool
) -> dict[str, float]:
    """Axis and detector of a spectrum whose nominal axis is nearly right.

    Parameters
    ----------
    model : SumSpectrumModel
        Model of the spectrum.
    detector : DetectorResponse, optional
        Expected detector; default a typical one.
    refined : bool
        Whether to search them; otherwise the nominal axis and `detector` hold.

    Returns
    -------
    dict of str to float
        Values of all `PARAMETERS`.
    """
    start = {name: row.start for name, row in PARAMETERS.items()}
    if detector is not None:
        start |= {name: getattr(detector, name) for name in start if hasattr(detector, name)}
    if not refined:
        return start
    first, second = ANCHORS
    trials = [
        {**start, "low": zero + gain * first, "high": zero + gain * second}
        for zero, gain in itertools.product(_ZEROS, _GAINS)
    ]
    best = min(trials, key=lambda x: float(np.sum(model.solve(x).residuals ** 2)))
    return refine(model, best, centers=start, rounds=_ROUNDS).parameters
