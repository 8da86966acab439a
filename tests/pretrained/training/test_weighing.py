"""Weights of the template fit and error factors, chosen on held-out labeled spectra."""

import numpy as np
import pytest

from skxrf.pretrained import load_pretrained
from skxrf.pretrained._axis import LINE_GROUPS
from skxrf.pretrained.training._labeled import LabeledSpectra
from skxrf.pretrained.training._spectra import Spectra
from skxrf.pretrained.training._weighing import HeldOutPrediction, weighed

IRON = LINE_GROUPS.index("Fe_K")


def held_out(network_error, fit_error, *, claimed=10.0, n=2000):
    """Predictions of iron whose errors are known, of pixels without it and with much of it."""
    rng = np.random.default_rng(0)
    shape = (n, len(LINE_GROUPS))
    truth = np.zeros(shape, np.float32)
    truth[:, IRON] = np.where(rng.random(n) < 0.5, 0, 500)
    # Of pixels without it, and with it.
    off = np.where(truth > 0, *np.broadcast_to(network_error, 2)[::-1]).astype(np.float32)
    values = truth + off * rng.standard_normal(shape).astype(np.float32)
    areas = np.maximum(truth + fit_error * rng.standard_normal(shape).astype(np.float32), 0)
    areas[:, np.arange(shape[1]) != IRON] = np.nan
    errors = np.full(shape, claimed, np.float32)
    has_label = np.arange(shape[1]) == IRON
    nothing = np.zeros((n, 1), np.float32)
    spectra = Spectra(nothing, nothing, truth, np.ones(shape, np.float32))
    labeled = LabeledSpectra(spectra, has_label, np.zeros(n, np.intp), areas, errors)
    return HeldOutPrediction(values, errors, labeled)


@pytest.mark.parametrize(
    ("network_error", "fit_error", "bright"), [(20.0, 2.0, (0.8, 1.0)), (2.0, 20.0, (0.0, 0.2))]
)
def test_the_better_one_gets_the_weight(network_error, fit_error, bright):
    weights = load_pretrained().load_weights()
    new = weighed(weights, [held_out(network_error, fit_error)])
    assert bright[0] <= new.fit_shares[1, IRON] <= bright[1]
    others = np.arange(len(LINE_GROUPS)) != IRON
    np.testing.assert_array_equal(new.fit_shares[:, others], weights.fit_shares[:, others])
    np.testing.assert_array_equal(new.error_scale[others], weights.error_scale[others])


def test_errors_are_scaled_to_those_made():
    weights = load_pretrained().load_weights()
    new = weighed(weights, [held_out(15.0, 15.0, claimed=10.0)])
    assert new.error_scale[IRON] == pytest.approx(1.5 * weights.error_scale[IRON], rel=0.06)


def test_few_spectra_change_nothing():
    weights = load_pretrained().load_weights()
    new = weighed(weights, [held_out(20.0, 2.0, n=60)])
    np.testing.assert_array_equal(new.fit_shares, weights.fit_shares)
    np.testing.assert_array_equal(new.error_scale, weights.error_scale)


def test_weights_that_are_hardly_better_are_not_taken():
    weights = load_pretrained().load_weights()
    # Near the errors for which the shipped weights are the best.
    new = weighed(weights, [held_out((8.0, 30.0), 9.0)])
    np.testing.assert_array_equal(new.fit_shares, weights.fit_shares)
    assert not np.array_equal(
        weighed(weights, [held_out((8.0, 5.0), 9.0)]).fit_shares, weights.fit_shares
    )
