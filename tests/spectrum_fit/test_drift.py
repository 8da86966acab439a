"""Drift of the axis from the sum spectra of blocks of rows."""

import numpy as np
import pytest

from skxrf.physics import DetectorResponse, line_group
from skxrf.spectrum_fit._drift import LineAxis
from skxrf.utils.energy import bin_edges

ENERGY = 0.02 * np.arange(1000)
PAINTS = {"Ca_K": (4.0, 1.0), "Fe_K": (2.0, 3.0), "Cu_K": (1.0, 6.0), "Pb_L": (9.0, 2.0)}
N_BLOCKS = 8


def block_sums(shifts, counts, seed):
    """Sums of blocks whose channels have shifted energies [keV], and whose paints change."""
    detector = DetectorResponse()
    sums = []
    for (low, high), share in zip(shifts, np.linspace(0, 1, N_BLOCKS), strict=True):
        edges = bin_edges(ENERGY)
        edges = edges + low + (high - low) * (edges - 2) / 13
        shape = 0.05 * np.exp(-np.abs(edges[1:] - 8) / 6) * np.diff(edges)
        for name, (first, second) in PAINTS.items():
            amount = (1 - share) * first + share * second
            shape = shape + amount * detector.template(line_group(name), edges)
        sums.append(np.where(ENERGY > 1, shape, 0))
    expected = np.array(sums) / np.sum(sums) * counts
    return np.random.default_rng(seed).poisson(expected).astype(float)


@pytest.fixture(scope="module")
def axis():
    return LineAxis(ENERGY, list(PAINTS), DetectorResponse())


@pytest.mark.parametrize(("zero", "gain"), [(0.0, 0.001), (0.0, 0.01), (0.03, 0.0)])
def test_a_drift_is_found_to_a_tenth(axis, zero, gain):
    course = np.linspace(-0.5, 0.5, N_BLOCKS)
    true = np.stack([course * (zero + gain * at) for at in (2.0, 15.0)], axis=1)
    found = axis.drift(block_sums(true, 3e6, 1))
    assert found.shape == (N_BLOCKS, 2)
    assert np.abs(found - true).max() < 0.001 + 0.1 * np.abs(true).max()


@pytest.mark.parametrize("counts", [1e5, 1e8])
def test_paints_that_change_over_the_rows_are_no_drift(axis, counts):
    for seed in range(3):
        assert axis.drift(block_sums(np.zeros((N_BLOCKS, 2)), counts, seed)) is None


def test_shifts_without_a_course_are_no_drift(axis):
    """Blocks that scatter, as by lines that the model lacks, are not followed."""
    scattered = np.random.default_rng(5).normal(0, 0.004, (N_BLOCKS, 2))
    assert axis.drift(block_sums(scattered, 3e6, 2)) is None


def test_blocks_without_counts_have_no_drift(axis):
    sums = block_sums(np.zeros((N_BLOCKS, 2)), 1e6, 0)
    sums[3] = 0
    assert axis.drift(sums) is None
