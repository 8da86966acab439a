"""Maps with known truth to denoise: simulated icons at the Cramer-Rao bound, and unkind fields."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skxrf.physics import known_line_groups, line_group
from skxrf.simulation import Instrument, cramer_rao_bound, palettes
from skxrf.simulation.paintings._scan import DEFAULT_LINE_GROUPS, painting_scan

# Unknown shapes of the continuum in the bound: its own shape times bells at these energies [keV].
_BELLS = (2.0, 4.5, 7.5, 11.0, 15.0, 20.0)
_RANGE = (1.2, 25.0)
_BATCH = 128


def simulated_icon(
    palette: str,
    instrument: Instrument,
    mean_counts: float,
    random_state: int,
    *,
    shape: tuple[int, int] = (100, 120),
    elements: tuple[str, ...] = DEFAULT_LINE_GROUPS,
) -> xr.Dataset:
    """True intensities, their bound, and maps that scatter about the truth by the bound.

    `palette`: what it is painted with. `mean_counts`: mean counts per pixel. `random_state`: seed
    of painting and noise. `elements`: line groups; those that nothing in the painting gives are
    left out. Returns (y, x, element): ``truth``, ``intensity`` (truth and Gaussian noise) and
    ``uncertainty`` (the bound, at the true intensity), all float32 [counts].
    """
    held = set(palettes()[palette].elements)
    elements = tuple(name for name in elements if name.split("_")[0] in held)
    scan = painting_scan(
        palette, shape=shape, instrument=instrument, elements=elements, mean_counts=mean_counts,
        random_state=random_state,
    )  # fmt: skip
    stacks = scan.plan.stacks()
    energies = instrument.energy
    keep = (energies > _RANGE[0]) & (energies < _RANGE[1])
    others = [
        name
        for name in known_line_groups(1.5, 20.0)
        if name not in elements and (name.split("_")[0] in held or name == "Ar_K")
    ]
    lines = np.array([
        instrument.detector.template(line_group(name), instrument.edges)[keep]
        for name in (*elements, *others)
    ])  # fmt: skip
    spectra, truth = [], []
    for start in range(0, len(stacks[1]), _BATCH):
        part = tuple(array[start : start + _BATCH] for array in stacks)
        doses = np.full(len(part[1]), scan.dose)
        expected, intensities = scan.renderer.expected(part, doses, per_spectrum=False)
        spectra.append(expected[:, keep])
        truth.append(intensities)
    expected = np.concatenate(spectra)
    continuum = _continuum(expected.mean(axis=0))
    bells = np.array(
        [continuum * np.exp(-0.5 * ((energies[keep] - e) / (0.25 * e + 0.5)) ** 2) for e in _BELLS]
    )
    nuisances = np.vstack([lines[len(elements) :], bells / bells.sum(1, keepdims=True)])
    bound = cramer_rao_bound(expected, lines[: len(elements)], nuisances=nuisances)
    values = np.concatenate(truth).astype(np.float64)
    noise = np.random.default_rng(random_state + 1).standard_normal(values.shape)
    full = (*shape, len(elements))
    return _dataset(
        values.reshape(full), (values + bound * noise).reshape(full), bound.reshape(full), elements
    )


def unkind_field(
    mean_counts: float, random_state: int, *, shape: tuple[int, int] = (100, 120)
) -> xr.Dataset:
    """Maps that no simulator of paintings made: fine texture, thin strokes, gradients, grains.

    `mean_counts`: dose: the brightest element of a paint has about a fifth of it. Returns
    (y, x, element): as :func:`simulated_icon`; the noise is Poisson's on a background of its own.
    """
    rng = np.random.default_rng(random_state)
    elements = DEFAULT_LINE_GROUPS
    # Paints of two to five elements, with no relation to chemistry.
    paints = rng.lognormal(0, 1, (9, len(elements))) * (rng.random((9, len(elements))) < 0.35)
    y, x = np.mgrid[: shape[0], : shape[1]]
    seeds = rng.uniform(0, shape, (14, 2))
    nearest = np.argmin([(y - a) ** 2 + (x - b) ** 2 for a, b in seeds], axis=0)
    amounts = np.zeros((*shape, 9))
    amounts[..., 0] = 0.3 + 0.7 * x / shape[1]  # a ground of rising thickness
    for k in range(14):
        amounts[..., 1 + k % 5] += (nearest == k) * (0.4 + 0.6 * y / shape[0])
    for k in range(10):  # strokes one pixel wide
        t = np.linspace(0, 1, 400)
        start, end, bend = rng.uniform(0, shape, (3, 2))
        path = np.outer(1 - t, start) + np.outer(t, end) + np.outer(t * (1 - t), bend - start)
        rows, columns = np.clip(np.rint(path), 0, np.array(shape) - 1).astype(int).T
        amounts[rows, columns, 6 + k % 2] += 1.0
    grains = rng.random(shape) < 0.01
    amounts[grains, 8] += rng.lognormal(0, 0.5, int(grains.sum()))
    amounts *= rng.lognormal(0, 0.12, amounts.shape)  # each paint, each pixel, on its own
    truth = mean_counts / 10 * amounts @ paints + mean_counts / 2000
    error = np.sqrt(truth + mean_counts * rng.uniform(0.002, 0.02, len(elements)))
    return _dataset(truth, truth + error * rng.standard_normal(truth.shape), error, elements)


def _continuum(spectrum: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean spectrum without its lines: a running low quantile."""
    from scipy.ndimage import percentile_filter, uniform_filter1d

    return uniform_filter1d(percentile_filter(spectrum, 10, 61), 61)


def _dataset(truth: Any, intensity: Any, bound: Any, elements: Any) -> xr.Dataset:
    dims = ("y", "x", "element")
    return xr.Dataset(
        {
            "truth": (dims, truth.astype(np.float32)),
            "intensity": (dims, intensity.astype(np.float32)),
            "uncertainty": (dims, bound.astype(np.float32)),
        },
        coords={"element": list(elements)},
    )
