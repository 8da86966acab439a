import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expn

from skxrf.physics import line_group
from skxrf.physics._scatter import compton_energy
from skxrf.simulation import Instrument
from skxrf.simulation._air import gas_photons
from skxrf.simulation._scatter import _h_function, scatter_tables, scattered_photons
from skxrf.simulation._scatter_spectra import scatter_spectra

ELEMENTS = ("H", "C", "O", "Ca", "Fe", "Pb")
ACRYLIC = np.array([0.0805, 0.5998, 0.3197, 0, 0, 0])
LEAD = np.array([0, 0, 0, 0, 0, 1.0])


@pytest.fixture(scope="module")
def instrument():
    return Instrument.m6_jetstream()


@pytest.fixture(scope="module")
def beam(instrument):
    return instrument.beam()


@pytest.fixture(scope="module")
def tables(instrument, beam):
    return scatter_tables(ELEMENTS, beam, instrument.scattering_angle)


@pytest.fixture(scope="module")
def spectra(instrument, beam):
    return scatter_spectra(beam, instrument.scattering_angle)


def one_layer(composition, mass):
    return np.asarray(composition)[None, None, :], np.array([[mass]])


@settings(deadline=None, max_examples=30)
@given(
    shares=st.lists(st.floats(0.01, 1), min_size=6, max_size=6),
    masses=st.lists(st.floats(0, 1), min_size=3, max_size=3),
)
def test_photons_are_never_negative_nor_more_than_sent(tables, instrument, shares, masses):
    composition = np.array(shares) / sum(shares)
    stack = np.broadcast_to(composition, (1, 3, 6)), np.array([masses])
    scattered = scattered_photons(*stack, tables, instrument.geometry)
    assert all(np.all(part >= 0) and np.all(np.isfinite(part)) for part in scattered)
    assert np.all(sum(scattered) <= tables.flux + 1e-9)


def test_thin_layers_scatter_in_proportion(tables, instrument, beam):
    one = scattered_photons(*one_layer(ACRYLIC, 1e-6), tables, instrument.geometry)
    two = scattered_photons(*one_layer(ACRYLIC, 2e-6), tables, instrument.geometry)
    hard = beam.binned(beam.energies) > 10
    np.testing.assert_allclose(two[0][0, hard], 2 * one[0][0, hard], rtol=1e-4)
    np.testing.assert_allclose(two[1][0, hard], 2 * one[1][0, hard], rtol=1e-4)
    # One scattering more is one power of the mass more.
    np.testing.assert_allclose(two[2][0, hard], 4 * one[2][0, hard], rtol=1e-3)


# Infinite thickness: the flux times the differential cross section over the attenuation on both
# ways, (mu / sin in + mu / sin out) sin in.
def test_thick_lead_saturates(tables, instrument):
    thick, thicker = (
        scattered_photons(*one_layer(LEAD, mass), tables, instrument.geometry) for mass in (20, 40)
    )
    np.testing.assert_allclose(thick[0], thicker[0], rtol=1e-6)
    sine = np.sin(np.radians(instrument.take_off))
    rayleigh, attenuation = tables.rayleigh[5], tables.attenuation[5]
    expected = tables.flux * rayleigh / attenuation / (1 + 1 / sine)
    np.testing.assert_allclose(thick[0][0], expected, rtol=1e-9)


def test_cutting_a_layer_in_two_changes_nothing(tables, instrument):
    whole = scattered_photons(*one_layer(ACRYLIC, 0.1), tables, instrument.geometry)
    cut = np.broadcast_to(ACRYLIC, (1, 3, 6)), np.array([[0.03, 0.0, 0.07]])
    for part, same in zip(whole, scattered_photons(*cut, tables, instrument.geometry), strict=True):
        np.testing.assert_allclose(part, same, rtol=1e-9)


def test_a_lead_cover_hides_the_acrylic(tables, instrument):
    bare = scattered_photons(*one_layer(ACRYLIC, 0.5), tables, instrument.geometry)
    stack = np.stack([LEAD, ACRYLIC])[None], np.array([[0.05, 0.5]])
    covered = scattered_photons(*stack, tables, instrument.geometry)
    assert covered[1].sum() < 0.05 * bare[1].sum()


def test_many_stacks_at_once(tables, instrument):
    rng = np.random.default_rng(0)
    compositions, masses = rng.dirichlet(np.ones(6), (7, 4)), rng.gamma(1, 0.02, (7, 4))
    together = scattered_photons(compositions, masses, tables, instrument.geometry)
    for i in range(7):
        alone = scattered_photons(
            compositions[i : i + 1], masses[i : i + 1], tables, instrument.geometry
        )
        for part, single in zip(together, alone, strict=True):
            np.testing.assert_allclose(part[i], single[0], rtol=1e-9)


def isotropic_slab(albedo, depth, cosine, n=300):
    """All over single scattering of a slab, from the integral equation of its source function.

    S(t) = exp(-t / mu0) + albedo / 2 * integral of E1(|t - s|) S(s) ds (Chandrasekhar 1960).
    """
    edges = np.linspace(0, 1, n + 1) ** 1.5 * depth
    edges = (edges + depth - edges[::-1]) / 2
    centers, widths = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    second = expn(2, np.abs(edges[None, :] - centers[:, None]))
    kernel = np.abs(np.diff(second, axis=1))
    np.fill_diagonal(kernel, 2 - expn(2, centers - edges[:-1]) - expn(2, edges[1:] - centers))
    first = np.exp(-centers / cosine)
    source = np.linalg.solve(np.eye(n) - albedo / 2 * kernel, first)
    leaving = np.exp(-centers / cosine) * widths
    return (source @ leaving) / (first @ leaving)


@pytest.mark.parametrize("albedo", [0.1, 0.3, 0.5])
@pytest.mark.parametrize("depth", [0.1, 1.0, 3.0, 20.0])
def test_multiple_scattering_of_a_slab(albedo, depth):
    cosine = np.sin(np.radians(50.0))
    gain = _h_function(np.array(albedo), cosine) ** 2 - 1
    collided = -np.expm1(-2 * depth / cosine)
    assert 1 + gain * collided == pytest.approx(isotropic_slab(albedo, depth, cosine), rel=0.05)


def test_each_row_is_one_photon(beam, spectra):
    for part in (spectra.rayleigh, spectra.compton, spectra.multiple):
        assert np.all(part >= 0)
    np.testing.assert_allclose(spectra.rayleigh.sum(axis=1), 1, rtol=1e-9)
    # Softer photons cannot ionise the inner shells of paint, or leave the grid.
    hard = beam.binned(beam.energies) > 2
    np.testing.assert_allclose(spectra.compton[hard].sum(axis=1), 1, rtol=1e-9)
    np.testing.assert_allclose(spectra.multiple[hard].sum(axis=1), 1, rtol=1e-9)


def test_lines_stay_and_shift(instrument, beam, spectra):
    rhodium = line_group("Rh_K").main_energy
    row = beam.bins[
        beam.n_continuum + np.argmin(np.abs(beam.energies[beam.n_continuum :] - rhodium))
    ]
    assert spectra.energies @ spectra.rayleigh[row] == pytest.approx(rhodium, abs=1e-9)
    peak = spectra.energies[np.argmax(spectra.compton[row])]
    shifted = float(compton_energy(rhodium, instrument.scattering_angle))
    assert peak == pytest.approx(shifted, abs=0.1)


def test_tightly_bound_electrons_widen_the_compton_peak(beam):
    row = np.argmin(np.abs(beam.binned(beam.energies) - 20.0))

    def width(matrix):
        found = scatter_spectra(beam, 150.0, spread=1.0, matrix=matrix)
        mean = found.energies @ found.compton[row]
        return np.sqrt((found.energies - mean) ** 2 @ found.compton[row])

    assert width({"H": 1.0}) < width({"C": 1.0}) < width({"Al": 1.0})


def test_air_shows_argon_and_a_vacuum_does_not(instrument):
    air, vacuum = gas_photons(instrument), gas_photons(Instrument.m4_tornado())
    assert {"Ar_K"} <= set(air.tables.groups)
    assert vacuum.lines.sum() < 0.03 * air.lines.sum()
    assert air.scatter.shape == (3, instrument.beam().n_bins)
    # Thin: nothing is scattered twice.
    assert air.scatter[2].sum() < 0.01 * air.scatter[1].sum()
