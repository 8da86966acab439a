"""Range and components of the spectra of a painting."""

import numpy as np
import pytest

from skxrf.exceptions import CountsError, EnergyAxisError, LineGroupError
from skxrf.physics import DetectorResponse, line_group
from skxrf.physics._line_table import EXACT, line_table
from skxrf.spectrum_fit._priors import AxisCorrection
from skxrf.spectrum_fit._sum_spectrum import SumSpectrumFit
from skxrf.spectrum_fit._template_model import (
    Setup,
    channels_between,
    fit_components,
    fitted_range,
    scattered_parts,
    template_model,
)
from skxrf.utils.energy import bin_edges

ENERGY = 0.02 * np.arange(1500)  # to 29.98 keV
DETECTOR = DetectorResponse()
AREAS = {"Ca_K": 2e4, "Fe_K": 5e4}


def test_default_range_reaches_the_hardest_wanted_line():
    assert fitted_range(ENERGY, [], None, 50.0) == (1.3, 17.0)
    assert fitted_range(ENERGY, ["Fe_K"], None, 50.0) == (1.3, 17.0)
    tin = line_group("Sn_K", tube_voltage=50.0)
    hardest = tin.energies[tin.intensities > 0.02].max()
    assert hardest > 28
    assert fitted_range(ENERGY, ["Sn_K", "Fe_K"], None, 50.0) == (1.3, hardest + 1)


def test_range_ends_with_the_axis():
    assert fitted_range(ENERGY[100:700], [], None, 50.0) == (2.0, pytest.approx(13.98))
    assert fitted_range(ENERGY, [], (0.5, 12), 50.0) == (0.5, 12.0)
    assert fitted_range(ENERGY, [], (-3.0, 99.0), 50.0) == (0.0, ENERGY[-1])


def test_wanted_lines_outside_are_named():
    with pytest.raises(LineGroupError) as caught:
        fitted_range(ENERGY, ["Na_K", "Fe_K", "Sn_K"], (1.3, 12.0), 50.0)
    assert str(caught.value) == (
        "Na_K (1.04 keV), Sn_K (25.27 keV) outside the fitted range of 1.30 to 12.00 keV on an axis "
        "of 1500 channels, 0.000 to 29.980 keV, 20.00 eV each: leave them out, or check energy= and "
        "energy_range=."
    )


def test_channels_of_a_range_include_its_ends():
    assert channels_between(np.arange(100.0), 10.0, 50.0) == slice(10, 51)
    assert channels_between(np.arange(100.0), 9.5, 41.0) == slice(10, 42)  # 32 of them
    with pytest.raises(EnergyAxisError) as caught:
        channels_between(np.arange(100.0), 10.0, 40.0)
    assert str(caught.value) == (
        "only 31 channels between 10 and 40 keV on an axis of 100 channels, 0.000 to 99.000 keV, "
        "1000.00 eV each: the fit needs at least 32; check energy= and energy_range=."
    )


def spectrum(areas, continuum=50.0):
    edges = bin_edges(ENERGY)
    return continuum + sum(
        area * DETECTOR.template(line_group(name), edges) for name, area in areas.items()
    )


def known(**options):
    return Setup(ENERGY, refine=False, detector=DETECTOR, **options)


def test_components_of_a_spectrum_without_noise_make_it_up():
    found = template_model(spectrum(AREAS), known(), ["Fe_K"], ["Ca_K", "Fe_K"], 3.0)
    assert found.groups == ["Fe_K", "Ca_K"]
    assert (found.channels.start, found.channels.stop) == (65, 851)
    assert found.unexplained == 0
    assert found.evidence == []
    for name, area in AREAS.items():
        assert found.fit.areas[name] == pytest.approx(area, rel=5e-3)
    np.testing.assert_allclose(found.fit.model, spectrum(AREAS)[found.channels], rtol=0.05)
    shape = DETECTOR.template(line_group("Fe_K"), bin_edges(ENERGY))[found.channels]
    np.testing.assert_allclose(found.components[0], shape, atol=2e-3 * shape.max())
    # No tube, no pile-up; the continuum from its ends in five intervals of 3 keV.
    continuum = found.components[2:]
    assert continuum.shape == (7, 786)
    np.testing.assert_allclose(continuum.sum(axis=1), 1)
    counts = np.linalg.lstsq(continuum.T, found.fit.background, rcond=None)[0]
    np.testing.assert_allclose(counts @ continuum, found.fit.background, rtol=1e-9)
    np.testing.assert_allclose(found.fit.background, 50, rtol=0.05)


def test_groups_that_are_not_asked_for_are_found_with_their_evidence():
    found = template_model(spectrum(AREAS), known(), ["Ca_K"], None, 3.0)
    assert found.groups == ["Ca_K", "Fe_K"]
    assert {one.line_group for one in found.evidence if one.answer == "present"} == set(AREAS)


def test_hard_lines_are_fitted_where_none_are_asked_for():
    counts = spectrum({**AREAS, "Cd_K": 1e4})
    found = template_model(counts, known(), [], None, 3.0)
    assert {"Ca_K", "Fe_K", "Cd_K"} <= set(found.groups)
    assert found.fit.areas["Cd_K"] == pytest.approx(1e4, rel=0.02)
    assert ENERGY[found.channels][-1] > line_group("Cd_K").energies.max()


def test_what_no_component_explains_is_stated():
    strange = spectrum(AREAS | {"Cu_K": 1e4})
    found = template_model(strange, known(), ["Fe_K", "Ca_K"], [], 3.0)
    inside = strange[found.channels].sum()
    assert found.unexplained == pytest.approx(1e4 / inside, rel=0.2)


def test_negative_sums_are_no_counts():
    pretreated = spectrum(AREAS)
    pretreated[100:103] = -40.0
    found = template_model(pretreated, known(), list(AREAS), [], 3.0)
    cut = template_model(np.maximum(pretreated, 0), known(), list(AREAS), [], 3.0)
    np.testing.assert_array_equal(found.components, cut.components)


def test_an_empty_range_is_refused():
    counts = spectrum(AREAS)
    counts[65:851] = 0
    with pytest.raises(CountsError) as caught:
        template_model(counts, known(), ["Fe_K"], [], 3.0)
    assert str(caught.value) == (
        "the spectra hold no counts between 1.3 and 17 keV: there is nothing to fit."
    )


EDGES = bin_edges(ENERGY)[65:851]


def fit_with(pile_up=0.0, rayleigh=100.0, compton=300.0, shift=0.0):
    """Fit of a sum spectrum, put together by hand: iron with strong K-beta, scattered molybdenum."""
    table = line_table(["Fe_K"], ("Mo",), detail=EXACT, thickness=DETECTOR.thickness)
    scatter = {
        " ".join(label): rayleigh if label[0].endswith("rayleigh") else compton
        for label in table.labels
        if label[0] != "Fe_K"
    }
    level = np.linspace(100.0, 300.0, EDGES.size - 1)
    fit = SumSpectrumFit(
        AxisCorrection(offset=shift),
        DETECTOR,
        {"Fe_K": {"alpha": 0.7, "beta": 0.3}},
        {},
        {},
        scatter,
        np.full(level.size, pile_up),
        level,
        np.full(level.size, 1e3),
    )
    return table, fit


def components_of(fit, *, spacing=3.0, anode="Mo"):
    return fit_components(
        ["Fe_K"], fit, EDGES, anode=anode, tube_voltage=50.0, background_spacing=spacing
    )


@pytest.mark.parametrize("shift", [0.0, 0.07])
def test_lines_have_the_ratios_and_the_axis_of_the_sum(shift):
    table, fit = fit_with(shift=shift)
    iron = table.render(EDGES + shift, DETECTOR)[:, table.columns_of("Fe_K")] @ [0.7, 0.3]
    np.testing.assert_allclose(components_of(fit)[0], iron, atol=1e-12)


def test_scattered_peaks_are_components_of_one_count():
    table, fit = fit_with()
    spectra = table.render(EDGES, DETECTOR).T
    parts = scattered_parts(fit, table, spectra, "Mo")
    components = components_of(fit)
    # Most of molybdenum's elastic lines lie beyond 17 keV, most of its Compton peaks do not.
    for k, name in enumerate(parts):
        mine = table.columns_of(name)
        counts = np.full(len(mine), 100.0 if name.endswith("rayleigh") else 300.0)
        np.testing.assert_array_equal(parts[name][0], counts)
        peak = counts @ spectra[mine]
        assert peak.sum() > 0.2 * counts.sum()
        np.testing.assert_allclose(components[1 + k], peak / peak.sum())
    assert "Mo_compton" in parts
    assert scattered_parts(fit, table, spectra, None) == {}
    assert "Mo_compton" not in scattered_parts(fit_with(compton=0.0)[1], table, spectra, "Mo")
    # A peak of which less than a fifth lies in the range is none.
    soft = table.render(EDGES[:500], DETECTOR).T
    assert scattered_parts(fit, table, soft, "Mo") == {}


@pytest.mark.parametrize(("pile_up", "seen"), [(0.011, True), (0.009, False)])
def test_pile_up_is_a_component_from_1e5_of_the_counts_on(pile_up, seen):
    few, more = components_of(fit_with()[1]), components_of(fit_with(pile_up)[1])
    assert len(more) - len(few) == seen
    if seen:
        n = 1 + len(scattered_parts(fit_with()[1], *_rendered(), "Mo"))
        np.testing.assert_allclose(more[n], 1 / more.shape[1])
        np.testing.assert_allclose(more[n + 1 :], few[n:])


def _rendered():
    table, _ = fit_with()
    return table, table.render(EDGES, DETECTOR).T


@pytest.mark.parametrize(("spacing", "n_parts"), [(3.0, 5), (1.5, 10), (40.0, 1)])
def test_the_continuum_bends_at_the_asked_distance(spacing, n_parts):
    _, fit = fit_with()
    components = components_of(fit, spacing=spacing, anode=None)
    # One more than intervals of linear parts, or a few for smoother ones; all make up the continuum.
    at_three = components_of(fit, anode=None)
    assert len(components) - len(at_three) == n_parts - 5
    counts = np.linalg.lstsq(components[1:].T, fit.background, rcond=None)[0]
    np.testing.assert_allclose(counts @ components[1:], fit.background, rtol=1e-6)
    np.testing.assert_allclose(components[1:].sum(axis=1), 1)


def test_a_soft_line_below_the_default_range_is_not_fitted_and_a_given_range_holds():
    counts = spectrum(AREAS | {"Cd_K": 2e4})
    found = template_model(counts, known(energy_range=(3.0, 12.0)), [], None, 3.0)
    assert (found.channels.start, found.channels.stop) == (150, 601)
    assert set(found.groups) == {"Ca_K", "Fe_K"}
    asked = template_model(counts, known(), ["Fe_K"], None, 3.0)
    # What is asked for decides the range: cadmium, which is there, lies beyond.
    assert ENERGY[asked.channels][-1] == pytest.approx(17.0)
    assert "Cd_K" not in asked.groups
    assert {one.line_group for one in asked.evidence if one.answer == "present"} >= {"Cd_K"}
