"""The Cramer-Rao bound: closed forms, and an estimator that reaches it."""

import numpy as np
import pytest

from skxrf.exceptions import CountsError, SkxrfError
from skxrf.physics import DetectorResponse, line_group
from skxrf.simulation._bound import cramer_rao_bound
from skxrf.spectrum_fit._pixel_fit import PoissonFit

EDGES = np.arange(1.0, 18.0, 0.02)


def test_a_lone_peak_has_the_error_of_its_counts():
    template = DetectorResponse(escape=False).template(line_group("Fe_K"), EDGES)
    for counts in (10.0, 1000.0):
        bound = cramer_rao_bound(counts * template[None], template)
        assert bound == pytest.approx(np.sqrt([[counts]]), rel=1e-3)


def test_background_and_overlap_make_it_larger():
    detector = DetectorResponse()
    manganese, iron = (detector.template(line_group(name), EDGES) for name in ("Mn_K", "Fe_K"))
    flat = np.full(iron.size, 1 / iron.size)
    lone = cramer_rao_bound([100 * manganese], manganese)[0, 0]
    on_background = cramer_rao_bound([100 * manganese + 2000 * flat], manganese)[0, 0]
    unknown = cramer_rao_bound([100 * manganese + 2000 * flat], manganese, nuisances=flat)[0, 0]
    both = cramer_rao_bound(
        [100 * manganese + 2000 * flat + 5000 * iron], manganese, nuisances=[flat, iron]
    )[0, 0]
    assert lone < on_background < unknown < both


def test_it_scales_with_the_dose():
    rng = np.random.default_rng(0)
    templates = rng.dirichlet(np.ones(50), size=3)
    expected = rng.uniform(1, 9, (4, 50))
    np.testing.assert_allclose(
        cramer_rao_bound(16 * expected, templates),
        4 * cramer_rao_bound(expected, templates),
        rtol=1e-4,
    )


def test_poisson_maximum_likelihood_reaches_it_for_bright_lines():
    detector = DetectorResponse()
    groups = ("Ca_K", "Mn_K", "Fe_K", "Cu_K", "Hg_L", "Pb_L")
    lines = np.array([detector.template(line_group(name), EDGES) for name in groups])
    centers = (EDGES[1:] + EDGES[:-1]) / 2
    background = np.array([np.exp(-centers / 5), centers * np.exp(-centers / 6), centers**0])
    background /= background.sum(axis=1, keepdims=True)
    truth = np.array([800.0, 150.0, 900.0, 1500.0, 400.0, 1200.0, 500.0, 400.0, 300.0])
    components = np.vstack([lines, background])
    expected = truth @ components
    counts = np.random.default_rng(0).poisson(expected, (4000, expected.size))
    fit = PoissonFit(components, expected)
    estimates, _ = fit(counts.astype(np.float32))
    spread = estimates[:, : len(groups)].std(axis=0)
    bound = cramer_rao_bound(expected, lines, nuisances=background)[0]
    # The spread of 4000 estimates is itself known to 1.1 %.
    np.testing.assert_allclose(spread, bound, rtol=0.05)
    bias = estimates[:, : len(groups)].mean(axis=0) - truth[: len(groups)]
    assert np.all(np.abs(bias) < 0.1 * bound)


def test_shapes_and_counts_are_checked():
    with pytest.raises(SkxrfError, match="expected has 5 channels, templates 4"):
        cramer_rao_bound(np.ones((2, 5)), np.ones((1, 4)))
    with pytest.raises(CountsError, match="not negative"):
        cramer_rao_bound(-np.ones((2, 4)), np.ones((1, 4)))
