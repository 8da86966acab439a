"""Errors estimated without truth against the truth of a scene that is known exactly."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from skxrf.audit._map_error import block_mean, map_errors
from skxrf.audit._reference import linear_reference
from skxrf.audit._tiles import spread_tiles
from tests.audit.conftest import GROUPS, make_scene


def estimate(scene, method, n_splits=10, n_runs=4, seed=0):
    reference = linear_reference(scene.fit, scene.spectra)
    blocks = spread_tiles(scene.cube.shape[:2], 10**6).blocks
    return map_errors(
        "method",
        method,
        scene.cube,
        reference,
        blocks,
        n_splits=n_splits,
        n_runs=n_runs,
        random_state=seed,
    )


def true_rmse(found, scene):
    values = found.maps["intensity"].to_numpy().reshape(scene.truth.shape)
    return np.sqrt(((values - scene.truth) ** 2).mean(axis=0))


def smoothed(scene):
    def method(cube):
        maps = scene.weighted_fit(cube)["intensity"]
        return maps.copy(data=gaussian_filter(maps.to_numpy(), (1.5, 1.5, 0)))

    return method


def scaled(scene, factor):
    return lambda cube: scene.weighted_fit(cube)["intensity"] * factor


def offset(scene, counts):
    # In proportion to the dose, as a background is.
    total = float(scene.cube.sum())
    return lambda cube: scene.weighted_fit(cube)["intensity"] + counts * float(cube.sum()) / total


def clipped(scene):
    return lambda cube: (scene.weighted_fit(cube)["intensity"] - 20).clip(min=0)


def constant(scene):
    """Maps that use no counts of a pixel: no covariance with its noise."""

    def method(cube):
        maps = scene.weighted_fit(cube)["intensity"]
        return maps.mean(("y", "x")).broadcast_like(maps).transpose(*maps.dims)

    return method


METHODS = {
    "fit": lambda scene: scene.weighted_fit,
    "smoothed": smoothed,
    "scaled": lambda scene: scaled(scene, 0.9),
    "offset": lambda scene: offset(scene, 15.0),
    "clipped": clipped,
    "constant": constant,
}


@pytest.mark.parametrize("name", METHODS)
def test_the_estimate_is_the_true_error(scene, name):
    found = estimate(scene, METHODS[name](scene))
    ratio = found.table["rmse"] / true_rmse(found, scene)
    assert list(found.table.index) == GROUPS
    # 1,920 pixels: the squares of normal noise average to 3.2 % of their mean, 1.6 % of the root.
    assert (abs(ratio - 1) < 0.08).all(), ratio
    assert abs(ratio.mean() - 1) < 0.05


def test_the_estimate_is_unbiased_and_its_error_honest():
    off, relative = [], []
    for seed in range(12):
        scene = make_scene(seed, counts=0.3, shape=(32, 32))
        found = estimate(scene, smoothed(scene), n_runs=2, seed=seed)
        true = true_rmse(found, scene) ** 2
        for k in range(len(GROUPS)):
            mean, error = block_mean(found.squared[:, k], found.blocks, found.paints)
            off.append((mean - true[k]) / error)
            relative.append(mean / true[k])
    assert abs(np.mean(relative) - 1) < 0.05
    assert 0.5 < np.sqrt(np.mean(np.square(off))) < 1.6


def test_methods_are_told_apart_far_below_the_noise_of_either():
    scene = make_scene(1)
    one, two = (estimate(scene, scaled(scene, factor)) for factor in (0.98, 0.97))
    differences = [
        block_mean(two.squared[:, k] - one.squared[:, k], one.blocks, one.paints)
        for k in range(len(GROUPS))
    ]
    true = true_rmse(two, scene) ** 2 - true_rmse(one, scene) ** 2
    np.testing.assert_allclose([mean for mean, _ in differences], true, rtol=0.15)


def test_a_wrong_template_is_not_seen():
    """The blind spot that the audit states: method and reference share their templates."""
    scene = make_scene(2)
    scene.fit.components_[2] *= 1.1  # net intensities of iron come out 10 % too low
    found = estimate(scene, scene.weighted_fit)
    true = true_rmse(found, scene)
    assert found.table.loc["Fe_K", "rmse"] < 0.8 * true[2]
    assert found.table.loc["Ca_K", "rmse"] == pytest.approx(true[0], rel=0.08)


def test_the_error_of_regions_and_its_map(scene):
    left = np.indices(scene.cube.shape[:2])[1].ravel() < 20
    cube = scene.cube.assign_coords(x=np.arange(40), y=np.arange(48))

    def halved(part):
        maps = scene.weighted_fit(part)["intensity"].assign_coords(x=np.arange(40))
        return maps.where(maps["x"] >= 20, 0.5 * maps)

    scene_with_axes = type(scene)(cube, scene.truth, scene.fit)
    found = estimate(scene_with_axes, halved)
    regions = found.by_region(left.astype(int))
    assert (regions.loc[1] > 2 * regions.loc[0]).all()
    errors = found.error_map(20)
    assert errors.sizes == {"y": 3, "x": 2, "element": 4}
    assert (errors[:, 0] > 2 * errors[:, 1]).all()


@pytest.mark.parametrize("lost", ["always", "once"])
def test_a_line_group_lost_in_fewer_counts(scene, lost):
    total = int(scene.cube.sum())
    runs = []

    def method(cube):
        maps = scene.weighted_fit(cube)["intensity"]
        runs.append(cube)
        keep = int(cube.sum()) == total or (lost == "once" and len(runs) > 2)
        return maps if keep else maps.drop_sel(element="Ti_K")

    found = estimate(scene, method, n_runs=3).table["rmse"]
    whole = estimate(scene, scene.weighted_fit, n_runs=3).table["rmse"]
    if lost == "always":
        assert np.isnan(found["Ti_K"])
    else:
        assert found["Ti_K"] == pytest.approx(whole["Ti_K"], rel=0.1)
    np.testing.assert_array_equal(found.drop("Ti_K"), whole.drop("Ti_K"))


def test_more_runs_than_one_agree(scene):
    one, many = (estimate(scene, scene.weighted_fit, n_runs=n).table for n in (1, 6))
    np.testing.assert_allclose(one["rmse"], many["rmse"], rtol=0.1)


def test_the_same_seed_gives_the_same_estimate(scene):
    one, two = (estimate(scene, scene.weighted_fit, n_runs=1, seed=4) for _ in range(2))
    np.testing.assert_array_equal(one.squared, two.squared)
