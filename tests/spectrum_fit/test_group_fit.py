"""Fit of a sum spectrum by accepted line groups, on spectra without noise whose truth is known."""

import numpy as np
import pytest

from skxrf.physics import DetectorResponse
from skxrf.physics._line_table import EXACT, line_table
from skxrf.spectrum_fit._competitors import FOOT
from skxrf.spectrum_fit._group_fit import GroupFit, explained, solved
from skxrf.spectrum_fit._identification_rule import RULE
from skxrf.spectrum_fit._model import smoothed
from skxrf.spectrum_fit._unknown_peaks import UnknownPeak
from tests.spectrum_fit.conftest import exact

CANDIDATES = [
    "Ca_K",
    "Ti_K",
    "Mn_K",
    "Fe_K",
    "Co_K",
    "Cu_K",
    "Pb_L",
    "Rh_L",
    "Rh_K",
    "Ru_K",
    "Ag_K",
]
TRUE = {"Ca_K": 2e4, "Fe_K": 3e5, "Pb_L": 1e5}


def centers(model):
    return (model.edges[1:] + model.edges[:-1]) / 2


def group_fit(areas=TRUE, **options):
    return exact(GroupFit, CANDIDATES, areas, **options)


@pytest.fixture(scope="module")
def fitted():
    model = group_fit()
    model.start()
    for _ in range(3):
        fit = model.refit()
    return model, fit


def test_what_there_is_is_found_with_its_counts_and_nothing_else(fitted):
    model, fit = fitted
    assert model.areas == pytest.approx(TRUE, rel=0.01)
    np.testing.assert_allclose(fit.model, model.counts, rtol=0.03, atol=3)
    assert model.fitted == list(model.areas)
    # The clear ones in the first place.
    assert set(group_fit().clear(0.1)) == {"Fe_K", "Pb_L"}


@pytest.mark.parametrize(("copper", "seen"), [(50.0, False), (1000.0, True)])
def test_what_stands_out_of_the_noise_is_accepted_first(copper, seen):
    model = group_fit({"Fe_K": 1e5, "Cu_K": copper})
    model.start()
    assert set(model.areas) == {"Fe_K"} | ({"Cu_K"} if seen else set())


def test_line_groups_that_are_required_stay():
    model = group_fit({"Fe_K": 1e5}, anode="Rh")
    assert model.kept == model.tube == ["Rh_L"]
    model.start()
    model.refit()
    assert "Rh_L" in model.areas
    assert 1 <= model.areas["Rh_L"] < 50


def test_absent_line_groups_have_no_counts_beside_the_others(fitted):
    model, fit = fitted
    area, error = model.scores(fit)
    for name in set(CANDIDATES) - set(TRUE):
        i = model.place[name]
        assert abs(area[i]) < error[i]
    # One that is left out is what it was.
    for name, counts in TRUE.items():
        area, error = model.scores(model.fit(leave_out=[name]))
        assert area[model.place[name]] == pytest.approx(counts, rel=0.02)
        assert area[model.place[name]] > 50 * error[model.place[name]]


def test_limits_are_as_significant_as_is_asked_for(fitted):
    model, fit = fitted
    error = model.scores(fit)[1]
    for name, limit in zip(CANDIDATES, model.limits(error), strict=True):
        i = model.place[name]
        spectrum, weights = model.whole[:, i], model.weights
        # Variance that so many counts of its own add to that of an area.
        estimator = spectrum * weights / (spectrum**2 @ weights)
        own = estimator**2 @ (limit * spectrum)
        needed = RULE.uncommon_significance if name == "Ru_K" else RULE.significance
        assert model.needed(name) == needed
        assert limit == pytest.approx(needed * np.hypot(error[i], np.sqrt(own)), rel=1e-6)


def test_counts_of_others_are_those_in_the_place_of_the_main_line(fitted):
    model, _ = fitted
    others = dict(zip(CANDIDATES, model.of_others(), strict=True))
    # Nothing else lies at iron, but its K-beta lines at cobalt.
    assert others["Fe_K"] < 0.01 * TRUE["Fe_K"]
    assert others["Ru_K"] < 100
    assert 1e4 < others["Co_K"] < 1e5


def test_one_column_explains_the_square_of_its_significance(fitted):
    model, _ = fitted
    fit = model.fit(leave_out=["Ca_K"])
    area, error = fit.scores(model.whole)
    for name in ("Ca_K", "Ti_K", "Co_K"):
        i = model.place[name]
        alone = explained(fit, model.whole[:, [i]])
        assert alone == pytest.approx(max(area[i] / error[i], 0) ** 2, rel=1e-3, abs=1e-6)
    both = explained(fit, model.whole[:, [model.place["Ca_K"], model.place["Ti_K"]]])
    assert both >= explained(fit, model.whole[:, [model.place["Ca_K"]]]) - 1e-6


def test_a_hump_is_broader_than_a_line():
    place = CANDIDATES.index("Cu_K")
    line = group_fit({"Fe_K": 1e5, "Cu_K": 1e4})
    peak = np.exp(-0.5 * ((centers(line) - line.energies[place]) / 0.25) ** 2)
    hump = group_fit({"Fe_K": 1e5}, more=300 * peak)
    for model, is_hump in ((line, False), (hump, True)):
        model.start()
        model.refit()
        assert model.is_hump(model.fit(leave_out=["Cu_K"]), place) == is_hump


@pytest.mark.parametrize("shift", [-0.04, 0.0])
def test_rate_and_place_of_sum_peaks_are_found(shift):
    rate = 2e-8
    model = group_fit({"Fe_K": 3e6, "Ca_K": 1e6}, rate=rate, shift=shift)
    model.start()
    model.refit()
    model.shift_sums()
    for _ in range(3):
        model.refit()
    assert model.sum_shift == shift
    assert model.rate == pytest.approx(rate, rel=0.1)
    assert set(model.areas) == {"Fe_K", "Ca_K"}


@pytest.mark.parametrize("anode", ["Rh", "Ag", None])
def test_the_anode_is_the_one_whose_lines_are_scattered(anode):
    more = 0.0
    if anode is not None:
        parts = line_table((), (anode,), detail=EXACT).render(group_fit().edges, DetectorResponse())
        more = 3e3 * parts.sum(axis=1)
    model = group_fit(more=more)
    model.start()
    model.refit()
    assert model.scattering_anode() == anode


def test_lines_of_an_element_are_no_scattered_ones():
    model = group_fit(TRUE | {"Ag_K": 2e4})
    model.start()
    model.refit()
    assert model.scattering_anode() is None


def test_residuals_widen_the_errors_around_them(fitted):
    model, _ = fitted
    np.testing.assert_allclose(model.around(model.whole), model.around(7 * model.whole))
    assert (model.around(model.whole) >= 1 - 1e-9).all()
    assert model.around(model.whole).max() < 1.5
    bent = group_fit(more=200 * (1 + np.sin(30 * centers(group_fit()))))
    bent.start()
    bent.refit()
    wide = bent.around(bent.whole)
    assert wide[bent.place["Cu_K"]] > 3
    plain = bent.scores(bent.fit())[1]
    bent.inflated = True
    inflated = bent.scores(bent.fit())[1]
    assert (inflated >= plain).all()
    assert inflated[bent.place["Ru_K"]] > 1.5 * plain[bent.place["Ru_K"]]


@pytest.fixture(scope="module")
def learned():
    """A fit with scattered lines and a peak of unknown origin, and what was learned from it."""
    table = line_table((), ("Rh",), detail=EXACT)
    scattered = 5e3 * table.render(group_fit().edges, DetectorResponse()).sum(axis=1)
    place = 8.6 - centers(group_fit())
    model = group_fit(anode="Rh", more=scattered + 400 * np.exp(-0.5 * (place / 0.12) ** 2))
    model.start()
    model.areas.pop("Cu_K", None)
    model.unknown = [UnknownPeak(8.6, 1.5, 5e3)]
    for _ in range(3):
        model.refit()
    fit = model.fit()
    model._learn(fit)
    return model, fit


def of_kind(model, fit, *kinds):
    """Counts of the components whose names end in some words."""
    first = len(model.fitted)
    return sum(
        fit.amplitudes[first + i] * part.spectrum
        for i, part in enumerate(model.parts)
        if part.name.endswith(kinds)
    )


def test_errors_of_the_model_are_shares_of_what_it_consists_of(learned):
    model, fit = learned
    measured = smoothed(model.counts)
    smooth = np.maximum(np.maximum(fit.model, 0), measured / 4)
    continuum, scatter, unknown = (
        np.clip(of_kind(model, fit, kind), 0, measured) for kind in ("continuum", "scatter", "keV")
    )
    lines = np.maximum(smooth - continuum - scatter, 0)
    np.testing.assert_allclose(model.lines, lines)
    foot = np.maximum(of_kind(model, fit, *FOOT), 0)
    np.testing.assert_allclose(model.foot, foot, atol=1e-9)
    assert (foot == 0).any()
    around = np.max([np.roll(lines, k) for k in (-1, 0, 1)], axis=0)
    error = 0.01 * around + 0.002 * continuum + 0.03 * scatter + 0.1 * unknown
    inside = slice(1, -1)
    np.testing.assert_allclose(model.variance[inside], (smooth + error**2 + 1)[inside], rtol=1e-9)
    np.testing.assert_allclose(model.weights * model.variance, 1)
    assert unknown.max() > 300
    assert scatter.max() > 100


def test_a_fit_that_misses_counts_is_less_certain_there(learned):
    model, fit = learned
    squares = (model.counts - fit.model) ** 2 / model.variance
    n = model.n_local
    assert n == 31  # 0.6 keV in bins of 20 eV, odd
    around = np.convolve(squares, np.ones(n) / n, mode="valid")
    half = n // 2
    np.testing.assert_allclose(model.inflation[half:-half], np.maximum(around, 1), rtol=1e-9)


def test_scattered_peaks_may_depart_by_a_share_of_themselves(learned):
    model, _ = learned
    counts = np.array([5e3] * len(model.scatter))
    np.testing.assert_allclose(model.mixture.sum(), counts.sum(), rtol=0.05)
    whole, *single = model._scattered()
    assert {one.name for one in (whole, *single)} == {"Rh scatter"}
    assert whole.size == np.inf
    np.testing.assert_allclose(
        whole.spectrum, np.stack(model.scatter).T @ model.mixture / model.mixture.sum()
    )
    np.testing.assert_allclose([one.size for one in single], RULE.scatter_spread * model.mixture)
    counts[:2] = -5.0, 1e6
    least = RULE.least_scattered * model.counts.sum() / counts.size
    np.testing.assert_allclose(model._mixture(counts)[:2], [least, 1e6])
    assert group_fit()._scattered() == []


def test_the_continuum_has_a_knot_every_three_widths():
    model = group_fit()
    splines = np.stack([one.spectrum for one in model.always if one.name == "continuum"])
    np.testing.assert_allclose(splines.sum(axis=0), np.diff(model.edges))
    # Each part between knots is of one cubic: where the middle ones have their tops, knots are near.
    tops = centers(model)[splines[3:-3].argmax(axis=1)]
    widths = 3 * DetectorResponse().fwhm(tops[:-1])
    np.testing.assert_allclose(np.diff(tops), widths, rtol=0.12)
    assert all(one.size == np.inf for one in model.always if one.name == "continuum")


def test_a_new_spectrum_is_known_to_three_percent_and_its_pile_up_to_be_below_five():
    model = group_fit()
    smooth = smoothed(model.counts)
    np.testing.assert_allclose(model.variance, smooth + (0.03 * smooth) ** 2 + 1)
    np.testing.assert_allclose(model.weights, 1 / model.variance)
    pairs = model.pile_ups[0.0].sum()
    assert model.rate == model.most == pytest.approx(0.05 * model.counts.sum() / pairs)
    assert model.least_rate == pytest.approx(1e-4 * model.most)
    assert set(model.pile_ups) == set(RULE.sum_shifts)
    assert (model.areas, model.unknown, model.inflated) == ({}, [], False)
    np.testing.assert_array_equal(model.inflation, 1)


def test_a_group_is_known_by_its_other_lines_alone(learned):
    model, _ = learned
    fit = model.fit(leave_out=["Pb_L"])
    rendered, shares, names = model.families("Pb_L")
    assert list(shares) == sorted(shares, reverse=True)
    assert names[0] == "L3-M"
    rest = rendered[:, 1:] @ shares[1:]
    counts, error = model.by_partners(fit, "Pb_L")
    information, right = fit.reduced(np.column_stack([rendered[:, 0], rest]))
    expected = np.linalg.solve(information, right)[1]
    assert counts == pytest.approx(expected, rel=1e-4)
    assert counts == pytest.approx(TRUE["Pb_L"], rel=0.05)
    noise = np.sqrt(np.linalg.inv(information)[1, 1] * model.around(rest[:, None])[0])
    square = rest @ rest
    others = 0.01 * max(rest @ model.lines / square - counts, 0)
    foot = 0.1 * (rest @ model.foot) / square
    assert error == pytest.approx(np.sqrt(noise**2 + others**2 + foot**2), rel=1e-4)


def test_an_absent_group_is_known_by_what_tells_most_of_it(learned):
    model, fit = learned
    errors = model.scores(fit)[1]
    errors[model.place["Mn_K"]] = 1e9
    least = model.least_errors(fit, errors)
    for name, error, found in zip(CANDIDATES, errors, least, strict=True):
        partners = model.by_partners(fit, name)[1]
        usual = name != "Ru_K" and name not in model.areas
        assert found == pytest.approx(min(error, partners) if usual else error), name
    assert errors[model.place["Mn_K"]] == 1e9


def test_errors_that_residuals_and_other_lines_inflate(learned):
    model, fit = learned
    area, error = model.scores(fit)
    model.inflated = True
    found, total = model.scores(fit)
    model.inflated = False
    others, n = model.of_others(), model.n_local
    for i, name in enumerate(CANDIDATES):
        share = model.whole[:, i] ** 2 * model.weights
        share /= share.sum()
        own = share @ np.convolve(share, np.ones(n) / n, mode="same")
        explained_there = (max(area[i], 0) / error[i]) ** 2 * own
        around = max(model.inflation @ share - explained_there, 1)
        foot = model.foot @ model.main[:, i] / (model.main[:, i] @ model.main[:, i])
        foot /= model.main_shares[i]
        expected = np.sqrt(error[i] ** 2 * around + (0.01 * others[i]) ** 2 + (0.1 * foot) ** 2)
        by_partners = found[i] != area[i]
        assert total[i] == pytest.approx(expected, rel=1e-3) or by_partners, name
        if by_partners:
            assert 5 * error[i] < area[i] < 5 * expected
            assert (found[i], total[i]) == model.by_partners(fit, name)


def test_what_is_kept_is_at_least_a_count_and_what_fades_is_dropped_and_refused():
    model = group_fit({"Fe_K": 1e5}, anode="Rh")
    model.start()
    assert model.areas["Rh_L"] == pytest.approx(1e-3 * model.counts.sum())
    model.areas |= {"Ti_K": 500.0, "Mn_K": 500.0}
    model.undecided["Mn_K"] = "Fe_K"
    fit = model.fit()
    model._learn(fit)
    assert "Ti_K" not in model.areas
    assert model.refusals == {"Ti_K": 1, "Mn_K": 1}
    assert model.areas["Rh_L"] >= 1


@pytest.mark.parametrize(("factor", "kept"), [(0.5, False), (0.7, True)])
def test_an_accepted_group_stays_above_part_of_the_significance(factor, kept):
    model = group_fit({"Fe_K": 1e5})
    model.start()
    model.areas["Cu_K"] = 100.0
    fit = model.fit()
    place = model.fitted.index("Cu_K")
    fit.amplitudes[place] = factor * RULE.significance * fit.errors[place]
    model._learn(fit)
    assert ("Cu_K" in model.areas) == kept


def test_amplitudes_in_a_basis():
    information, right = np.array([[4.0, 1.0], [1.0, 2.0]]), np.array([9.0, 4.0])
    counts, errors = solved(information, right, np.eye(2))
    np.testing.assert_allclose(counts, [2.0, 1.0])
    np.testing.assert_allclose(errors, np.sqrt([2 / 7, 4 / 7]))
    counts, errors = solved(information, right, np.array([[1.0, 0.5]]))
    assert (counts, errors) == (pytest.approx([11 / 5.5]), pytest.approx([5.5**-0.5]))
