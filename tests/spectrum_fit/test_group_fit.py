"""Fit of a sum spectrum by accepted line groups, on spectra without noise whose truth is known."""

import numpy as np
import pytest

from skxrf.physics import DetectorResponse
from skxrf.physics._line_table import EXACT, line_table
from skxrf.spectrum_fit._group_fit import GroupFit, explained
from skxrf.spectrum_fit._identification_rule import RULE
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
