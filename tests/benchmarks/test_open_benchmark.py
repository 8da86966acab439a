"""The open benchmark: methods of all kinds, failures, ties, the page."""

import importlib.util
import os
import sys
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from benchmarks.accuracy.paintings import TestPainting as Painting
from benchmarks.open_benchmark import measured, run, worker
from benchmarks.open_benchmark.measured import MeasuredScan
from benchmarks.open_benchmark.methods import (
    METHODS,
    Method,
    factor_maps,
    in_units_of_noise,
    load_methods,
)
from benchmarks.open_benchmark.networks import IspcNetwork
from benchmarks.open_benchmark.page import ranking, write_page
from benchmarks.open_benchmark.scans import SCANS, OpenScan, Task
from benchmarks.open_benchmark.scoring import score_maps
from skxrf.physics import DetectorResponse, line_group
from skxrf.utils.energy import bin_edges

GROUPS = ("Ca_K", "Fe_K", "Cu_K")
ENERGY = 1.5 + 0.04 * np.arange(256)


def make_painting():
    """A painting of 12 x 10 pixels and three line groups, at one count a pixel."""
    response, edges = DetectorResponse(), bin_edges(ENERGY)
    lines = np.stack([response.template(line_group(name), edges) for name in GROUPS])
    background = np.full(ENERGY.size, 1 / ENERGY.size)
    truth = 0.2 * np.random.default_rng(0).uniform(0.2, 1.8, (12, 10, 3))
    expected = truth @ lines + 0.4 * background
    return Painting(
        "tiny", "M6", expected.astype("f4"), truth.astype("f4"), GROUPS,
        np.vstack([lines, background]).astype("f4"), ENERGY,
    )  # fmt: skip


@dataclass(frozen=True)
class TinyScan(OpenScan):
    """A scan that needs no simulation."""

    def load(self):
        """Return the painting."""
        return make_painting()


SCAN = TinyScan("own", "tiny", "M6", 1, 3000.0)


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setattr(worker, "SCANS", (SCAN,))
    return make_painting()


def maps_of(values):
    return xr.DataArray(values, dims=("y", "x", "element"), coords={"element": list(GROUPS)})


def test_true_maps_have_no_error(tiny):
    maps = maps_of(tiny.truth * SCAN.counts).to_dataset(name="intensity")
    scores = score_maps(maps, tiny, SCAN).set_index("element")
    assert list(scores.index) == list(GROUPS)
    assert (scores["ratio"] < 1e-3).all()
    assert scores["found"].all()


def test_noise_at_the_bound_scores_one(tiny):
    bound = tiny.bound(SCAN.counts)
    noise = bound * np.random.default_rng(0).choice([-1, 1], bound.shape)
    maps = maps_of(tiny.truth * SCAN.counts + noise).to_dataset(name="intensity")
    maps["uncertainty"] = maps["intensity"].copy(data=1.001 * bound)
    scores = score_maps(maps, tiny, SCAN)
    np.testing.assert_allclose(scores["ratio"], 1, atol=1e-3)
    np.testing.assert_allclose(scores["ratio_bright"].dropna(), 1, atol=1e-3)
    np.testing.assert_allclose(scores["within_one"].dropna(), 1)


def test_a_failure_counts_as_empty_maps(tiny):
    scores = score_maps(None, tiny, SCAN)
    rms = np.sqrt(np.square(tiny.truth * SCAN.counts).mean(axis=(0, 1)))
    bound = np.sqrt(np.square(tiny.bound(SCAN.counts)).mean(axis=(0, 1)))
    np.testing.assert_allclose(scores["ratio"], rms / bound, rtol=1e-3)
    assert not scores["found"].any()


def test_line_groups_that_are_not_there_are_invented(tiny):
    maps = maps_of(tiny.truth * SCAN.counts)
    extra = maps[..., :1].assign_coords(element=["Zn_K"]) * 0 - 7
    both = xr.concat([maps, extra], "element").to_dataset(name="intensity")
    scores = score_maps(both, tiny, SCAN).set_index("element")
    assert scores.loc["Zn_K", "invented"] == 7
    assert np.isnan(scores.loc["Zn_K", "ratio"])


def run_of(monkeypatch, function):
    monkeypatch.setattr(worker, "METHODS", (Method("mine", "a method", function),))
    (result,) = worker.run_scans(worker.MethodSource("mine"), [SCAN.name])
    return result


def one_scan_then_none(source, scans, finished):
    finished.put((source.name, scans[0]))
    if source.name == "dies":
        os._exit(1)
    finished.put((source.name, scans[1]))


def test_results_come_scan_by_scan_and_outlive_a_process_that_dies(monkeypatch):
    monkeypatch.setattr(run, "_send", one_scan_then_none)
    good, bad = (worker.MethodSource(name) for name in ("good", "dies"))
    assert list(run._results({good: ["a", "b"]}, 1)) == [("good", "a"), ("good", "b")]
    results = run._results({bad: ["a", "b"]}, 1)
    assert next(results) == ("dies", "a")
    with pytest.raises(BrokenProcessPool):
        next(results)


def test_a_function_is_run(tiny, monkeypatch):
    seen = []

    def method(cube, task):
        seen.append((cube, task))
        return maps_of(tiny.truth * task.counts)

    result = run_of(monkeypatch, method)
    assert result.error == ""
    assert result.scores["ratio"].max() < 1e-3
    assert result.seconds > 0
    assert result.peak_mib > 50
    ((cube, task),) = seen
    assert task.line_groups == list(GROUPS)
    assert task.anode == "Rh"
    assert cube.sizes == {"y": 12, "x": 10, "energy": 256}


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda cube, task: 1 / 0, "ZeroDivisionError"),
        (lambda cube, task: maps_of(np.ones((3, 10, 3))), "maps of (3, 10) pixels"),
        (lambda cube, task: maps_of(np.full((12, 10, 3), np.nan)), "NaN"),
        (lambda cube, task: 5, "must be a DataArray"),
    ],
)
def test_failures_are_results(tiny, monkeypatch, function, words):
    result = run_of(monkeypatch, function)
    assert words in result.error
    assert not result.scores["found"].any()


def test_a_command_is_run(tiny, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "import sys, h5py, xarray as xr\n"
        "counts = h5py.File(sys.argv[1])['counts'][...]\n"
        "maps = xr.DataArray(counts[..., :3].astype('f4'), dims=('y', 'x', 'element'),\n"
        f"                    coords={{'element': {list(GROUPS)}}}, name='intensity')\n"
        "maps.to_netcdf(sys.argv[2])\n"
    )
    source = worker.MethodSource("mine", command=f"{sys.executable} {program} {{cube}} {{maps}}")
    (result,) = worker.run_scans(source, [SCAN.name])
    assert result.error == ""
    assert result.scores["found"].all()


def test_methods_of_a_file(tiny, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(
        "from benchmarks.open_benchmark.methods import Method\n"
        "METHODS = [Method('zeros', 'nothing', lambda cube, task: 0 * cube[..., :3].rename("
        "energy='element').assign_coords(element=task.line_groups).astype('f4'))]\n"
    )
    assert [one.name for one in load_methods(file)] == ["zeros"]
    (result,) = worker.run_scans(worker.MethodSource("zeros", file), [SCAN.name])
    assert result.error == ""
    file.write_text("METHODS = []")
    with pytest.raises(ValueError, match="defines no METHODS"):
        load_methods(file)
    file.write_text(
        "from benchmarks.open_benchmark.methods import Method\n"
        "METHODS = [Method('shipped', '', print)]"
    )
    with pytest.raises(ValueError, match="is a method already"):
        load_methods(file)


TASK = Task(list(GROUPS), "Rh", 3000.0, lambda: None)


@pytest.mark.parametrize("name", ["template fit", "windows", "PCA, template fit", "NMF"])
def test_methods_without_training_find_bright_lines(tiny, name):
    cube = tiny.counts(SCAN.counts, 1)
    method = next(one for one in METHODS if one.name == name)
    found = method.maps(cube, TASK)
    maps = found["intensity"] if isinstance(found, xr.Dataset) else found
    truth = tiny.truth * SCAN.counts
    for k, group in enumerate(GROUPS):
        mean = float(maps.sel(element=group).mean())
        assert abs(mean / truth[..., k].mean() - 1) < 0.15


@pytest.mark.parametrize("name", [one.name for one in METHODS if one.needs])
def test_methods_of_optional_packages(tiny, name):
    method = next(one for one in METHODS if one.name == name)
    assert method.available == (importlib.util.find_spec(method.needs) is not None)
    if not method.available:
        pytest.skip(f"{method.needs} is not installed")
    cube = tiny.counts(SCAN.counts, 1)
    found = method.maps(cube, TASK)
    maps = found["intensity"] if isinstance(found, xr.Dataset) else found
    assert maps.sizes["y"] == 12
    assert "Fe_K" in maps["element"]


def test_factors_are_measured_by_the_fit(tiny):
    """Factors that are the pixels themselves give the maps of the fit."""
    cube = tiny.counts(SCAN.counts, 1)
    X = cube.to_numpy().reshape(-1, ENERGY.size).astype(float)
    maps = factor_maps(np.eye(len(X)), X, cube, TASK)
    truth = tiny.truth[..., 1].ravel() * SCAN.counts
    assert np.corrcoef(maps.sel(element="Fe_K").to_numpy().ravel(), truth)[0, 1] > 0.95


def test_filters_see_noise_of_one():
    maps = maps_of(np.random.default_rng(0).normal(100, 5, (12, 10, 3))).to_dataset(
        name="intensity"
    )
    maps["uncertainty"] = maps["intensity"] * 0 + 5
    seen = []

    def halved(image):
        seen.append(image.std())
        return image / 2

    found = in_units_of_noise(maps, halved)
    np.testing.assert_allclose(seen, 1, atol=0.2)
    np.testing.assert_allclose(found, maps["intensity"] / 2)


def test_the_ispc_network_learns_and_repeats_itself():
    rng = np.random.default_rng(0)
    y = rng.uniform(0, 50, (64, 2)).astype("f4")
    X = rng.poisson(y @ rng.dirichlet(np.ones(32), 2)).astype("f4")

    def predicted(epochs):
        return IspcNetwork(epochs, batch_size=32, learning_rate=3e-3).fit(X, y).predict(X)

    one, two = predicted(8), predicted(8)
    np.testing.assert_array_equal(one, two)
    assert np.abs(one - y).mean() < 0.7 * np.abs(predicted(0) - y).mean()


def table(errors):
    """Scores of methods with the same error everywhere."""
    rows = [
        {"method": name, "scan": scan.name, "element": "Fe_K", "ratio": error, "found": True}
        | {f"ratio_{kind}": error for kind in ("dim", "faint", "bright")}
        | {"within_one": np.nan, "invented": np.nan}
        for name, error in errors.items()
        for scan in SCANS
    ]
    return pd.DataFrame(rows)


def test_ties_share_a_rank_and_are_not_chained():
    order = ranking(table({"c": 1.03, "a": 1.0, "b": 1.015, "d": 2.0}))
    assert list(order.index) == ["a", "b", "c", "d"]
    assert list(order["rank"]) == [1, 1, 3, 4]


def test_a_method_that_lacks_a_scan_has_no_rank():
    scores = table({"a": 1.0, "b": 2.0})
    scores = scores[(scores["method"] == "a") | (scores["scan"] != SCANS[0].name)]
    assert list(ranking(scores).index) == ["a"]


def test_the_page_names_failures_and_versions(tmp_path):
    scores = table({"shipped": 0.9, "broken": 5.0})
    scores.to_csv(tmp_path / "open_scores.csv", index=False)
    runs = scores[["method", "scan"]].assign(
        seconds=2.0, spectra_per_second=3000.0, peak_mib=500.0, error=None,
        revision="abc", versions="numpy 2; a processor",
    )  # fmt: skip
    runs["error"] = np.where(runs["method"] == "broken", "ValueError: no axis", None)
    runs.to_csv(tmp_path / "open_runs.csv", index=False)
    own = Method("broken", "what a stranger brought", print, told=True)
    text = write_page(tmp_path, [own]).read_text(encoding="utf-8")
    assert "| broken | line groups | what a stranger brought |" in text
    assert "| 1 | shipped | 0.90 |" in text
    assert "ValueError: no axis" in text
    assert "abc; numpy 2; a processor" in text


def test_scans_are_frozen():
    """Results are compared over years: whoever changes a scan changes its name too."""
    assert [one.name for one in SCANS] == [
        "icon_test M6 500",
        "icon_test M6 5000",
        "held_out_fauve Ag 5000",
        "roman_canvas Mo 45 5000",
        "painted_landscape Rh 35 He 5000",
        "gospel_leaf W 50 500",
    ]
    assert [one.seed for one in SCANS] == [11, 12, 13, 101, 105, 106]
    assert len({one.name for one in METHODS}) == len(METHODS)


@pytest.fixture
def rock(monkeypatch):
    """Stand-in for the measured points and the vendor's net intensities of them."""
    wanted = pd.DataFrame({"S_K": [1.0, 2.0, 4.0], "Fe_K": [9.0, 5.0, 7.0]})
    cube = xr.DataArray(
        np.ones((1, 3, 8), np.uint16), dims=("y", "x", "energy"), coords={"energy": np.arange(8.0)}
    )
    scan = MeasuredScan("rock", "rock.h5", "Rh", ("S_K", "Fe_K"), vendor=True)
    monkeypatch.setattr(MeasuredScan, "load", lambda self: cube)
    monkeypatch.setattr(measured, "piquant_intensities", lambda detector: wanted)
    monkeypatch.setattr(worker, "MEASURED_SCANS", (scan,))
    return wanted


def test_measured_points_are_held_against_the_vendor(rock, monkeypatch):
    def half(cube, task):
        assert (task.line_groups, task.anode) == (["S_K", "Fe_K"], "Rh")
        values = 0.5 * rock[["S_K"]].to_numpy()[None]
        return xr.DataArray(values, dims=("y", "x", "element"), coords={"element": ["S_K"]})

    monkeypatch.setattr(worker, "METHODS", (Method("half", "", half),))
    (result,) = worker.run_scans(worker.MethodSource("half"), ["rock"])
    assert result.measured
    assert not result.error
    scores = result.scores.set_index("element")
    assert scores.loc["S_K"].to_list() == pytest.approx([1.0, 0.5])
    assert scores.loc["Fe_K"].isna().all()


def test_a_failure_on_a_measured_scan_is_its_result(rock, monkeypatch):
    monkeypatch.setattr(worker, "METHODS", (Method("mine", "", lambda cube, task: 1 / 0),))
    (result,) = worker.run_scans(worker.MethodSource("mine"), ["rock"])
    assert result.measured
    assert "ZeroDivisionError" in result.error


def test_the_page_has_measured_scans_alone_too(tmp_path):
    audited, points = (
        next(one for one in measured.MEASURED_SCANS if one.vendor == kind) for kind in (False, True)
    )
    rows = [
        {"method": "a", "scan": audited.name, "element": name, "ratio": 2.0}
        for name in audited.line_groups
    ]
    rows += [
        {"method": "b", "scan": points.name, "element": name, "correlation": 0.5, "slope": 0.9}
        for name in points.line_groups[:2]
    ]
    rows += [{"method": "b", "scan": audited.name, "element": "", "error": "OSError: no axis"}]
    table = pd.DataFrame(rows).assign(revision="abc", versions="numpy 2; a processor")
    table.to_csv(tmp_path / "open_measured.csv", index=False)
    text = write_page(tmp_path).read_text(encoding="utf-8")
    assert "| a | 2.00 |  |" in text
    assert f"| b |  | 0.500, 0.90 (2 of {len(points.line_groups)}) |" in text
    assert "OSError: no axis" in text
    assert "## Ranking" not in text


@pytest.mark.parametrize("scan", measured.MEASURED_SCANS, ids=lambda scan: scan.name)
def test_the_page_is_written_where_all_failed_on_measured_scans(tmp_path, scan):
    row = {"method": "windows", "scan": scan.name, "error": "OSError: no space", "revision": "a"}
    pd.DataFrame([row | {"versions": "b"}]).to_csv(tmp_path / "open_measured.csv", index=False)
    assert f"windows | {scan.name} | OSError: no space" in write_page(tmp_path).read_text("utf-8")
