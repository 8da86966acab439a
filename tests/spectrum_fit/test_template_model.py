"""Range and components of the spectra of a painting."""

import numpy as np
import pytest

from skxrf.exceptions import CountsError, EnergyAxisError, LineGroupError
from skxrf.physics import DetectorResponse, line_group
from skxrf.spectrum_fit._template_model import (
    Setup,
    channels_between,
    fitted_range,
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
