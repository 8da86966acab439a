"""Coverage of stated errors, and their correction, against the truth."""

import numpy as np
import pytest

from skxrf.audit import corrected_errors
from skxrf.audit._coverage import _present, error_coverage
from skxrf.audit._reference import linear_reference
from skxrf.audit._tiles import spread_tiles
from skxrf.exceptions import SkxrfError
from tests.audit.conftest import GROUPS


def coverage(scene, method):
    reference = linear_reference(scene.fit, scene.spectra)
    blocks = spread_tiles(scene.cube.shape[:2], 10**6).blocks
    return error_coverage("method", method, scene.cube, reference, blocks, random_state=0)


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.0])
def test_the_factor_undoes_what_errors_are_scaled_by(scene, scale):
    found = coverage(scene, lambda cube: scene.weighted_fit(cube, scale))
    assert list(found.index) == GROUPS
    np.testing.assert_allclose(found["factor"] * scale, 1, atol=0.2)
    np.testing.assert_allclose(found["within_one_after"], 0.683, atol=0.04)
    if scale == 1.0:
        np.testing.assert_allclose(found["within_one"], 0.683, atol=0.04)
    assert ((found["within_one"] > 0.683) == (scale > 1)).all() or scale == 1.0


def test_corrected_errors_cover_the_truth(scene):
    maps = scene.weighted_fit(scene.cube, 0.4)
    better = corrected_errors(maps, coverage(scene, lambda c: scene.weighted_fit(c, 0.4)))
    off = np.abs(maps["intensity"].to_numpy().reshape(scene.truth.shape) - scene.truth)
    inside = off <= better["uncertainty"].to_numpy().reshape(off.shape)
    np.testing.assert_allclose(inside.mean(axis=0), 0.683, atol=0.08)
    assert "coverage" in better.attrs["history"]
    assert maps["uncertainty"].dtype == better["uncertainty"].dtype


def test_line_groups_without_a_factor_are_left_as_they_are(scene):
    maps = scene.weighted_fit(scene.cube)
    found = coverage(scene, scene.weighted_fit).drop(index="Fe_K")
    better = corrected_errors(maps, found)
    np.testing.assert_array_equal(
        better["uncertainty"].sel(element="Fe_K"), maps["uncertainty"].sel(element="Fe_K")
    )


def test_methods_without_errors_have_no_coverage(scene):
    found = coverage(scene, lambda cube: scene.weighted_fit(cube)["intensity"])
    assert found.empty
    with pytest.raises(SkxrfError, match="no standard errors"):
        corrected_errors(scene.maps(scene.truth), found)


def test_errors_of_zero_cover_nothing(scene):
    found = coverage(scene, lambda cube: scene.weighted_fit(cube, 0.0))
    assert (found["within_one"] < 0.75).all()
    assert np.isinf(found["factor"]).all() or (found["factor"] == 0).any()


def test_empty_pixels_of_a_paint_do_not_count():
    values = np.zeros((20, 20))
    values[:, :10] = 50.0
    of_one_paint = np.zeros(400, dtype=np.intp)
    present = _present(of_one_paint, values.ravel(), np.full(400, 25.0), values.shape)
    present = present.reshape(values.shape)
    assert present[:, :10].all()
    assert not present[:, 11:].any()
