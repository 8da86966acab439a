"""Weights that like spectra share, against those of each spectrum's own fit, on a painting."""

import copy

import numpy as np
import pytest
from sklearn.base import clone

from skxrf.datasets import make_painting
from skxrf.linear_model import TemplateFitRegressor
from skxrf.samples import to_samples

BRIGHTEST = 50_000


@pytest.fixture(scope="module")
def painting():
    cube, maps = make_painting((48, 56), mean_counts=BRIGHTEST, random_state=3)
    return to_samples(cube).to_numpy(), to_samples(maps), cube["energy"].to_numpy()


@pytest.mark.parametrize("counts", [500, 5000, BRIGHTEST])
def test_intensities_are_as_good(painting, found_groups, counts):
    X, Y, energy = painting
    others = [name for name in found_groups if name not in Y.columns]
    share = counts / BRIGHTEST
    thinned = np.random.default_rng(0).binomial(X, share)
    shared = TemplateFitRegressor(
        list(Y.columns), energy=energy, anode="Rh", refine=False, nuisance=others
    ).fit(thinned)
    own = copy.deepcopy(shared)
    own._poisson_fit.classes = None
    errors = [
        np.sqrt(np.mean((fit.predict(thinned) - share * Y.to_numpy()) ** 2, axis=0))
        for fit in (shared, own)
    ]
    assert np.mean(errors[0] / errors[1]) < 1.01


def test_weights_of_their_own_are_to_be_had(painting):
    X, Y, energy = painting
    shared = TemplateFitRegressor(list(Y.columns), energy=energy, refine=False, nuisance="none")
    few = shared.fit(X[:90])
    assert few._poisson_fit.classes is None
    for option in ({"weights": "own"}, {"line_ratios": "painting"}, {}):
        fit = clone(shared).set_params(**option).fit(X[:90]).fit_paints(X)
        assert (fit._poisson_fit.classes is None) == ("weights" in option)
        assert (fit.n_paints_ > 1) == (option == {})
        np.testing.assert_allclose(fit.components_, fit._poisson_fit.components, rtol=1e-6)
