"""The whole audit of a scan: tables, finished maps, bad input."""

import numpy as np
import pytest

from skxrf.audit import audit_scan
from skxrf.audit._tables import coverage_table, difference_rows, dwell_lines, error_table, seconds
from skxrf.audit._tiles import spread_tiles
from skxrf.exceptions import CountsError, SkxrfError
from tests.audit.conftest import GROUPS, make_scene


def broken(cube):
    raise RuntimeError("no licence found")


@pytest.fixture(scope="module")
def found(scene):
    cube = scene.cube.assign_coords(live_time=(("y", "x"), np.full(scene.cube.shape[:2], 0.04)))

    def half(cube):
        return scene.weighted_fit(cube)["intensity"] * 0.5

    return audit_scan(
        cube,
        {"fit": scene.weighted_fit, "half": half, "broken": broken},
        maps={"finished": scene.weighted_fit(scene.cube)},
        fit=scene.fit,
        n_runs=2,
    )


def test_methods_are_judged_and_failures_named(found, scene):
    assert found.refused is None
    assert list(found.errors) == ["fit", "half"]
    assert "no licence found" in found.failures["broken"]
    assert found.table.loc[("half", "Fe_K"), "rmse"] > 3 * found.table.loc[("fit", "Fe_K"), "rmse"]
    better = found.better("fit", "half")
    assert (better["difference"] > 5 * better["error"]).all()


def test_the_error_of_finished_maps_is_between_its_limits(found, scene):
    limits = found.finished["finished"]
    true = np.sqrt(
        ((scene.weighted_fit(scene.cube)["intensity"].to_numpy().reshape(-1, 4) - scene.truth) ** 2)
        .mean(axis=0)
    )  # fmt: skip
    assert (limits["rmse_low"] < true).all()
    np.testing.assert_allclose(limits["rmse_high"], true, rtol=0.08)


def test_all_pairs_are_compared(found):
    assert list(found.comparisons) == [("fit", "half"), ("fit", "finished"), ("half", "finished")]
    assert found.comparisons["fit", "half"].loc["Fe_K", "reason"] == "scale (0.500 times)"


def test_the_tables_are_text(found):
    rows = error_table(found)
    assert rows[0] == ["", "mean", "photon noise", "fit", "half", "finished"]
    assert [row[0] for row in rows[1:]] == [name.replace("_", " ") for name in GROUPS]
    assert " ± " in rows[1][3]
    assert rows[1][5].startswith("≤ ")
    assert len({len(row) for row in rows}) == 1
    assert coverage_table(found)[0] == ["", "fit", "factor", "after"]
    assert any(
        line.startswith("Fe K: ") and " at 40 ms; 5 % needs " in line for line in dwell_lines(found)
    )
    assert difference_rows(found.comparisons["fit", "half"])[0][-1] == "likely reason"


def test_relative_errors_are_those_of_typical_pixels(found, scene):
    relative = found.relative_errors("half")
    assert (relative > 0.45).all()
    assert (relative < 0.6).all()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.013, "13 ms"),
        (0.2304, "230 ms"),
        (1.62, "1.6 s"),
        (12345.0, "12,000 s"),
        (2e-5, "0.02 ms"),
    ],
)
def test_times_have_two_digits(value, text):
    assert seconds(value) == text


def test_counts_that_do_not_scatter_as_poisson_are_refused_for_errors(scene):
    doubled = scene.cube.copy(data=2 * scene.cube.to_numpy())
    found = audit_scan(doubled, {"fit": scene.weighted_fit}, fit=scene.fit, n_runs=1)
    assert "multiples of 2" in found.refused
    assert not found.errors
    assert not found.coverage
    assert not dwell_lines(found)


def test_values_that_are_no_counts_are_refused(scene):
    with pytest.raises(CountsError, match="no whole numbers"):
        audit_scan(scene.cube / 3, {"fit": scene.weighted_fit}, fit=scene.fit)


def test_maps_of_another_scan_are_refused(scene):
    maps = scene.weighted_fit(scene.cube)
    with pytest.raises(SkxrfError, match="of another scan"):
        audit_scan(scene.cube, {}, maps={"it": maps.isel(x=slice(3, None))}, fit=scene.fit)
    other = make_scene(9)
    turned = maps.copy(deep=True)
    rng = np.random.default_rng(0)
    turned["intensity"][...] = rng.permutation(other.truth).reshape(turned["intensity"].shape)
    with pytest.raises(SkxrfError, match="do not resemble the scan"):
        audit_scan(scene.cube, {}, maps={"it": turned}, fit=scene.fit)


@pytest.mark.parametrize(
    "arguments", [{"n_splits": 1}, {"n_runs": 0}, {"n_splits": 3, "n_runs": 4}]
)
def test_impossible_folds_are_refused(scene, arguments):
    with pytest.raises(SkxrfError, match=r"n_splits|n_runs"):
        audit_scan(scene.cube, {}, fit=scene.fit, **arguments)


def test_a_lazy_cube_is_audited_like_one_in_memory(scene):
    lazy = scene.cube.chunk({"y": 7})
    one, two = (
        audit_scan(cube, {"fit": scene.weighted_fit}, fit=scene.fit, n_runs=1).table
        for cube in (scene.cube, lazy)
    )
    np.testing.assert_array_equal(one, two)


def test_large_scans_are_looked_at_in_tiles_spread_over_them():
    tiles = spread_tiles((500, 600), 20_000)
    n_y, n_x = tiles.shape
    assert not tiles.whole
    assert 10_000 < n_y * n_x <= 22_000
    assert tiles.rows[0] == 0
    assert tiles.rows[-1] == 499
    assert tiles.columns[-1] == 599
    assert (np.diff(tiles.rows).reshape(-1)[: tiles.size - 1] == 1).all()
    assert np.bincount(tiles.blocks).max() == 256
    small = spread_tiles((20, 30), 20_000)
    assert small.whole
    assert small.shape == (20, 30)
    assert len(np.unique(small.blocks)) > 10
