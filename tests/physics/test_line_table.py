"""Lines of many columns rendered at once."""

import numpy as np
import pytest

from skxrf.physics import DetectorResponse
from skxrf.physics._line_table import line_table

EDGES = np.arange(0.5, 31, 0.02)


def test_columns_have_one_count_and_escape_peaks_on_top():
    table = line_table(["Ca_K", "Fe_K", "Pb_L"], ["Rh"])
    spectra = table.render(EDGES, DetectorResponse(tail_fraction=0.0))
    assert spectra.shape == (EDGES.size - 1, len(table.labels))
    assert np.all(spectra.sum(axis=0) >= 0.97)
    assert np.all(spectra.sum(axis=0) < 1.02)
    assert table.labels[:2] == [("Ca_K", "alpha"), ("Ca_K", "beta")]


def test_amplitudes_sum_the_columns():
    table = line_table(["Ca_K", "Pb_L"], ["Rh"])
    amplitudes = np.arange(1.0, len(table.labels) + 1)
    amplitudes[1] = 0.0
    whole = table.render(EDGES, DetectorResponse(), amplitudes)
    np.testing.assert_allclose(
        whole, table.render(EDGES, DetectorResponse()) @ amplitudes, atol=1e-9
    )


@pytest.mark.parametrize(("name", "family"), [("Fe_K", "alpha"), ("Pb_L", "L3")])
def test_shares_are_those_of_theory(name, family):
    table = line_table([name])
    assert table.shares.sum() == pytest.approx(1)
    assert table.labels[int(table.shares.argmax())] == (name, family)


def test_no_groups_make_no_columns():
    assert line_table([]).render(EDGES, DetectorResponse()).shape == (EDGES.size - 1, 0)
