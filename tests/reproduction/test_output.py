import os

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from skxrf.exceptions import SkxrfError
from skxrf.reproduction import Settings
from skxrf.reproduction._experiment import held_out_parts, run_method
from skxrf.reproduction._methods import Method
from skxrf.reproduction._output import maps_dataset, output_folder, write_outputs
from skxrf.reproduction._progress import Progress
from skxrf.reproduction._result import ReproductionResult


@pytest.fixture
def small_result(linear_problem):
    from sklearn.linear_model import Ridge

    settings = Settings(n_folds=2)
    splits = held_out_parts(linear_problem, settings)
    methods, rows = [], []
    with Progress(enabled=False) as progress:
        for name, alpha in (("Ridge", 1.0), ("CNN+", 1e4)):
            method = Method(name, "classical", "Linear.", Ridge(alpha=alpha))
            result, scores = run_method(method, linear_problem, splits, settings, progress)
            methods.append(result)
            rows += scores
    return ReproductionResult(
        settings=settings,
        data=linear_problem.data,
        elements=["Fe_K", "Pb_L"],
        reference=linear_problem.maps(linear_problem.Y),
        truth=linear_problem.maps(linear_problem.truth),
        methods=methods,
        scores=pd.DataFrame(rows),
        seconds=3.0,
        provenance={"skxrf": "0.1"},
    )


def test_files_hold_what_was_found(small_result, tmp_path):
    write_outputs(small_result, tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["maps.nc", "report.html", "scores.csv"]
    with xr.open_dataset(tmp_path / "maps.nc", engine="h5netcdf") as maps:
        assert maps["prediction"].dims == ("model", "y", "x", "element")
        one = maps["prediction"].sel(model="CNN+").to_numpy()
        np.testing.assert_array_equal(one, small_result.methods[1].predictions["scan"])
        np.testing.assert_array_equal(maps["truth"], small_result.truth["scan"])
        assert np.isnan(maps["reference"][20:]).all()
        np.testing.assert_array_equal(maps["x"], 0.5 * np.arange(32))
        assert maps["prediction"].attrs["units"] == "counts"
        assert maps.attrs["simulated"] == "True"
    scores = pd.read_csv(tmp_path / "scores.csv")
    np.testing.assert_allclose(scores["value"], small_result.scores["value"], rtol=1e-5)
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_several_paintings_get_a_dimension(small_result):
    for method in small_result.methods:
        method.predictions["other"] = method.predictions["scan"] + 1
    small_result.reference["other"] = small_result.reference["scan"]
    small_result.truth["other"] = small_result.truth["scan"]
    dataset = maps_dataset(small_result)
    assert dataset["prediction"].dims == ("model", "painting", "y", "x", "element")
    difference = dataset["prediction"].sel(painting="other") - dataset["prediction"].sel(
        painting="scan"
    )
    np.testing.assert_allclose(difference, 1, rtol=1e-3)


def test_table_is_in_the_order_of_the_methods_mean_first(small_result):
    table = small_result.table("ssim", "truth")
    assert list(table.index) == ["Ridge", "CNN+"]
    assert list(table.columns) == ["mean", "Fe_K", "Pb_L"]
    assert small_result.score("Ridge", "ssim", "truth", "Fe_K") == table.loc["Ridge", "Fe_K"]
    rmse = small_result.table("rmse", "truth")
    maps = small_result.methods[0].predictions["scan"][:20] - small_result.truth["scan"][:20]
    assert rmse.loc["Ridge", "Pb_L"] == pytest.approx(
        float(np.sqrt((maps.sel(element="Pb_L") ** 2).mean())), rel=1e-4
    )


def test_folder_appears_complete_or_not_at_all(tmp_path):
    target = tmp_path / "new" / "report"
    with output_folder(target) as folder:
        (folder / "report.html").write_text("done")
        assert not target.exists()
    assert (target / "report.html").read_text() == "done"
    assert [p.name for p in target.parent.iterdir()] == ["report"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_nothing_is_left_of_what_failed(tmp_path, error):
    def fail():
        with output_folder(tmp_path / "a" / "b") as folder:
            (folder / "report.html").write_text("half")
            raise error

    with pytest.raises(error):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_keeps_its_other_files(tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    (tmp_path / "report.html").write_text("old")
    with output_folder(tmp_path) as folder:
        (folder / "report.html").write_text("new")
    assert (tmp_path / "report.html").read_text() == "new"
    assert (tmp_path / "mine.txt").read_text() == "keep"

    def fail():
        with output_folder(tmp_path) as folder:
            (folder / "report.html").write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert (tmp_path / "report.html").read_text() == "new"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine.txt", "report.html"]


def test_a_file_in_the_way_is_refused_at_once(tmp_path):
    (tmp_path / "report").write_text("mine")
    with (
        pytest.raises(SkxrfError, match="is a file: name a folder"),
        output_folder(tmp_path / "report"),
    ):
        pytest.fail("the work was begun")
    assert (tmp_path / "report").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_protected_folder_is_refused_at_once(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError), output_folder(tmp_path):
        pytest.fail("the work was begun")
