import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skxrf.exceptions import SkxrfError
from skxrf.simulation._layers import Layer, MaterialTable, stack_arrays, stack_elements
from skxrf.simulation._materials import material, materials

PAINT = Layer({"azurite": 0.8, "egg yolk": 0.2}, thickness_um=40)
GROUND = Layer({"gypsum": 0.9, "animal glue": 0.1}, thickness_um=500)


def test_mass_of_one_material_is_density_times_thickness():
    assert Layer({"vermilion": 1}, thickness_um=10).mass == pytest.approx(8.1 * 1e-3)


def test_volumes_of_a_mixture_add_up():
    mixed = Layer({"lead white": 3, "linseed oil": 1}, thickness_um=10)
    volume = 3 / material("lead white").density + 1 / material("linseed oil").density
    assert mixed.density == pytest.approx(4 / volume)
    assert Layer(mixed.mixture, areal_mass=0.02).mass == 0.02


@pytest.mark.parametrize(
    ("mixture", "thickness", "message"),
    [
        ({"azurite": 1}, {"thickness_um": -1}, "thickness_um.*negative"),
        ({"azurite": 1}, {"thickness_um": float("nan")}, "thickness_um.*negative"),
        ({"azurite": 1}, {"areal_mass": -0.1}, "areal_mass.*negative"),
        ({"azurite": 1}, {}, "either thickness_um"),
        ({"azurite": 1}, {"thickness_um": 1, "areal_mass": 1}, "either thickness_um"),
        ({"azurite": -1, "chalk": 2}, {"thickness_um": 1}, "not negative"),
        ({}, {"thickness_um": 1}, "needs shares"),
        ({"azurit": 1}, {"thickness_um": 1}, "did you mean 'azurite'"),
    ],
)
def test_bad_layers(mixture, thickness, message):
    with pytest.raises(SkxrfError, match=message):
        Layer(mixture, **thickness)


def test_stacks_of_unlike_depth():
    compositions, masses = stack_arrays([[PAINT, GROUND], [GROUND]])
    assert_allclose(masses, [[PAINT.mass, GROUND.mass], [GROUND.mass, 0]])
    assert_allclose(compositions.sum(axis=2), [[1, 1], [1, 0]])
    assert_allclose(compositions[0, 1], compositions[1, 0])


def test_the_elements_asked_for_are_the_last_axis():
    held = stack_elements([[PAINT], [GROUND]])
    asked = (*reversed(held), "Xe")
    compositions, _ = stack_arrays([[PAINT], [GROUND]], asked)
    own, _ = stack_arrays([[PAINT], [GROUND]])
    assert held == tuple(sorted(held))
    assert_allclose(compositions[..., :-1], own[..., ::-1])
    assert_array_equal(compositions[..., -1], 0)


def test_a_missing_element_is_an_error():
    with pytest.raises(SkxrfError, match=r"contain .*Cu"):
        stack_arrays([[PAINT]], ("C", "H", "O"))


def test_traces_are_drawn_within_their_ranges():
    n = 400
    compositions, _ = stack_arrays([[Layer({"zinc white": 1}, thickness_um=5)]] * n, random_state=0)
    elements = stack_elements([[Layer({"zinc white": 1}, thickness_um=5)]])
    for symbol, (low, high) in material("zinc white").traces.items():
        ppm = 1e6 * compositions[:, 0, elements.index(symbol)]
        assert low <= ppm.min() < low * (high / low) ** 0.1
        assert high >= ppm.max() > high * (low / high) ** 0.1
        # Log-uniform: half of them lie below the geometric middle.
        assert np.mean(ppm < np.sqrt(low * high)) == pytest.approx(0.5, abs=0.1)
    assert_allclose(compositions.sum(axis=2), 1)


@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(materials())), st.floats(0.01, 1)), min_size=1, max_size=5
    ),
    st.integers(0, 2**32 - 1),
)
def test_mass_fractions_sum_to_one(parts, seed):
    table = MaterialTable(sorted({name for name, _ in parts}))
    shares = np.zeros((1, len(table.names)))
    for name, share in parts:
        shares[0, table.names.index(name)] += share
    for rng in (None, np.random.default_rng(seed)):
        found = table.compositions(shares, rng)
        assert_allclose(found.sum(axis=1), 1, atol=1e-12)
        assert found.min() >= 0


def test_typical_traces_are_the_mean_of_the_materials():
    shares = np.array([[0.25, 0.75]])
    table = MaterialTable(("azurite", "lead white"))
    expected = sum(
        share * material(name).mass_fractions.get("Pb", 0)
        for name, share in zip(table.names, shares[0], strict=True)
    )
    assert table.compositions(shares)[0, table.elements.index("Pb")] == pytest.approx(expected)
