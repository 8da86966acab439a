"""The forward model: conservation, linearity, saturation, seeds, Poisson statistics."""

import numpy as np
import pytest

from skxrf.exceptions import LineGroupError, SkxrfError
from skxrf.simulation import Instrument
from skxrf.simulation._forward import AxisError, ForwardModel
from skxrf.simulation._rendering import Renderer, simulate_batches

ELEMENTS = ("C", "Ca", "Cu", "Fe", "O", "Pb")
CALCITE = {"Ca": 0.4004, "C": 0.12, "O": 0.4796}
HEMATITE = {"Fe": 0.6994, "O": 0.3006}
LEAD_WHITE = {"Pb": 0.8014, "C": 0.031, "O": 0.1676}


@pytest.fixture(scope="module")
def model():
    scanner = Instrument.m6_jetstream().with_axis(0.0, 0.02, 1500)
    return ForwardModel(ELEMENTS, scanner)


def stacks(*layers_of_stacks):
    """Arrays of stacks given as lists of (mass fractions, mg/cm2)."""
    depth = max(len(layers) for layers in layers_of_stacks)
    compositions = np.zeros((len(layers_of_stacks), depth, len(ELEMENTS)))
    masses = np.zeros((len(layers_of_stacks), depth))
    for i, layers in enumerate(layers_of_stacks):
        for j, (fractions, mass) in enumerate(layers):
            compositions[i, j] = [fractions.get(symbol, 0.0) for symbol in ELEMENTS]
            masses[i, j] = mass / 1000
    return compositions, masses


def intensities(model, *layers_of_stacks, groups=("Fe_K",)):
    return model.intensities(model.photons(*stacks(*layers_of_stacks)), groups)


def test_thin_layers_are_linear_in_their_mass(model):
    thin, twice = intensities(model, [(HEMATITE, 0.01)], [(HEMATITE, 0.02)])[:, 0]
    assert twice / thin == pytest.approx(2, rel=0.005)


def test_thick_layers_saturate(model):
    counts = intensities(model, *([(HEMATITE, mass)] for mass in (10, 100, 1000, 10000)))[:, 0]
    assert np.all(np.diff(counts) >= 0)
    assert counts[3] == pytest.approx(counts[2], rel=5e-3)  # cells are not infinitely thin
    assert counts[1] < 1.3 * counts[2]


def test_a_cover_absorbs_and_never_adds(model):
    bare, covered, more = intensities(
        model,
        [(CALCITE, 50)],
        [(LEAD_WHITE, 2), (CALCITE, 50)],
        [(LEAD_WHITE, 8), (CALCITE, 50)],
        groups=("Ca_K",),
    )[:, 0]
    assert bare > covered > more > 0


def test_cutting_a_layer_changes_nothing(model):
    whole = intensities(model, [(CALCITE, 30)], groups=("Ca_K",))[0, 0]
    cut = intensities(model, [(CALCITE, 3), (CALCITE, 9), (CALCITE, 18)], groups=("Ca_K",))[0, 0]
    assert cut == pytest.approx(whole, rel=0.01)


def test_thick_light_layers_are_cut_finely_enough_for_soft_photons():
    model = ForwardModel(("S", "Si"), Instrument.m4_tornado().with_axis(0.0, 0.02, 1500))
    masses = 5.0 * np.diff(np.geomspace(1e-5, 1, 30), prepend=0.0)
    for share in ([1.0, 0.0], [0.0, 1.0]):
        whole = model.photons(np.array([[share]]), np.array([[5.0]]))
        cut = model.photons(np.tile(share, (1, 30, 1)), masses[None])
        lines = cut.lines[0] > 0
        np.testing.assert_allclose(whole.lines[0, lines], cut.lines[0, lines], rtol=0.015)


def test_dividing_thick_layers_does_not_depend_on_other_stacks(model):
    thick, thin = [(CALCITE, 20_000)], [(LEAD_WHITE, 3), (CALCITE, 30)]
    together = model.photons(*stacks(thick, thin))
    for row, stack in enumerate((thick, thin)):
        alone = model.photons(*stacks(stack))
        np.testing.assert_allclose(alone.lines[0], together.lines[row], rtol=1e-5)


def test_layers_that_are_not_there_change_nothing(model):
    plain = stacks([(LEAD_WHITE, 3), (CALCITE, 30)])
    compositions, masses = stacks([(LEAD_WHITE, 3), (HEMATITE, 0), (CALCITE, 30)])
    one, other = model.photons(*plain), model.photons(compositions, masses)
    np.testing.assert_allclose(one.lines, other.lines, rtol=1e-5)
    np.testing.assert_allclose(one.scatter, other.scatter, rtol=1e-5)


def test_lines_excite_other_lines(model):
    mixed = {
        symbol: 0.5 * (CALCITE.get(symbol, 0) + HEMATITE.get(symbol, 0)) for symbol in ELEMENTS
    }
    from skxrf.simulation._transport import fluorescence

    compositions, masses = stacks([(mixed, 200)])
    options = (compositions, masses, model.tables, model.flux, model.instrument.geometry)
    both, primary = fluorescence(*options), fluorescence(*options, secondary=False)
    calcium = model.tables.groups == "Ca_K"
    iron = model.tables.groups == "Fe_K"
    assert both[0, calcium].sum() > 1.03 * primary[0, calcium].sum()
    assert both[0, iron].sum() == pytest.approx(primary[0, iron].sum(), rel=1e-3)


def test_nothing_is_negative(model):
    rng = np.random.default_rng(0)
    compositions = rng.dirichlet(np.full(len(ELEMENTS), 0.3), size=(50, 4))
    photons = model.photons(compositions, rng.lognormal(-5, 2, (50, 4)))
    assert np.all(photons.lines >= 0)
    assert np.all(photons.scatter >= 0)
    assert np.all(np.isfinite(photons.lines))


def test_a_net_count_is_a_count_in_the_peak(model):
    lines = model.templates().lines
    # Tail, shelf and escape peaks are on top.
    inside = (model.tables.energies > 2) & (model.tables.energies < 28)
    assert np.all(lines[inside].sum(axis=1) > 0.999)
    assert np.all(lines[inside].sum(axis=1) < 1.3)


def test_the_axis_moves_peaks_where_it_says(model):
    iron = int(np.flatnonzero(model.tables.groups == "Fe_K")[0])
    energy = model.instrument.energy
    plain = model.templates().lines
    moved = model.templates(AxisError(offset=0.1, gain=1.01)).lines
    center = energy[np.argmax(plain[iron])]
    # The channel of nominal energy E holds photons of 0.1 + 1.01 E.
    assert energy[np.argmax(moved[iron])] == pytest.approx((center - 0.1) / 1.01, abs=0.021)
    wide = model.templates(AxisError(fwhm_factor=1.5)).lines
    assert wide[iron].max() == pytest.approx(plain[iron].max() / 1.5, rel=0.05)


def test_spectra_have_the_asked_counts_and_poisson_noise(model):
    renderer = Renderer(model, ("Ca_K", "Pb_L"), [AxisError()])
    one = stacks([(LEAD_WHITE, 2), (CALCITE, 50)])
    n = 1500
    many = tuple(np.repeat(array, n, axis=0) for array in one)
    seeds = np.random.SeedSequence(0).spawn(1)
    (counts, truth), = simulate_batches(
        renderer, [lambda rng: (many, np.full(n, 3000.0))], seeds
    )  # fmt: skip
    assert counts.dtype == np.uint16
    assert counts.sum(axis=1).mean() == pytest.approx(3000, rel=0.003)
    assert counts.sum(axis=1).var() == pytest.approx(3000, rel=0.15)
    np.testing.assert_allclose(truth, truth[:1].repeat(n, axis=0), rtol=1e-4)
    assert 0 < truth[0].sum() < 3000


def test_air_gives_argon_whatever_the_object_is(model):
    argon = intensities(model, [(HEMATITE, 50)], [(CALCITE, 1)], groups=("Ar_K",))[:, 0]
    assert argon[0] == pytest.approx(argon[1])
    assert argon[0] > 0


def test_pile_up_moves_counts_to_the_sum_of_energies(model):
    one = stacks([(HEMATITE, 50)])
    dose = np.array([1e5])
    slow, truth = Renderer(model, ("Fe_K",)).expected(one, dose, per_spectrum=True)
    fast, piled = Renderer(model, ("Fe_K",), count_rate=50_000).expected(
        one, dose, per_spectrum=True
    )
    energy = model.instrument.energy
    at_sum = np.abs(energy - 2 * 6.4) < 0.15
    at_line = np.abs(energy - 6.4) < 0.15
    assert fast[0, at_sum].sum() > 1.2 * slow[0, at_sum].sum()
    assert fast[0, at_line].sum() < slow[0, at_line].sum()
    assert piled[0, 0] / truth[0, 0] == pytest.approx(
        (fast[0, at_line].sum() / slow[0, at_line].sum()), rel=0.01
    )


def test_threads_change_nothing(model):
    renderer = Renderer(model, ("Ca_K",), [AxisError(), AxisError(gain=1.01)])
    compositions, masses = stacks(*([(CALCITE, mass)] for mass in range(1, 33)))

    def batch(rng):
        chosen = rng.integers(32, size=16)
        return (compositions[chosen], masses[chosen]), np.full(16, 500.0)

    runs = []
    for n_jobs in (1, 3):
        seeds = np.random.SeedSequence(5).spawn(7)
        parts = list(simulate_batches(renderer, [batch] * 7, seeds, n_jobs=n_jobs))
        runs.append(np.concatenate([counts for counts, _ in parts]))
    np.testing.assert_array_equal(*runs)


def test_unknown_groups_are_named(model):
    photons = model.photons(*stacks([(CALCITE, 1)]))
    with pytest.raises(LineGroupError, match=r"nothing in the simulation gives Hg_L.*Ca_K"):
        model.intensities(photons, ["Hg_L"])


@pytest.mark.parametrize(
    ("compositions", "masses", "message"),
    [
        (np.full((1, 1, 6), 1 / 6), np.array([[-0.1]]), "masses .* must be 0 or more"),
        (np.full((1, 1, 6), np.nan), np.array([[0.1]]), "compositions must be 0 or more"),
        (np.full((1, 1, 6), 1 / 6), np.array([[np.inf]]), "finite"),
        (np.full((1, 1, 5), 1 / 5), np.array([[0.1]]), r"expected \(n_stacks, n_layers, 6\)"),
        (np.full((1, 2, 6), 1 / 6), np.array([[0.1]]), r"expected \(n_stacks, n_layers, 6\)"),
    ],
)
def test_stacks_that_cannot_be_are_refused(model, compositions, masses, message):
    with pytest.raises(SkxrfError, match=message):
        model.photons(compositions, masses)


def test_elements_that_are_none_are_refused():
    with pytest.raises(SkxrfError, match=r"'Xx' cannot be simulated: expected .* from H to U"):
        ForwardModel(("Ca", "Xx"), Instrument.m6_jetstream())


def test_energies_beyond_the_tables_are_refused():
    scanner = Instrument.m6_jetstream()
    for ask in (scanner.efficiency, scanner.response):
        with pytest.raises(SkxrfError, match=r"tabulated from 0\.1 to 200 keV"):
            ask(np.array([5.0, 900.0]))


def test_the_caller_s_batch_changes_nothing(model):
    rng = np.random.default_rng(1)
    compositions = rng.dirichlet(np.full(len(ELEMENTS), 0.5), size=(70, 3))
    masses = rng.lognormal(-5, 1, (70, 3)) * (rng.random((70, 3)) < 0.7)
    together = model.photons(compositions, masses)
    parts = [model.photons(compositions[i : i + 9], masses[i : i + 9]) for i in range(0, 70, 9)]
    lines = np.concatenate([part.lines for part in parts])
    np.testing.assert_allclose(together.lines, lines, rtol=1e-3, atol=1e-7 * lines.max())
    scatter = np.concatenate([part.scatter for part in parts])
    np.testing.assert_allclose(together.scatter, scatter, rtol=1e-4)
