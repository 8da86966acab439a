"""Coarse searches for an axis: by shifts of a claimed one, and by the pattern of peaks."""

import numpy as np
import pytest

from skxrf.spectrum_fit._axis_search import ShiftSearch, guess_energy_axis
from skxrf.spectrum_fit._model import BinnedSpectrum
from skxrf.spectrum_fit._priors import AxisCorrection


def test_shifts_of_stored_spectra_stay(sum_spectra):
    measured = sum_spectra["tempera_rh_faint"]
    binned = BinnedSpectrum.of(measured.counts, measured.nominal, 0.06, (1.3, 32.0))
    search = ShiftSearch(binned, 0.2)
    true = np.interp([2.0, 15.0], measured.nominal, measured.true) - [2.0, 15.0]
    cost, _ = search.fit(*true)
    assert cost < min(search.fit(*(true + shift))[0] for shift in ([0.2, 0], [0, 0.3], [-0.2, 0]))
    groups, anode = search.found(*true)
    assert anode == "Rh"
    assert {"Ca_K", "Fe_K", "Cu_K", "Pb_L", "K_K", "Mn_K", "Rh_K"} <= set(groups)


def test_shifts_move_the_anchors():
    moved = AxisCorrection.at_anchors(0.1, -0.2, 0.01)(np.array([2.0, 8.5, 15.0]))
    np.testing.assert_allclose(moved, [2.1, 8.5 - 0.05 + 0.01, 14.8])
    far = AxisCorrection.at_anchors(0.0, 0.0, 0.01)(np.array([30.0, 31.0, 32.0]))
    np.testing.assert_allclose(np.diff(far, 2), 0, atol=1e-12)


def test_bins_keep_all_counts(sum_spectra):
    measured = sum_spectra["tempera_rh_faint"]
    binned = BinnedSpectrum.of(measured.counts, measured.nominal, 0.06, (1.3, 32.0))
    inside = (measured.nominal >= 1.3) & (measured.nominal <= 32.0)
    assert binned.counts.sum() == measured.counts[inside].sum()
    assert binned.edges.size == binned.counts.size + 1


@pytest.mark.parametrize(
    ("name", "offset", "gain"),
    [("tempera_rh_faint", 0.0358, 0.019980), ("manuscript_w", -0.0699, 0.0099983)],
)
def test_axes_from_the_pattern_of_peaks_stay(sum_spectra, name, offset, gain):
    measured = sum_spectra[name]
    guess = guess_energy_axis(measured.counts)
    assert guess.offset == pytest.approx(offset, abs=4e-3)
    assert guess.gain == pytest.approx(gain, rel=4e-4)
    assert guess.misfit < 0.5
    assert guess.next_misfit > 1.4 * guess.misfit


def test_no_peaks_give_no_axis():
    assert guess_energy_axis(np.full(1024, 100.0)) is None
