"""Model of a sum spectrum: bins, pile-up, weights, ratios of lines, errors."""

import numpy as np
import pytest

from skxrf.physics import line_group
from skxrf.physics.constants import FAMILY_SPREAD
from skxrf.spectrum_fit._model import (
    BinnedSpectrum,
    SumSpectrumModel,
    counting_weights,
    nonnegative,
    smoothed,
    unexplained_share,
)
from skxrf.spectrum_fit._priors import AREAS, AXIS, PARAMETERS, typical_detector

ENERGY = 0.02 * np.arange(1500)
X = {name: row.start for name, row in PARAMETERS.items()}
GROUPS = ["Ca_K", "Fe_K", "Pb_L"]
COUNTS = {"Ca_K": 3e4, "Fe_K": 1e5, "Pb_L": 2e5}


def model_of(spectrum, groups=GROUPS, anode=None, stage=AREAS, end=25.0):
    return SumSpectrumModel(
        BinnedSpectrum.of(spectrum, ENERGY, stage.bin_width, (1.3, end)), groups, anode, stage
    )


def spectrum(counts=COUNTS, continuum=20.0, anode=None, compton=0.0):
    """Counts of line groups by theory's ratios on a flat continuum."""
    table = model_of(np.ones(ENERGY.size), list(counts), anode).table
    amplitudes = [
        counts.get(name, compton if name.endswith("_compton") else 0.0) * share
        for (name, _), share in zip(table.labels, table.shares, strict=True)
    ]
    edges = 0.02 * (np.arange(ENERGY.size + 1) - 0.5)
    return continuum + table.render(edges, typical_detector(), np.array(amplitudes))


def test_bins_join_whole_channels_inside_the_range():
    counts = np.arange(10.0)
    binned = BinnedSpectrum.of(counts, 0.1 * np.arange(10), 0.2, (0.15, 0.75))
    np.testing.assert_allclose(binned.channel_edges, 0.05 + 0.1 * np.arange(1, 8))
    np.testing.assert_allclose(binned.edges, [0.15, 0.35, 0.55, 0.75])
    np.testing.assert_array_equal(binned.counts, [2 + 3, 4 + 5, 6 + 7])
    assert binned.range == (pytest.approx(0.15), pytest.approx(0.75))
    odd = BinnedSpectrum.of(counts, 0.1 * np.arange(10), 0.2, (0.15, 0.85))
    np.testing.assert_array_equal(odd.counts, [5, 9, 13, 8])
    np.testing.assert_allclose(odd.edges[-2:], [0.75, 0.85])
    wide = BinnedSpectrum.of(counts, 0.1 * np.arange(10), 0.05, (0.15, 0.75))
    np.testing.assert_array_equal(wide.counts, np.arange(2, 8))


def test_two_photons_pile_up_at_the_sum_of_their_energies():
    counts = np.zeros(ENERGY.size)
    counts[200] = 1e4  # 4 keV
    counts[20] = 1e6  # noise at 0.4 keV, which does not pile up
    binned = BinnedSpectrum.of(counts, ENERGY, 0.02, (1.3, 25.0))
    pairs = binned.pile_up(binned.edges)
    centers = (binned.edges[1:] + binned.edges[:-1]) / 2
    assert pairs @ centers / pairs.sum() == pytest.approx(8.0, abs=0.02)
    assert pairs[np.abs(centers - 8.0) > 0.1].sum() < 1e-9 * pairs.sum()
    true = 1.01 * ENERGY + 0.05
    moved = binned.pile_up(binned.edges, true)
    at = np.interp(centers, ENERGY, true)
    assert moved @ at / moved.sum() == pytest.approx(2 * (1.01 * 4 + 0.05), abs=0.02)


def test_smoothing_weighs_one_to_two_to_one_and_counts_nothing_below_zero():
    np.testing.assert_allclose(smoothed(np.array([4.0, 0, 0, 8])), [3, 1, 2, 6])
    np.testing.assert_allclose(smoothed(np.array([0.0, -8, 0])), 0)
    counts = np.full(5, 100.0)
    np.testing.assert_allclose(counting_weights(counts, 0.1), 1 / np.sqrt(100 + 10**2 + 1))


def test_share_that_a_model_misses_beyond_the_noise():
    counts = np.full(40, 100.0)
    model = counts.copy()
    assert unexplained_share(counts, model, 4) == 0
    model[:4] -= 25.0  # 100 of the 400 counts of a bin, whose noise is 20
    expected = (100 - 2 * np.sqrt(401)) / 4000
    assert unexplained_share(counts, model, 4) == pytest.approx(expected)
    model[:4] = [50, 150, 50, 150]  # misplaced within
    assert unexplained_share(counts, model, 4) == 0
    # A last bin of two channels.
    model[:] = 100
    model[8:10] = 0
    expected = (200 - 2 * np.sqrt(201)) / 1000
    assert unexplained_share(counts[:10], model[:10], 4) == pytest.approx(expected)
    assert unexplained_share(np.zeros(4), np.full(4, 5.0), 4) == 20 - 2


def test_nonnegative_solution_has_columns_of_any_size():
    rng = np.random.default_rng(0)
    design = rng.uniform(size=(30, 3)) * [1e-6, 1.0, 1e6]
    truth = np.array([2e6, 3.0, 0.0])
    amplitudes, same, residuals = nonnegative(design, design @ truth)
    np.testing.assert_allclose(amplitudes, truth, rtol=1e-6, atol=1e-12)
    assert same is design
    np.testing.assert_allclose(residuals, 0, atol=1e-6)
    amplitudes, _, residuals = nonnegative(np.column_stack([design, np.zeros(30)]), -design[:, 1])
    np.testing.assert_array_equal(amplitudes, 0)
    np.testing.assert_allclose(residuals, design[:, 1])


def test_areas_of_a_spectrum_without_noise():
    model = model_of(spectrum())
    solution = model.solve(X)
    areas = model.areas(solution.amplitudes)
    assert areas == pytest.approx(COUNTS, rel=2e-3)
    np.testing.assert_allclose(
        model.model(X, solution.amplitudes), model.binned.counts, rtol=0.02, atol=5
    )
    n_bins = model.binned.counts.size
    np.testing.assert_allclose(
        solution.residuals[:n_bins],
        (model.model(X, solution.amplitudes) - model.binned.counts) * model.weights,
        atol=1e-6,
    )


def test_errors_are_the_spread_of_areas():
    expected = spectrum(continuum=100.0)
    rng = np.random.default_rng(0)
    found = []
    for _ in range(60):
        model = model_of(rng.poisson(expected).astype(float))
        model.reweigh(X, model.solve(X))
        solution = model.solve(X)
        found.append(model.areas(solution.amplitudes))
    errors = model.errors(solution)
    brighter = solution._replace(design=1e6 * solution.design)
    assert model.errors(brighter) == pytest.approx({name: 1e-6 * e for name, e in errors.items()})
    for name in GROUPS:
        spread = np.std([one[name] for one in found])
        # The stated ones contain an error of the model of 1 % of each channel besides.
        assert 0.5 * errors[name] < spread < 1.3 * errors[name]
        assert np.mean([one[name] for one in found]) == pytest.approx(
            COUNTS[name], abs=4 * errors[name] / np.sqrt(60)
        )


def test_ratios_of_lines_are_held_near_theory():
    model = model_of(spectrum())
    model.reweigh(X, model.solve(X))
    n_bins = model.binned.counts.size
    for name in GROUPS:
        mine = model.columns[name]
        shares = model.table.shares[mine]
        theory = np.zeros(model.prior.shape[1])
        theory[mine] = 5e4 * shares
        np.testing.assert_allclose(model.prior @ theory, 0, atol=1e-9)
        # One family more by its spread is one standard error, about the area of the first fit.
        spread = AREAS.family_factor * FAMILY_SPREAD[name[-1]] * shares[0] * COUNTS[name]
        other = np.zeros(model.prior.shape[1])
        other[mine[0]] = spread
        rows = model.prior[np.abs(model.prior[:, mine]).max(axis=1) > 0]
        assert (rows @ other)[0] == pytest.approx(1 - shares[0], rel=5e-3)
    assert len(model.solve(X).residuals) == n_bins + len(model.prior)


def test_families_beyond_the_range_follow_the_rest_of_their_group():
    # L-beta of lead and what is harder lie above 12 keV.
    model = model_of(spectrum(), end=12.0)
    solution = model.solve(X)
    assert model.areas(solution.amplitudes)["Pb_L"] == pytest.approx(2e5, rel=0.01)
    mine = model.columns["Pb_L"]
    shares = solution.amplitudes[mine] / solution.amplitudes[mine].sum()
    energies = {
        family: line_group("Pb_L").energies for family in (model.table.labels[i][1] for i in mine)
    }
    assert len(energies) == len(mine)
    np.testing.assert_allclose(shares, model.table.shares[mine], rtol=0.05)
    assert not np.allclose(model.followers, np.eye(model.n_lines))
    np.testing.assert_array_equal(model_of(spectrum()).followers, np.eye(model.n_lines))


@pytest.mark.parametrize("end", [9.0, 10.0])
def test_a_group_at_the_end_of_the_range_follows_what_there_is_of_it(end):
    """The families of which half is inside, or else the one of which there is most."""
    model = model_of(spectrum(), end=end)
    mine = model.columns["Pb_L"]
    inside = model.table.render(model.binned.edges, typical_detector()).sum(axis=0)[mine]
    assert (inside.max() < 0.5) == (end == 9.0)
    leading = inside.argmax()
    followers = model.followers[np.ix_(mine, mine)]
    shares = model.table.shares[mine]
    np.testing.assert_allclose(followers[:, leading], shares / shares[leading])
    assert not np.delete(followers, leading, axis=1).any()
    others = model.columns["Fe_K"]
    np.testing.assert_array_equal(model.followers[np.ix_(others, others)], np.eye(len(others)))


def test_compton_peaks_and_a_bad_fit_count_less():
    base = spectrum(continuum=200.0, anode="Rh")
    scattered = spectrum(continuum=200.0, anode="Rh", compton=2e5)

    def weights(counts, stage=AXIS):
        model = model_of(counts, anode="Rh", stage=stage)
        model.reweigh(X, model.solve(X))
        return model

    model = weights(scattered)
    centers = (model.binned.edges[1:] + model.binned.edges[:-1]) / 2
    peak = int(np.argmin(np.abs(centers - 19.1)))
    smooth = smoothed(model.binned.counts)
    compton = smooth[peak] - smoothed(weights(base).binned.counts)[peak]
    background = smooth[peak] - compton
    error = 0.01 * smooth[peak] + 0.1 * compton + 0.02 * background
    # The continuum of the fit takes some counts of such a wide peak, or gives it some.
    assert np.sqrt(model.variance[peak]) == pytest.approx(error, rel=0.08)
    quiet = int(np.argmin(np.abs(centers - 8.5)))
    error = 0.03 * smooth[quiet]
    assert model.variance[quiet] == pytest.approx(smooth[quiet] + error**2 + 1, rel=0.05)
    assert np.all(model.weights <= 1 / np.sqrt(model.variance) * (1 + 1e-12))

    strange = base + 5e4 * model_of(base, ["Br_K"]).table.render(
        0.02 * (np.arange(ENERGY.size + 1) - 0.5), typical_detector()
    ).sum(axis=1)
    model = weights(strange)
    ratio = model.weights * np.sqrt(model.variance)
    assert ratio[np.argmin(np.abs(centers - 11.92))] < 0.4
    assert ratio[np.argmin(np.abs(centers - 5.0))] == pytest.approx(1)
