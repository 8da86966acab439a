"""Ratios of lines by paint: each from the spectra that tell it, as far as they do."""

import numpy as np
import pytest

from skxrf.physics import DetectorResponse
from skxrf.physics._line_table import EXACT, line_table
from skxrf.physics._xraylib import edge_energy
from skxrf.spectrum_fit._nonnegative import solve_nonnegative
from skxrf.spectrum_fit._paint_templates import RatioSpread, paint_templates
from skxrf.spectrum_fit._priors import AxisCorrection
from skxrf.spectrum_fit._sum_spectrum import SumSpectrumFit
from skxrf.spectrum_fit._template_model import Setup, TemplateModel, fit_components
from skxrf.utils.energy import bin_edges

GROUPS = ["Ca_K", "Fe_K", "As_K", "Hg_L", "Pb_L"]
ENERGY = 1.5 + 0.02 * np.arange(780)
# Counts of each group in three paints: lead alone, lead with arsenic, mercury.
AREAS = np.array([[5, 2, 0, 0, 40], [3, 5, 20, 0, 20], [2, 8, 0, 30, 1]]) * 1e4
# Powers of the energy that lines are multiplied by, in common and of each paint.
COMMON, OWN = -0.8, np.array([-0.3, 0.3, -0.4])


@pytest.fixture(scope="module")
def model():
    detector, edges = DetectorResponse(), bin_edges(ENERGY)
    table = line_table(GROUPS, detail=EXACT)
    families = {
        name: {table.labels[i][1]: table.shares[i] for i in table.columns_of(name)}
        for name in GROUPS
    }
    background = 200 + 2000 * np.exp(-((ENERGY - 8) ** 2) / 30)
    fit = SumSpectrumFit(
        AxisCorrection(), detector, families, {}, {}, {}, 0 * ENERGY, background, background
    )
    components = fit_components(
        GROUPS, fit, edges, anode=None, tube_voltage=50.0, background_spacing=3.0
    )
    return TemplateModel(GROUPS, slice(0, ENERGY.size), fit, components)


def shapes(model, tilt):
    """Spectra of one count of each group, and shares of their families, tilted."""
    table = line_table(GROUPS, detail=EXACT)
    rendered = table.render(bin_edges(ENERGY), model.fit.detector)
    energies = np.bincount(table.columns, table.lines.energies * table.lines.intensities)
    energies /= np.bincount(table.columns, table.lines.intensities)
    spectra, shares = [], {}
    for name in GROUPS:
        mine = table.columns_of(name)
        share = table.shares[mine] * energies[mine] ** tilt
        shares[name] = share / share.sum()
        spectra.append(rendered[:, mine] @ shares[name])
    return np.stack(spectra), shares


def painted(model, scale=1.0, seed=0):
    expected = np.stack(
        [
            areas @ shapes(model, COMMON + own)[0] + model.fit.background
            for areas, own in zip(AREAS, OWN, strict=True)
        ]
    )
    return np.random.default_rng(seed).poisson(expected * scale).astype(float)


def distance(first, second, group):
    j = GROUPS.index(group)
    return np.abs(first[j] - second[j]).sum()


def test_each_paint_gets_its_own_ratios(model):
    found = paint_templates(model, Setup(ENERGY), painted(model, seed=2))
    # Lead beside arsenic, whose K-alpha lies on its L-alpha, is learned from the other paint.
    most = {
        (0, "Pb_L"): 0.3,
        (1, "As_K"): 0.3,
        (1, "Pb_L"): 0.5,
        (2, "Hg_L"): 0.3,
        (2, "Fe_K"): 0.3,
    }
    for (k, group), share in most.items():
        truth, _ = shapes(model, COMMON + OWN[k])
        before = distance(model.components, truth, group)
        assert distance(found.components[k], truth, group) < share * before, (k, group)


def test_lead_alone_contains_no_arsenic_though_an_edge_weakens_its_l_beta(model):
    spectra = painted(model)
    table, detector = line_table(GROUPS, detail=EXACT), model.fit.detector
    columns = table.columns_of("Pb_L")
    share = table.shares[columns].copy()
    share[[i for i, one in enumerate(columns) if table.labels[one][1].startswith("L2")]] *= 0.7
    lead = table.render(bin_edges(ENERGY), detector)[:, columns] @ (share / share.sum())
    expected = 4e5 * lead + model.fit.background
    spectra[0] = np.random.default_rng(5).poisson(expected)
    found = paint_templates(model, Setup(ENERGY), spectra)
    areas = {}
    for name, components in (("before", model.components), ("now", found.components[0])):
        weighted = components / np.sqrt(expected)
        solved = solve_nonnegative(
            (weighted @ weighted.T)[None], (weighted @ (spectra[0] / np.sqrt(expected)))[None]
        )
        areas[name] = solved[0][0, GROUPS.index("As_K")] / 4e5
    assert areas["before"] > 0.02
    assert areas["now"] < 0.005


def test_the_painting_has_what_its_paints_have_in_common(model):
    found = paint_templates(model, Setup(ENERGY), painted(model))
    truth, shares = shapes(model, COMMON)
    for group in GROUPS:
        assert distance(found.painting, truth, group) < distance(model.components, truth, group)
        assert sum(found.families[group].values()) == pytest.approx(1)
    assert found.families["Fe_K"]["beta"] == pytest.approx(shares["Fe_K"][1], rel=0.03)


def test_a_group_that_a_paint_lacks_and_a_paint_of_few_counts_have_the_paintings_ratios(model):
    spectra = painted(model)
    spectra[1] = np.random.default_rng(1).poisson(spectra[1] / spectra[1].sum() * 500)
    found = paint_templates(model, Setup(ENERGY), spectra)
    own = paint_templates(model, Setup(ENERGY), painted(model))
    moved = distance(own.components[1], own.painting, "Pb_L")
    assert distance(found.components[1], found.painting, "Pb_L") < 0.2 * moved
    moved = distance(own.components[2], own.painting, "Hg_L")
    assert distance(own.components[0], own.painting, "Hg_L") < 0.2 * moved


def test_a_paint_without_counts_changes_nothing(model):
    spectra = painted(model)
    with_empty = paint_templates(model, Setup(ENERGY), np.vstack([spectra, 0 * spectra[:1]]))
    without = paint_templates(model, Setup(ENERGY), spectra)
    np.testing.assert_allclose(with_empty.components[:3], without.components, atol=1e-4)
    np.testing.assert_allclose(with_empty.components[3], with_empty.painting, atol=1e-3)


def test_the_order_of_paints_does_not_matter(model):
    spectra = painted(model)
    forth, back = (
        paint_templates(model, Setup(ENERGY), one).components for one in (spectra, spectra[::-1])
    )
    # Sums in another order: beside arsenic, lead's ratios magnify their rounding, by processor.
    np.testing.assert_allclose(back[::-1], forth, atol=1e-4)


def test_spread_is_smooth_in_energy():
    spread = RatioSpread(absorption=0.5, outer=0.0, subshell=0.0, single=0.0)
    covariance = spread.covariance("Pb_L", ["L3-M", "L2-M", "L2-N"], np.array([10.5, 12.6, 14.8]))
    assert covariance[0, 2] < 0 < covariance[1, 2]
    ratio = np.sqrt([1, 0, 1] @ covariance @ [1, 0, 1] - 4 * covariance[0, 2])
    assert ratio == pytest.approx(0.5 * np.log(14.8 / 10.5))


def test_copper_that_absorbs_scattered_l_beta_lines_takes_no_gold_away(model):
    groups, anode, edges = ["Cu_K", "Au_L"], "W", bin_edges(ENERGY)
    detector = model.fit.detector
    table = line_table(groups, (anode,), detail=EXACT)
    rendered = table.render(edges, detector)
    columns = [table.columns_of(name) for name in (*groups, "W_rayleigh")]
    shares = [table.shares[mine] / table.shares[mine].sum() for mine in columns]
    energies = [table.lines.energies[table.columns == i].mean() for i in columns[2]]
    absorbed = shares[2] * np.where(np.array(energies) > edge_energy(29, "K"), 0.5, 1.0)
    families = {
        name: {table.labels[i][1]: share for i, share in zip(mine, of_name, strict=True)}
        for name, mine, of_name in zip(groups, columns, shares, strict=False)
    }
    scattered = [rendered[:, columns[2]] @ one / one.sum() for one in (shares[2], absorbed)]
    labels = (" ".join(label) for label in table.labels)
    scatter = dict.fromkeys(labels, 0.0)
    scatter |= {
        " ".join(table.labels[i]): 1e5 * share
        for i, share in zip(columns[2], shares[2], strict=True)
    }
    background = model.fit.background
    fit = SumSpectrumFit(
        AxisCorrection(), detector, families, {}, {}, scatter, 0 * ENERGY, background, background
    )
    components = fit_components(
        groups, fit, edges, anode=anode, tube_voltage=50.0, background_spacing=3.0
    )
    lines = [rendered[:, mine] @ share for mine, share in zip(columns, shares, strict=True)]
    copper, gold = lines[:2]
    expected = np.stack(
        [
            2e5 * scattered[0] + 5e4 * gold + background,
            6e5 * scattered[1] + 4e5 * copper + 2e4 * gold + background,
        ]
    )
    spectra = np.random.default_rng(3).poisson(expected).astype(float)
    setup = Setup(ENERGY, anode=anode)
    found = paint_templates(
        TemplateModel(groups, slice(0, ENERGY.size), fit, components), setup, spectra
    )

    def gold_in_copper(components):
        weighted = components / np.sqrt(expected[1])
        vector = weighted @ (spectra[1] / np.sqrt(expected[1]))
        return solve_nonnegative((weighted @ weighted.T)[None], vector[None])[0][0, 1]

    before, now = (abs(gold_in_copper(one) - 2e4) for one in (components, found.components[1]))
    assert before > 0.1 * 2e4
    assert now < 0.5 * before
