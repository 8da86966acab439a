"""Maps with known truth to denoise: simulated icons at the Cramer-Rao bound, and unkind fields."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skxrf.physics import known_line_groups, line_group
from skxrf.simulation import (
    DEFAULT_LINE_GROUPS,
    Instrument,
    cramer_rao_bound,
    painting_scan,
    palettes,
)

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

    Parameters
    ----------
    palette : str
        What it is painted with.
    instrument : Instrument
        The scanner.
    mean_counts : float
        Mean counts per pixel.
    random_state : int
        Seed of painting and noise.
    shape : pair of int
        Rows and columns.
    elements : tuple of str
        Line groups; those that nothing in the painting gives are left out.

    Returns
    -------
    Dataset of dims (y, x, element)
        ``truth``, ``intensity`` (truth and Gaussian noise) and ``uncertainty`` (the bound, at
        the true intensity), all float32 [counts].
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
