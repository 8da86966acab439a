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


def test_satellites_lie_below_k_beta_on_top_of_its_counts():
    table = line_table(["Fe_K"])
    none, twice = (
        table.render(EDGES, DetectorResponse(tail_fraction=0.01, satellites=factor))
        for factor in (0.0, 2.0)
    )
    extra = twice - none
    assert extra[:, 0].sum() == 0
    assert 0.2 < extra[:, 1].sum() < 0.3
    assert 6.6 < float(EDGES[:-1] @ extra[:, 1] / extra[:, 1].sum()) < 7.0


def test_light_elements_have_no_satellites():
    assert not line_table(["Si_K", "S_K", "Pb_L"]).lines.satellite.any()


def test_derivative_by_satellites_is_their_spectrum():
    table, amplitudes = line_table(["Fe_K", "Cu_K"]), np.array([1e5, 1e4, 2e5, 2e4])
    detector = DetectorResponse(satellites=0.4)
    more = table.render(EDGES, DetectorResponse(satellites=1.4), amplitudes)
    derivative = table.derivatives(EDGES, detector, amplitudes, [])[:, -1]
    difference = more - table.render(EDGES, detector, amplitudes)
    np.testing.assert_allclose(derivative, difference, atol=1e-6)
