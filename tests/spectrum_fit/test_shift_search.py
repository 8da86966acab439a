"""Coarse searches for an axis: by shifts of a claimed one, and by the pattern of peaks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skxrf.physics import line_group
from skxrf.spectrum_fit._axis_search import (
    PatternRule,
    ShiftRule,
    ShiftSearch,
    TemplateGrid,
    _Comparison,
    _hypotheses,
    _peaks,
    guess_energy_axis,
    saturating_cost,
)
from skxrf.spectrum_fit._model import BinnedSpectrum
from skxrf.spectrum_fit._priors import AxisCorrection, typical_detector


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


@pytest.mark.parametrize("sigma", [1.5, 4.0, 9.0])
@pytest.mark.parametrize("part", [-0.4, 0.0, 0.3])
def test_peaks_are_found_between_channels(sigma, part):
    places = np.array([200.0, 420.0, 700.0]) + part
    channels = np.arange(1000)
    areas = np.array([[4e5], [1e5], [2e4]])
    shapes = np.exp(-0.5 * ((channels - places[:, None]) / sigma) ** 2) / sigma
    positions, strengths, width = _peaks(20 + (areas * shapes).sum(axis=0))
    np.testing.assert_allclose(positions[:3], places, atol=0.06)
    assert np.all(np.diff(strengths) <= 0)
    assert np.all(strengths > 6)
    # The narrowest filter that is nearly as good as the best: of about the width of the peaks.
    assert 0.3 * sigma < width < 1.5 * sigma


def test_noise_has_no_peaks_and_no_more_than_fourteen_are_taken():
    flat = np.random.default_rng(0).poisson(50, 2000).astype(float)
    assert _peaks(flat)[0].size == 0
    channels = np.arange(2000)
    many = sum(1e4 * np.exp(-0.5 * ((channels - place) / 4) ** 2) for place in range(60, 1900, 60))
    assert _peaks(20 + many)[0].size == 14


def test_cost_saturates():
    residuals = np.array([0.0, 2.0, -2.0, 2000.0])
    assert saturating_cost(residuals) == pytest.approx(2 * np.log(2) + np.log1p(1e6))


def test_templates_are_those_of_the_lines():
    grid = TemplateGrid(1.3, 12.0, 0.09, 0.5)
    edges = np.linspace(1.5, 11.5, 501)
    design = grid.design(edges, np.ones((500, 2)))
    labels = [name for name, _ in grid.table.labels]
    assert design.shape == (500, len(labels) + 2)
    np.testing.assert_array_equal(design[:, -2:], 1)
    expected = grid.table.render(edges, typical_detector(0.09))
    np.testing.assert_allclose(design[:, :-2], expected, atol=2e-3 * expected.max())
    assert "Fe_K" in labels
    assert "Rh_K" not in labels
    # Beyond the grid there are no counts.
    assert not grid.design(np.array([30.0, 31.0, 32.0]))[:, : len(labels)].any()


def test_best_shifts_are_minima_that_may_be_the_lowest(sum_spectra):
    measured = sum_spectra["tempera_rh_faint"]
    binned = BinnedSpectrum.of(measured.counts, measured.nominal, 0.2, (1.3, 32.0))
    search = ShiftSearch(binned, 0.2)
    ((low, high),) = search.best(3)
    cost, _ = search.fit(low, high)
    for one, other in ((0.035, 0), (0, 0.05), (0.035, -0.05), (-0.035, 0.05)):
        assert cost < search.fit(low + one, high + other)[0]
    true = np.interp([2.0, 15.0], measured.nominal, measured.true) - [2.0, 15.0]
    assert np.abs(np.array([low, high]) - true).max() < 0.05


def test_a_spectrum_without_lines_has_many_best_shifts():
    flat = np.random.default_rng(0).poisson(500, 1600).astype(float)
    binned = BinnedSpectrum.of(flat, 0.02 * np.arange(1600), 0.2, (1.3, 32.0))
    search = ShiftSearch(binned, 0.2)
    costs = [search.fit(*pair)[0] for pair in search.best(3)]
    assert len(costs) == 3
    assert costs == sorted(costs)


def test_an_anode_can_be_tried_alone(sum_spectra):
    measured = sum_spectra["tempera_rh_faint"]
    binned = BinnedSpectrum.of(measured.counts, measured.true, 0.1, (1.3, 32.0))
    search = ShiftSearch(binned, 0.2)
    scattered = {}
    for anode in ("Rh", "Mo", "none"):
        _, amplitudes = search.fit(0.0, 0.0, anode)
        scattered[anode] = {
            name
            for name, amplitude in zip(search.names, amplitudes, strict=False)
            if name.endswith("_compton") and amplitude > 0
        }
    assert scattered["Rh"] == {"Rh_compton"}
    assert scattered["Mo"] <= {"Mo_compton"}
    assert scattered["none"] == set()
    groups, anode = search.found(0.0, 0.0)
    assert (anode, "Rh_K" in groups) == ("Rh", True)
    assert not any(name.endswith("_compton") for name in groups)


@given(st.floats(-0.3, 0.3), st.floats(0.008, 0.03))
@settings(max_examples=15, deadline=None)
def test_peaks_that_lie_at_common_lines_give_their_axis(offset, gain):
    groups = ("K_K", "Ca_K", "Mn_K", "Fe_K", "Cu_K", "Zn_K", "Pb_L")
    energies = np.array([line_group(name).main_energy for name in groups])
    positions, strengths = (energies - offset) / gain, np.linspace(9, 3, len(groups)) ** 2
    found = np.array(_hypotheses(positions, strengths, sigma=0.06 / gain))
    best_offset, best_gain = found[0]
    np.testing.assert_allclose(best_offset + best_gain * positions, energies, atol=0.015)
    assert len(found) <= PatternRule.n_compared
    # All are axes of their own.
    apart = np.abs(found[:, None] - found)
    same = (apart[..., 0] <= 0.04) & (apart[..., 1] <= 0.004 * found[:, 1])
    assert (np.tril(same, -1) == 0).all()


@given(st.integers(0, 2**31), st.sampled_from([2.0, 4.0, 12.0]))
@settings(max_examples=10, deadline=None)
def test_axes_of_any_peaks_are_those_of_analyzers(seed, sigma):
    rng = np.random.default_rng(seed)
    positions = np.sort(rng.choice(np.arange(60, 1900), 9, replace=False)).astype(float)
    found = _hypotheses(positions, rng.uniform(36, 900, 9), sigma)
    offsets, gains = np.array(found).reshape(-1, 2).T
    assert np.all((offsets > -1.2) & (offsets < 0.5))
    assert np.all((gains > max(0.004, 0.03 / sigma)) & (gains < min(0.045, 0.2 / sigma)))


@pytest.fixture(scope="module")
def compared():
    """Comparison of a spectrum of three elements on 1000 channels of 20 eV."""
    energy, table = 0.02 * np.arange(1000), TemplateGrid(1.3, 19.0, 0.1, 0.5).table
    amplitudes = [2e5 * (name in ("Ca_K", "Fe_K", "Cu_K")) for name, _ in table.labels]
    edges = np.append(energy - 0.01, energy[-1] + 0.01)
    spectrum = 30 + table.render(edges, typical_detector(0.1), np.array(amplitudes))
    positions = np.array([line_group(name).main_energy for name in ("Ca_K", "Fe_K", "Cu_K")]) / 0.02
    return _Comparison(spectrum, positions, np.array([9.0, 49.0, 16.0]))


def test_lines_explain_a_spectrum_on_its_own_axis_alone(compared):
    right = compared.value(0.0, 0.02)
    assert right < 0.05
    for offset, gain in ((0.1, 0.02), (0.0, 0.0204), (-0.1, 0.0196)):
        assert compared.value(offset, gain) > 0.2
    misfit, offset, gain = compared.polished(0.008, 0.02)
    assert misfit <= right + 0.01
    assert (offset, gain) == (pytest.approx(0, abs=0.01), pytest.approx(0.02, rel=1e-3))


@pytest.mark.parametrize(
    ("offset", "gain"), [(-1.21, 0.02), (0.51, 0.02), (0.0, 0.0039), (0.0, 0.0451)]
)
def test_other_axes_are_not_compared(compared, offset, gain):
    assert compared.value(offset, gain) == np.inf


def test_too_few_channels_or_counts_are_not_compared(compared):
    few = _Comparison(np.full(70, 1e3), compared.positions, compared.strengths)
    assert few.value(0.0, 0.04) == np.inf  # to 2.8 keV
    faint = _Comparison(np.full(1000, 0.9), compared.positions, compared.strengths)
    assert faint.value(0.0, 0.02) == np.inf


def test_peaks_below_the_compared_range_count_against_an_axis(compared):
    """By half their share of the square roots of strengths, unless they are the noise peak at 0."""
    base = compared.value(0.0, 0.02)
    for energy, share in ((1.29, 3 / 14), (0.21, 3 / 14), (0.19, 0.0), (-0.3, 3 / 14), (1.31, 0)):
        positions = compared.positions.copy()
        positions[0] = energy / 0.02
        other = _Comparison(compared.spectrum, positions, np.array([9.0, 49.0, 16.0]))
        assert other.value(0.0, 0.02) - base == pytest.approx(share / 2, abs=1e-12)


def test_an_anode_must_do_clearly_better_than_all_others(sum_spectra):
    """Where costs do not differ by the margin, no scatter is part of the fit."""
    measured = sum_spectra["tempera_rh_faint"]
    binned = BinnedSpectrum.of(measured.counts, measured.true, 0.1, (1.3, 32.0))
    search = ShiftSearch(binned, 0.2)
    costs = {anode: search.fit(0.0, 0.0, anode)[0] for anode in (*search.templates.anodes, "none")}
    best, second = sorted(costs, key=costs.get)[:2]
    assert best == "Rh"
    assert costs[second] > costs[best] + ShiftRule.clear
    low = BinnedSpectrum.of(measured.counts, measured.true, 0.1, (1.3, 12.0))
    groups, anode = ShiftSearch(low, 0.2).found(0.0, 0.0)
    assert anode is None
    assert not any(name.endswith(("_compton", "_rayleigh")) for name in groups)
    assert {"Ca_K", "Fe_K", "Cu_K"} <= set(groups)
