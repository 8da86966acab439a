import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import nnls

from skxrf.spectrum_fit._nonnegative import (
    clamp_to_nonnegative,
    covariances,
    solve_nonnegative,
)


@given(seed=st.integers(0, 2**31), n=st.integers(1, 12))
def test_agrees_with_scipy(seed, n):
    rng = np.random.default_rng(seed)
    designs = rng.uniform(size=(5, 30, n))
    targets = rng.normal(size=(5, 30)) + designs @ rng.normal(size=n)
    matrices = np.einsum("pci,pcj->pij", designs, designs)
    vectors = np.einsum("pci,pc->pi", designs, targets)
    expected = [nnls(a, b)[0] for a, b in zip(designs, targets, strict=True)]
    np.testing.assert_allclose(solve_nonnegative(matrices, vectors)[0], expected, atol=1e-6)


def test_one_matrix_may_serve_all_problems():
    rng = np.random.default_rng(0)
    design = rng.uniform(size=(40, 8))
    matrix = design.T @ design
    vectors = rng.normal(size=(50, 40)) @ design
    errors, correlation = covariances(matrix[None])
    shared = (errors * vectors) @ correlation[0]
    assert not clamp_to_nonnegative(shared, correlation, np.zeros(50, np.intp)).any()
    own, _ = solve_nonnegative(np.broadcast_to(matrix, (50, 8, 8)), vectors)
    np.testing.assert_allclose(shared * errors, own, atol=1e-7)


def test_matrices_of_another_size_are_refused():
    with pytest.raises(ValueError, match="shape"):
        clamp_to_nonnegative(np.zeros((3, 4)), np.zeros((2, 4, 4)))
    for which in ([0, 1, 2], [0, -1, 1], [0, 1]):
        with pytest.raises(ValueError, match="shape"):
            clamp_to_nonnegative(np.zeros((3, 4)), np.zeros((2, 4, 4)), np.array(which))


def test_scales_may_differ_by_many_orders():
    scale = np.array([1e-4, 1.0, 1e6])
    truth = np.array([[2.0, 0.0, 3.0]]) / scale
    design = np.random.default_rng(1).uniform(size=(20, 3)) * scale
    matrix, vector = design.T @ design, design.T @ (design @ truth[0])
    solution, _ = solve_nonnegative(matrix[None], vector[None])
    assert solution * scale == pytest.approx(truth * scale, abs=1e-5)


def test_coinciding_components_share_and_do_not_fail():
    design = np.ones((10, 2))
    solution, _ = solve_nonnegative((design.T @ design)[None], (design.T @ np.full(10, 4.0))[None])
    assert solution.sum() == pytest.approx(4.0)
    assert np.all(solution >= 0)
