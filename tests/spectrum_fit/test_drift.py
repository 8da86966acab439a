"""Drift of the axis from the sum spectra of blocks of rows."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from skxrf.physics import DetectorResponse, line_group
from skxrf.spectrum_fit._drift import LineAxis, _BlockShift, _Course
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


def covariance_of(course, scatter, zero, gain):
    """Covariance of all shifts, made step by step: walks of zero and gain, scatter, errors."""
    n = len(course.data) // 2
    steps = np.tril(np.ones((n, n)))[:, 1:]  # increments between blocks
    walks = steps @ steps.T
    total = course.noise.copy()
    for k, logarithm in ((0, zero), (1, gain)):
        way = (np.ones(2), np.array([2.0, 15.0]) / 15.0)[k]
        total += (1e-3 * np.exp(logarithm)) ** 2 * np.kron(walks, np.outer(way, way))
    return total + (1e-3 * np.exp(scatter)) ** 2 * np.eye(2 * n)


@pytest.fixture(scope="module")
def course():
    rng = np.random.default_rng(0)
    shifts = rng.normal(0, 2e-3, (6, 2)) + 1e-3 * np.arange(6)[:, None]
    roots = rng.normal(0, 5e-4, (6, 2, 2))
    return _Course(shifts, roots @ roots.transpose(0, 2, 1) + 1e-7 * np.eye(2))


@pytest.mark.parametrize("logarithms", [(0.0, 0.0, 0.0), (-2.0, 1.5, -1.0), (1.0, -3.0, 2.0)])
def test_likelihood_is_that_of_differences_which_the_unknown_mean_leaves(course, logarithms):
    n = len(course.data) // 2
    differences = np.kron(np.diff(np.eye(n), axis=0), np.eye(2))
    expected = []
    for one in ((0.0, 0.0, 0.0), logarithms):
        covariance = differences @ covariance_of(course, *one) @ differences.T
        expected.append(multivariate_normal.logpdf(differences @ course.data, cov=covariance))
    found = course.likelihood(*logarithms) - course.likelihood(0.0, 0.0, 0.0)
    assert found == pytest.approx(expected[1] - expected[0], rel=1e-6, abs=1e-6)


def test_likelihood_without_steps_is_that_of_an_axis_at_rest(course):
    assert course.likelihood(0.5) == pytest.approx(course.likelihood(0.5, -25.0, -25.0), rel=1e-9)


def test_smooth_course_is_the_expected_walk(course):
    """Of mean zero at each anchor; without errors and scatter it is the shifts themselves."""
    smooth = course.smooth(-1.0, 0.5, 0.0)
    assert smooth.shape == (6, 2)
    np.testing.assert_allclose(smooth.mean(axis=0), 0, atol=1e-12)
    exact = _Course(np.outer(np.arange(6.0), [1e-3, 5e-3]), np.zeros((6, 2, 2)))
    shifts = exact.data.reshape(6, 2)
    np.testing.assert_allclose(
        exact.smooth(-9.0, 3.0, 3.0), shifts - shifts.mean(axis=0), atol=1e-6
    )
    still = course.smooth(3.0, -9.0, -9.0)
    assert np.abs(still).max() < 1e-8


def test_a_block_knows_how_well_it_tells_its_shifts(axis):
    true = np.array([0.004, -0.006])
    sums = block_sums(np.tile(true, (N_BLOCKS, 1)), 1e7, 3)
    found = []
    for one in sums:
        block = _BlockShift(one, axis)
        assert block.shifts.tolist() == [0.0, 0.0]
        block.search(2)
        found.append((block.shifts - true) / np.sqrt(np.diag(block.covariance)))
    spread = np.sqrt(np.mean(np.square(found)))
    assert 0.4 < spread < 1.6


def test_a_drift_below_a_small_part_of_a_peak_is_left_alone(axis):
    steps = np.linspace(-0.5, 0.5, N_BLOCKS)[:, None]
    assert axis.drift(block_sums(steps * [0.0026, 0.0026], 1e8, 0)) is None
    assert axis.drift(block_sums(steps * [0.005, 0.005], 1e8, 0)) is not None
