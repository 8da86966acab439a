"""Differences of two maps, and the reasons that are guessed."""

from dataclasses import replace

import numpy as np
import pytest

from skxrf.audit import compare_maps
from skxrf.exceptions import LineGroupError, SkxrfError
from tests.audit.conftest import GROUPS


@pytest.fixture
def noisy(scene):
    """Maps with noise of three counts, and the noise."""
    rng = np.random.default_rng(0)

    def make(values):
        return scene.maps(values + rng.normal(0, 3, values.shape), np.full(values.shape, 3.0))

    return make


def test_maps_that_differ_by_noise_only_have_no_reason(scene, noisy):
    table = compare_maps(noisy(scene.truth), noisy(scene.truth), fit=scene.fit)
    assert list(table.index) == GROUPS
    assert (table["reason"] == "").all()
    np.testing.assert_allclose(table["beyond_errors"], 0.0455, atol=0.015)
    np.testing.assert_allclose(table["rms"], 3 * np.sqrt(2), rtol=0.05)
    assert (abs(table["difference"]) < 4 * table["difference_error"]).all()


CHANGES = {
    "scale": ("scale (1.100 times)", lambda t: t * [1, 1, 1.1, 1]),
    "background": ("background (the same everywhere)", lambda t: np.add(t, [0, 0, 20, 0])),
    "overlap": ("overlap with Ca_K", lambda t: t + np.outer(t[:, 0], [0, 0.1, 0, 0])),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_reason_is_found(scene, noisy, change):
    words, function = CHANGES[change]
    overlapping = scene.fit.components_.copy()
    overlapping[1] += 0.2 * overlapping[0]
    fit = replace(scene.fit, components_=overlapping)
    table = compare_maps(noisy(scene.truth), noisy(function(scene.truth)), fit=fit)
    changed = "Ti_K" if change == "overlap" else "Fe_K"
    assert table.loc[changed, "reason"] == words
    assert table.loc[changed, "explained"] > 0.8
    assert (table.drop(changed)["reason"] == "").all()


def test_sum_peaks_are_named(scene, noisy):
    """Two counts of Ca K-alpha add up to 7.38 keV, next to Ni K-alpha (7.48 keV)."""
    changed = scene.truth.copy()
    changed[:, 3] += 3e-4 * scene.truth[:, 0] ** 2
    names = ["Ca_K", "Ti_K", "Fe_K", "Ni_K"]
    one, two = (noisy(truth).assign_coords(element=names) for truth in (scene.truth, changed))
    table = compare_maps(one, two)
    assert table.loc["Ni_K", "reason"] == "sum peak of Ca_K"
    assert (table.drop("Ni_K")["reason"] == "").all()


def test_a_wrong_axis_is_named(scene, noisy):
    true_energy = scene.fit.energy_ + np.where(scene.fit.energy_ > 6, 0.04, 0.0)
    changed = scene.truth * [1, 1, 0.9, 1]
    table = compare_maps(noisy(scene.truth), noisy(changed), fit=scene.fit, true_energy=true_energy)
    assert table.loc["Fe_K", "reason"].startswith("axis: the file states -40 eV at this line")


def test_maps_without_errors_are_compared_without_them(scene):
    table = compare_maps(scene.maps(scene.truth), scene.maps(scene.truth * 1.5))
    assert table["beyond_errors"].isna().all()
    np.testing.assert_allclose(table["slope"], 1.5, rtol=1e-6)


def test_other_scans_and_other_elements_are_refused(scene):
    maps = scene.maps(scene.truth)
    with pytest.raises(SkxrfError, match="not of the same scan"):
        compare_maps(maps, maps.isel(y=slice(0, 10)))
    with pytest.raises(LineGroupError, match="no line group in common"):
        compare_maps(maps, maps.assign_coords(element=["S_K", "K_K", "Cu_K", "Sr_K"]))
