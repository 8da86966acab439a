"""Areas and calibration of stored sum spectra, against stored numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skxrf.physics import DetectorResponse, line_group
from skxrf.physics._line_table import EXACT, line_table
from skxrf.spectrum_fit._model import BinnedSpectrum, SumSpectrumModel
from skxrf.spectrum_fit._priors import AXIS, PARAMETERS
from skxrf.spectrum_fit._sum_spectrum import _Search as Search
from skxrf.spectrum_fit._sum_spectrum import calibrated, fit_sum_spectrum
from skxrf.spectrum_fit._template_model import Setup, elements_of, fit_components, template_model
from skxrf.utils.energy import bin_edges

RANGE = (1.3, 25.0)
GROUPS = ["Si_K", "S_K", "K_K", "Ca_K", "Ti_K", "Mn_K", "Fe_K", "Cu_K", "Au_L", "Pb_L", "Sr_K"]
DETECTOR = DetectorResponse(noise=0.143, fano=0.14, tail_fraction=0.001)
# Net counts with the axis and the detector as they are. The simulated truth is 838, 1029, 1675,
# 21478, 591, 2805, 48901, 4907, 5221, 6597 and 1457: thick paint absorbs the soft lines of a group.
AREAS = [
    *(814.6, 1381.1, 1454.9, 21697, 641.1, 2760.9, 49303, 4648.3, 4645.6, 6447.4, 1494.0),
]


@pytest.fixture(scope="module")
def fitted(sum_spectra):
    measured = sum_spectra["tempera_rh_faint"]
    return fit_sum_spectrum(
        measured.counts,
        measured.true,
        GROUPS,
        energy_range=RANGE,
        anode="Rh",
        refine=False,
        detector=DETECTOR,
    )


def test_areas_stay(fitted):
    found = np.array([fitted.areas[name] for name in GROUPS])
    errors = np.array([fitted.errors[name] for name in GROUPS])
    assert np.all(np.abs(found - AREAS) < np.maximum(0.3 * errors, 0.01 * np.array(AREAS)))
    assert fitted.families["Fe_K"]["beta"] == pytest.approx(0.122, abs=0.004)
    assert sum(fitted.families["Pb_L"].values()) == pytest.approx(1)


def test_parts_add_up_to_the_spectrum(sum_spectra, fitted):
    measured = sum_spectra["tempera_rh_faint"]
    inside = (measured.true >= RANGE[0]) & (measured.true <= RANGE[1])
    assert fitted.model.shape == fitted.background.shape == (inside.sum(),)
    assert fitted.model.sum() == pytest.approx(measured.counts[inside].sum(), rel=0.02)
    lines = sum(fitted.areas.values()) + sum(fitted.scatter.values()) + fitted.pile_up.sum()
    assert lines + fitted.background.sum() == pytest.approx(fitted.model.sum(), rel=0.02)


def test_a_wrong_axis_is_mended(sum_spectra):
    measured = sum_spectra["tempera_rh_faint"]
    nominal = (measured.true - 0.03) / 1.004
    fit = fit_sum_spectrum(measured.counts, nominal, GROUPS, energy_range=RANGE, anode="Rh")
    places = np.array([3.69, 6.4, 10.55])
    np.testing.assert_allclose(fit.correction((places - 0.03) / 1.004), places, atol=3e-3)
    assert float(fit.detector.fwhm(5.895)) == pytest.approx(measured.fwhm, rel=0.04)


def test_components_have_unit_area_and_the_shape_of_the_sum(sum_spectra, fitted):
    measured = sum_spectra["tempera_rh_faint"]
    inside = np.flatnonzero((measured.true >= RANGE[0]) & (measured.true <= RANGE[1]))
    edges = bin_edges(measured.true)[inside[0] : inside[-1] + 2]
    components = fit_components(
        GROUPS, fitted, edges, anode="Rh", tube_voltage=50.0, background_spacing=3.0
    )
    assert np.all(components >= 0)
    # Tails and escape peaks come on top of the one count of a line group.
    np.testing.assert_allclose(components.sum(axis=1), 1, atol=0.03)
    iron = components[GROUPS.index("Fe_K")]
    assert measured.true[inside][iron.argmax()] == pytest.approx(6.40, abs=0.02)
    scattered = components[len(GROUPS) : len(GROUPS) + 2]
    assert np.all(measured.true[inside][scattered.argmax(axis=1)] > 18.5)


def test_line_groups_stay(sum_spectra):
    measured = sum_spectra["tempera_rh_faint"]
    setup = Setup(measured.true, anode="Rh", refine=False, detector=DETECTOR)
    found = elements_of(measured.counts, setup, RANGE).components()
    # Si K of so few counts cannot be told from the detector's own.
    assert {"K_K", "Ca_K", "Ti_K", "Mn_K", "Fe_K", "Cu_K", "Au_L", "Pb_L"} <= set(found)
    assert {"Au_M", "Pb_M", "Sr_K"} <= set(found)
    assert not {"As_K", "Co_K", "Ni_K", "Zn_K", "Ba_L", "V_K", "Hg_L", "Bi_L", "Rh_K"} & set(found)


def test_required_groups_are_kept_and_bring_their_partners(sum_spectra):
    measured = sum_spectra["tempera_rh_faint"]
    setup = Setup(measured.true, anode=None, refine=False, detector=DETECTOR)
    found = elements_of(measured.counts, setup, RANGE, ["Hg_L", "Sn_K"]).components()
    assert {"Hg_L", "Hg_M", "Sn_K", "Sn_L", "Fe_K", "Ca_K"} <= set(found)
    assert "Se_K" not in found


@settings(max_examples=8, deadline=None)
@given(
    name=st.sampled_from(["tempera_rh_faint", "oil_rh", "manuscript_ag"]),
    end=st.floats(3.0, 28.0),
    wanted=st.sampled_from([[], ["Sn_K"], ["Sr_K"], ["Ba_L", "Hg_L"]]),
)
def test_no_group_has_more_counts_than_the_spectrum(sum_spectra, name, end, wanted):
    """Also where some of its lines lie beyond the end of the fitted range."""
    measured = sum_spectra[name]
    wanted = [name for name in wanted if line_group(name).main_energy < end - 0.02]
    setup = Setup(measured.true, (1.3, end), anode="Rh", refine=False, detector=DETECTOR)
    found = template_model(measured.counts, setup, wanted, None, 3.0)
    inside = measured.counts[found.channels].sum()
    for group, area in found.fit.areas.items():
        assert area < inside + 5 * found.fit.errors[group]
    assert np.all(found.components[: len(found.groups)].sum(axis=1) > 0.3)


@given(st.lists(st.floats(0, 1), min_size=len(PARAMETERS), max_size=len(PARAMETERS)))
def test_no_parameter_leaves_its_bounds_by_rounding(places):
    rows = list(PARAMETERS.values())
    origin = {
        name: row.low + place * (row.high - row.low)
        for place, (name, row) in zip(places, PARAMETERS.items(), strict=True)
    }
    search = Search(None, origin, origin)
    for end in search.bounds:
        values = search.values(end)
        assert all(row.low <= value <= row.high for row, value in zip(rows, values, strict=True))


@pytest.fixture(scope="module")
def model(sum_spectra):
    measured = sum_spectra["tempera_rh_faint"]
    binned = BinnedSpectrum.of(measured.counts, measured.true, AXIS.bin_width, RANGE)
    return SumSpectrumModel(binned, GROUPS, "Rh", AXIS)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_jacobian_gives_the_slope_of_the_cost(model, seed):
    start = {name: row.start for name, row in PARAMETERS.items()}
    start |= {"noise": 0.14, "satellites": 0.3}
    model.reweigh(start, model.solve(start))
    search = Search(model, start, start | {"noise": 0.12, "low": 0.05})
    z = np.random.default_rng(seed).uniform(-0.4, 0.4, len(PARAMETERS))
    slope = search.jacobian(z).T @ search.residuals(z)
    for k, name in enumerate(PARAMETERS):
        # The ends of tails move by whole bins: their slope is that over the step of the Jacobian.
        step = 0.01 * np.eye(z.size)[k]
        above, below = (0.5 * np.sum(search.residuals(z + sign * step) ** 2) for sign in (1, -1))
        scale = np.linalg.norm(search.jacobian(z)[:, k])
        assert slope[k] == pytest.approx((above - below) / 0.02, abs=0.03 * scale), name


def test_residuals_end_with_the_departures_from_what_is_expected(model):
    start = {name: row.start for name, row in PARAMETERS.items()}
    search = Search(model, start, start | {"high": 0.05})
    z = np.zeros(len(PARAMETERS))
    z[2] = 1.5
    expected = np.zeros(len(PARAMETERS))
    expected[1], expected[2] = -0.05 / 0.5, 1.5 * 0.003 / 0.0007
    found = search.residuals(z)
    np.testing.assert_allclose(found[-len(PARAMETERS) :], expected, atol=2e-5)
    np.testing.assert_allclose(
        found[: -len(PARAMETERS)], model.solve(search.parameters(z)).residuals
    )


def test_peaks_stay_gaussian_where_they_are_asked_for(model):
    start = {name: row.start for name, row in PARAMETERS.items()}
    for width, most in ((0.0, 2e-6), (1.0, 2.0)):
        search = Search(model, start, start | {"natural_width": width})
        place = list(PARAMETERS).index("natural_width")
        high = search.origin[place] + search.bounds[1][place] * search.steps[place]
        assert high == pytest.approx(most)


def test_without_refinement_what_is_known_holds(model):
    usual = calibrated(model, model, None, refined=False)
    assert usual == {name: row.start for name, row in PARAMETERS.items()}
    detector = DetectorResponse(noise=0.2, fano=0.13, tail_slope=0.4, natural_width=0.0)
    given = calibrated(model, model, detector, refined=False)
    assert given == {
        "low": 0.0,
        "high": 0.0,
        "curvature": 0.0,
        "noise": 0.2,
        "fano": 0.13,
        "tail_fraction": 0.0,
        "tail_slope": 0.4,
        "natural_width": 0.0,
        "satellites": 0.0,
    }


def test_a_group_that_is_not_seen_has_the_ratios_of_theory(sum_spectra):
    measured = sum_spectra["tempera_rh_faint"]
    fit = fit_sum_spectrum(
        measured.counts,
        measured.true,
        [*GROUPS, "Bi_L"],
        energy_range=RANGE,
        anode="Rh",
        refine=False,
        detector=DETECTOR,
    )
    table = line_table([*GROUPS, "Bi_L"], ("Rh",), detail=EXACT)
    for name in ("Bi_L", "Fe_K", "Pb_L"):
        mine = table.columns_of(name)
        theory = {table.labels[i][1]: table.shares[i] for i in mine}
        seen = fit.areas[name] > 3 * fit.errors[name]
        assert seen == (name != "Bi_L")
        assert (fit.families[name] == pytest.approx(theory)) != seen
    assert set(fit.scatter) == {
        " ".join(label) for label in table.labels if label[0].startswith("Rh_")
    }
    assert fit.scatter["Rh_rayleigh alpha"] > 100
    assert fit.pile_up.shape == fit.background.shape == fit.model.shape
