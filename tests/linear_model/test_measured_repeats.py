"""Standard errors of the template fit against 32 repeats of one measured point."""

import copy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2

from skxrf.linear_model import TemplateFitRegressor

REPEATS = Path(__file__).parents[3] / "shared" / "data" / "repeats_brass" / "repeats.csv"
GROUPS = ["Fe_K", "Ni_K", "Cu_K", "Zn_K", "Zr_K", "Pb_L"]


@pytest.fixture(scope="module")
def repeats():
    if not REPEATS.exists():
        pytest.skip("the measured repeats of ../shared/data/repeats_brass are not there")
    table = pd.read_csv(REPEATS, index_col=0).iloc[:, :-1]  # the last column has no meaning
    return table.to_numpy(), table.columns.to_numpy(dtype=float)


@pytest.fixture(scope="module")
def fitted(repeats):
    X, energy = repeats
    return TemplateFitRegressor(GROUPS, energy=energy).fit(X)


def test_the_spread_of_repeats_is_the_claimed_error(repeats, fitted):
    X, _ = repeats
    areas, errors = fitted.predict(X, return_std=True)
    squared = areas.var(axis=0, ddof=1) / np.square(errors).mean(axis=0)
    free = areas.min(axis=0) > 0  # where non-negativity plays no part
    assert free[[GROUPS.index(name) for name in ("Cu_K", "Zn_K", "Zr_K", "Fe_K")]].all()
    n = len(X) - 1
    # Precision of 32 repeats: each variance to 25 %, that of all groups together to 12 %.
    low, high = chi2.ppf([0.002, 0.998], n) / n
    assert np.all((squared[free] > low) & (squared[free] < high))
    assert np.sqrt(squared[free].mean()) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("weights", ["shared", "own"])
def test_so_is_the_spread_of_draws_from_their_mean(repeats, fitted, weights):
    X, _ = repeats
    draws = np.random.default_rng(0).poisson(X.mean(axis=0), (1000, X.shape[1]))
    fit = copy.deepcopy(fitted)  # to so few repeats, each of which has weights of its own
    if weights == "shared":
        fit.fit_paints(draws)
    areas, errors = fit.predict(draws, return_std=True)
    free = areas.min(axis=0) > 0
    ratio = areas.std(axis=0)[free] / errors.mean(axis=0)[free]
    assert free[[GROUPS.index(name) for name in ("Cu_K", "Zn_K", "Zr_K", "Fe_K")]].all()
    np.testing.assert_allclose(ratio, 1, atol=0.1)
