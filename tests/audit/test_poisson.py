"""Counts that are no Poisson counts are told from those that are."""

import numpy as np
import pytest
from scipy.ndimage import uniform_filter

from skxrf.audit._poisson import count_dispersion
from skxrf.exceptions import CountsError
from tests.audit.conftest import make_scene


@pytest.mark.parametrize("counts", [0.1, 1.0, 30.0])
def test_poisson_counts_pass(counts):
    cube = make_scene(5, counts=counts).cube
    found = count_dispersion(cube)
    assert found.objection is None
    assert abs(found.ratio - 1) < 0.03 + 3 * found.error


def test_sums_of_detectors_are_poisson_counts():
    one, two = make_scene(5).cube, make_scene(6).cube
    assert count_dispersion(one + two).objection is None


CHANGES = {
    "multiplied": (lambda x: 4 * x, "multiples of 4"),
    "dead time": (lambda x: np.round(1.25 * x), "dead time"),
    "channels smoothed": (lambda x: np.round(uniform_filter(x, (0, 0, 3))), "smoothed"),
    "pixels summed": (lambda x: np.round(3 * uniform_filter(x, (0, 3, 0))), "neighboring pixels"),
    "pixels averaged": (lambda x: np.round(uniform_filter(x, (3, 3, 0))), "smoothed|neighboring"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_changed_counts_are_noticed(change):
    function, words = CHANGES[change]
    cube = make_scene(7, counts=10.0).cube
    changed = cube.copy(data=function(cube.to_numpy().astype(float)).astype(np.uint16))
    objection = count_dispersion(changed).objection
    assert objection is not None
    assert any(word in objection for word in words.split("|")), objection


def test_fractions_are_refused(scene):
    with pytest.raises(CountsError, match="no whole numbers"):
        count_dispersion(scene.cube * 1.1)


def test_an_empty_cube_is_refused(scene):
    with pytest.raises(CountsError, match="no counts"):
        count_dispersion(scene.cube * 0)


def test_one_row_gives_no_standard_error(scene):
    found = count_dispersion(scene.cube[:1])
    assert np.isinf(found.error)
    assert found.objection is None
