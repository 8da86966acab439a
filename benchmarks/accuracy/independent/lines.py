"""Another line database: fisx's ratios within each L and M group, natural widths, K-beta at will.

    python -m benchmarks.accuracy.independent.lines

prints how much of each line group fisx has, and by how much its lines differ from xraylib's.
"""

from __future__ import annotations

import functools
import re
from typing import Any

import numpy as np
import xraylib
from numpy.typing import NDArray
from scipy.special import voigt_profile

from skxrf.exceptions import LineGroupError
from skxrf.physics import DetectorResponse, LineGroup, line_group
from skxrf.simulation import ForwardModel

Array = NDArray[np.float64]
Shares = tuple[LineGroup, Array, Array]

# fisx and xraylib have the same K rates (Scofield). Measured ratios of K-beta to K-alpha scatter
# by about this much about them, and chemical bonding moves those of 3d metals as much.
_BETA_SPREAD = 0.04
_BETA_SEED = 100
_FWHM = 2.0 * np.sqrt(2.0 * np.log(2.0))
# xraylib writes some pairs of lines as one: L3O45 is L3O4 and L3O5, KO all from the O shell.
_NAME = re.compile(r"^(K|[LM]\d)([KLMNOPQ])(\d*)$")


def line_shares(name: str, voltage: float) -> Shares:
    """Shares of the lines of a group by the other database.

    `voltage`: tube voltage [kV]: production is averaged over Kramers' law, as xraylib's is in
    :func:`skxrf.physics.line_group`. Returns `group`: the lines, with xraylib's shares; `shares`
    (n_lines,): those of fisx, which sum to 1; where it lacks a line, xraylib's; `known`
    (n_lines,), bool: whether fisx has the line.
    """
    group = line_group(name, tube_voltage=voltage)
    rates = np.zeros(len(group.lines))
    edge = min(e for e in map(float, _edges(group)) if e > 0)
    energies = np.geomspace(edge * 1.001, voltage * 0.999, 25)
    weights = (voltage / energies - 1) * np.gradient(energies)
    for energy, weight in zip(energies, weights, strict=True):
        emitted = _library().getExcitationFactors(group.element, [float(energy)], [1.0])
        rates += weight * np.array([_rate(line, emitted) for line in group.lines])
    known = rates > 0
    shares = np.array(group.intensities)
    if known.any():
        shares[known] = rates[known] / rates[known].sum() * shares[known].sum()
    if group.shell == "K":
        rng = np.random.default_rng([_BETA_SEED, group.atomic_number])
        beta = np.array([not line.startswith("KL") for line in group.lines])
        shares = np.where(beta, shares * np.exp(_BETA_SPREAD * rng.standard_normal()), shares)
        shares /= shares.sum()
    return group, shares, known


def line_factors(model: ForwardModel) -> Array:
    """Factors on the counts of each line of a forward model.

    `model`: its lines are clusters of lines of nearly one energy. Returns (n_lines,): share by the
    other database over xraylib's.
    """
    factors = np.ones(model.tables.groups.size)
    for name in np.unique(model.tables.groups):
        mine = np.flatnonzero(model.tables.groups == name)
        group, shares, _ = line_shares(str(name), model.instrument.voltage)
        cluster = _nearest(group.energies, model.tables.energies[mine])
        new = np.bincount(cluster, shares, mine.size)
        old = np.bincount(cluster, group.intensities, mine.size)
        factors[mine] = np.divide(new, old, out=np.ones(mine.size), where=old > 0)
    return factors


def lorentz_wings(model: ForwardModel, edges: Array) -> Array:
    """Spectra that natural width adds to one count of each line.

    `edges` (n_channels + 1,): bin edges [keV]. Returns (n_lines, n_channels): a Voigt profile less
    a Gaussian of the same area; widths of the two levels from xraylib.
    """
    detector: DetectorResponse = model.instrument.detector
    # Three points a bin by Gauss and Legendre: bins may be half as wide as a peak.
    points, weights = np.polynomial.legendre.leggauss(3)
    centers, halves = (edges[1:] + edges[:-1]) / 2, np.diff(edges) / 2
    wings = np.zeros((model.tables.energies.size, centers.size))
    for row, name, energy in zip(wings, model.tables.groups, model.tables.energies, strict=True):
        group = line_group(str(name), tube_voltage=model.instrument.voltage)
        sigma = float(detector.fwhm(float(energy))) / _FWHM
        line = group.lines[int(np.argmin(np.abs(group.energies - energy)))]
        half_width = natural_width(group.atomic_number, line) / 2
        for point, weight in zip(points, weights, strict=True):
            distance = centers + halves * point - energy
            row[:] += weight * halves * voigt_profile(distance, sigma, half_width)
            row[:] -= weight * halves * voigt_profile(distance, sigma, 0.0)
    return wings


def natural_width(number: int, line: str) -> float:
    """Full width of a line at half maximum [keV]: the sum of its two levels'."""
    match = _NAME.match(line)
    if match is None:
        return 0.0
    total = 0.0
    for level in (match[1], match[2] + match[3][:1]):
        try:
            total += float(xraylib.AtomicLevelWidth(number, getattr(xraylib, f"{level}_SHELL")))
        except (AttributeError, ValueError):
            continue  # an outer level: much narrower, and not tabulated
    return total


def _edges(group: LineGroup) -> list[float]:
    found = []
    for shell in {"K": ("K",), "L": ("L3", "L2", "L1"), "M": ("M5", "M4", "M3", "M2", "M1")}[
        group.shell
    ]:
        try:
            found.append(
                float(xraylib.EdgeEnergy(group.atomic_number, getattr(xraylib, f"{shell}_SHELL")))
            )
        except ValueError:
            continue
    return found


def _rate(line: str, emitted: dict[str, dict[str, float]]) -> float:
    match = _NAME.match(line)
    if match is None:
        return 0.0
    initial, shell, numbers = match[1], match[2], match[3]
    if numbers:
        names = [f"{initial}{shell}{number}" for number in numbers]
    else:
        names = [other for other in emitted if other.startswith(initial + shell)]
    return sum(float(emitted[other]["rate"]) for other in names if other in emitted)


def _nearest(energies: Array, clusters: Array) -> NDArray[np.intp]:
    return np.argmin(np.abs(energies[:, None] - clusters), axis=1)


@functools.cache
def _library() -> Any:
    import fisx
    from fisx import DataDir

    library = fisx.Elements(DataDir.FISX_DATA_DIR)
    library.initializeAsPyMca()
    return library


def main() -> None:
    """Print coverage and greatest differences of all line groups of the shipped model."""
    from skxrf.pretrained._axis import LINE_GROUPS

    print("line group, share by fisx, its lines above 3 % over xraylib's")
    for name in LINE_GROUPS:
        try:
            group, shares, known = line_shares(name, 50.0)
        except LineGroupError:
            continue
        ratios = ", ".join(
            f"{line} {share / old:.2f}"
            for line, share, old in zip(group.lines, shares, group.intensities, strict=True)
            if old > 0.03
        )
        print(f"{name:5} {group.intensities[known].sum():.4f}  {ratios}")
