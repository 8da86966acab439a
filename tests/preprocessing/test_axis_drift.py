"""Spectra of rows whose axis drifted, brought onto one axis."""

import pickle

import numpy as np
import pytest

from skxrf.exceptions import EnergyAxisError
from skxrf.preprocessing._axis_drift import AxisDrift

ENERGY = 0.5 + 0.02 * np.arange(600)
DRIFT = AxisDrift(np.array([0, 3, 7]), np.array([[-0.01, -0.06], [0, 0], [0.01, 0.06]]), ENERGY)


def peak_at(place):
    return 1000 * np.exp(-0.5 * ((ENERGY - place) / 0.06) ** 2)


def test_peaks_of_all_rows_come_to_lie_together():
    rows = np.array([0, 2, 3, 6, 7, 9])
    shift = np.array([-0.028461, -0.028461, 0, 0, 0.028461, 0.028461])  # at 6.8 keV
    spectra = np.array([peak_at(6.8 - one) for one in shift])
    straight = DRIFT.straighten(spectra, rows)
    np.testing.assert_allclose(straight @ ENERGY / straight.sum(axis=1), 6.8, atol=2e-4)
    np.testing.assert_allclose(straight.sum(axis=1), spectra.sum(axis=1), rtol=1e-9)


def test_each_spectrum_is_straightened_by_its_own_row_alone():
    rng = np.random.default_rng(0)
    rows, spectra = np.repeat(np.arange(10), 4), rng.poisson(3, (40, 600)).astype(np.uint16)
    whole = DRIFT.straighten(spectra, rows)
    assert whole.dtype == np.float32
    order = rng.permutation(40)
    # Up to the last bit of float32: a matrix product sums in an order that depends on its rows.
    np.testing.assert_allclose(DRIFT.straighten(spectra[order], rows[order]), whole[order], 1e-6)
    copy = pickle.loads(pickle.dumps(DRIFT))
    np.testing.assert_allclose(copy.straighten(spectra[8:9], rows[8:9]), whole[8:9], 1e-6)


def test_an_axis_can_be_changed_in_the_same_step():
    target = 0.6 + 0.04 * np.arange(250)
    straight = DRIFT.onto(target).straighten(peak_at(6.8)[None], np.array([4]))
    assert straight.shape == (1, 250)
    assert straight @ target / straight.sum() == pytest.approx(6.8, abs=1e-3)


def test_the_text_in_attributes_gives_the_drift_back():
    found = AxisDrift.stated(DRIFT.describe(), ENERGY)
    np.testing.assert_array_equal(found.first_rows, DRIFT.first_rows)
    np.testing.assert_allclose(found.shifts, DRIFT.shifts, atol=1e-6)
    assert AxisDrift.stated("none", ENERGY) is None
    assert str(DRIFT) == "20.0 eV at 2 keV and 120.0 eV at 15 keV over 3 blocks of rows"


@pytest.mark.parametrize(
    "text",
    [
        "yes",
        "[]",
        '{"first_rows": [0]}',
        DRIFT.describe().replace("[0, 3, 7]", "[1, 3, 7]"),
        DRIFT.describe().replace("[0, 3, 7]", "[0, 3]"),
        DRIFT.describe().replace("[0, 3, 7]", "[0, 3, 3]"),
        DRIFT.describe().replace("[0, 3, 7]", "[0, 3.5, 7]"),
        DRIFT.describe().replace("[0, 3, 7]", "[]"),
        DRIFT.describe().replace("[0, 3, 7]", "[[0], [3], [7]]"),
        DRIFT.describe().replace("[0, 3, 7]", "0"),
        DRIFT.describe().replace("60.0", "NaN"),
    ],
)
def test_other_texts_are_refused(text):
    with pytest.raises(EnergyAxisError) as caught:
        AxisDrift.stated(text, ENERGY)
    assert str(caught.value) == (
        f"the attribute axis_drift of the cube is {text!r}: expected 'none', or JSON with first_rows "
        "(from 0 up) and shifts of as many blocks, shift_at_2_keV_in_eV and shift_at_15_keV_in_eV. "
        "Without the attribute the drift is looked for."
    )


def test_float64_stays_float64():
    assert DRIFT.straighten(peak_at(6.8)[None], np.array([4])).dtype == np.float64
    assert (
        DRIFT.straighten(peak_at(6.8)[None].astype(np.float32), np.array([4])).dtype == np.float32
    )
    np.testing.assert_array_equal(DRIFT.target, ENERGY)
    assert set(DRIFT.__getstate__()) == {"first_rows", "shifts", "energy", "target", "_shares"}
