"""Corrections of the axis and spreads of ratios, against sums written out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skxrf.spectrum_fit._priors import PARAMETERS, AxisCorrection, RatioSpread, typical_detector

SPREAD = RatioSpread(absorption=0.5, outer=0.3, subshell=0.2, single=0.07, first_subshell=0.35)
ENERGIES = np.array([10.5, 12.3, 12.6, 14.8, 15.2, 9.2])
LABELS = ["L3-M", "L3-N", "L2-M", "L2-N", "L1-N", "L1-M"]
shifts = st.floats(-0.3, 0.3)


@given(low=shifts, high=shifts, curvature=st.floats(-0.05, 0.05))
def test_anchors_and_the_middle_move_as_stated(low, high, curvature):
    axis = AxisCorrection.at_anchors(low, high, curvature)
    moved = axis(np.array([2.0, 8.5, 15.0])) - [2.0, 8.5, 15.0]
    np.testing.assert_allclose(moved, [low, (low + high) / 2 + curvature, high], atol=1e-12)
    # Straight, without a bend, beyond twice the half-width about the middle.
    for places in ([-6.0, -5.0, -4.5], [21.5, 24.0, 29.0]):
        slopes = np.diff(axis(np.array(places))) / np.diff(places)
        assert slopes[0] == pytest.approx(slopes[1], abs=1e-12)
        inner = axis(np.array([-4.5, -4.499] if places[0] < 0 else [21.499, 21.5]))
        assert np.diff(inner)[0] / 0.001 == pytest.approx(slopes[0], abs=1e-5)


def test_an_axis_without_correction_is_itself():
    np.testing.assert_array_equal(AxisCorrection()(ENERGIES), ENERGIES)
    assert AxisCorrection(offset=0.1, gain=1.01)(np.array([5.0])) == pytest.approx([5.15])


@pytest.mark.parametrize("group", ["Fe_K", "Pb_M", "Pb_L", "Rh_rayleigh"])
def test_covariance_of_ratios(group):
    """Absorption and each family's own spread; of L and scattered lines, what shells share besides."""
    tilt = SPREAD.absorption * (np.log(ENERGIES) - np.log(ENERGIES).mean())
    expected = np.outer(tilt, tilt) + 0.07**2 * np.eye(6)
    if group in ("Pb_L", "Rh_rayleigh"):
        for i, one in enumerate(LABELS):
            for j, other in enumerate(LABELS):
                expected[i, j] += 0.2**2 * (one[:2] == other[:2])
                expected[i, j] += 0.35**2 * (one[:2] == other[:2] == "L1")
                expected[i, j] += 0.3**2 * (one[-1] == other[-1] == "N")
    np.testing.assert_allclose(SPREAD.covariance(group, LABELS, ENERGIES), expected, atol=1e-14)


def test_the_typical_detector_has_the_expected_values():
    detector = typical_detector()
    for name in ("noise", "fano", "tail_fraction", "tail_slope", "natural_width", "satellites"):
        assert getattr(detector, name) == PARAMETERS[name].start, name
    assert typical_detector(0.123).noise == 0.123
