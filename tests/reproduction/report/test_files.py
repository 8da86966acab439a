import dataclasses

import numpy as np
import pandas as pd
import xarray as xr

from skxrf.reproduction.report._files import maps_dataset, write_report


def test_files_hold_what_was_found(measured_result, tmp_path):
    reference = measured_result.reference["scan"].copy()
    reference[20:] = np.nan
    result = dataclasses.replace(measured_result, reference={"scan": reference})
    assert write_report(result, tmp_path) == tmp_path / "report.html"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["maps.nc", "report.html", "scores.csv"]
    with xr.open_dataset(tmp_path / "maps.nc", engine="h5netcdf") as maps:
        assert maps["prediction"].dims == ("model", "y", "x", "element")
        # "method" would be taken by sel(method=...), xarray's word for inexact matches.
        one = maps["prediction"].sel(model="MLP").to_numpy()
        expected = result.methods[1].predictions["scan"].astype(np.float32)
        np.testing.assert_array_equal(one, expected)
        assert np.isnan(maps["reference"][20:]).all()
        assert "truth" not in maps
        np.testing.assert_array_equal(maps["x"], 0.5 * np.arange(32))
        assert maps["prediction"].attrs["units"] == "counts"
        assert maps.attrs["simulated"] == "False"
    scores = pd.read_csv(tmp_path / "scores.csv")
    np.testing.assert_allclose(scores["value"], result.scores["value"], rtol=1e-5)
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_several_paintings_get_a_dimension_and_truth_is_kept(simulated_result):
    dataset = maps_dataset(simulated_result)
    assert dataset["prediction"].dims == ("model", "painting", "y", "x", "element")
    assert dataset["prediction"].dtype == np.float32
    truth = dataset["truth"].sel(painting="B")
    np.testing.assert_array_equal(truth, simulated_result.truth["B"].astype(np.float32))
    # A painting with fewer rows is filled up.
    assert dataset["truth"].shape == (2, 20, 24, 5)
    assert np.isnan(dataset["truth"].sel(painting="A")[16:]).all()


def test_paintings_in_other_steps_share_rows_and_columns_not_millimeters(simulated_result):
    def stretched(maps):
        wider = maps["B"].assign_coords(x=maps["B"]["x"] * 3)
        wider["x"].attrs["units"] = "mm"
        return maps | {"B": wider}

    result = dataclasses.replace(
        simulated_result,
        reference=stretched(simulated_result.reference),
        truth=None,
        methods=[
            dataclasses.replace(m, predictions=stretched(m.predictions))
            for m in simulated_result.methods
        ],
    )
    dataset = maps_dataset(result)
    assert dataset["reference"].shape == (2, 20, 24, 5)
    np.testing.assert_array_equal(dataset["x"], np.arange(24))
    positions = dataset["x_position"]
    np.testing.assert_array_equal(positions.sel(painting="A"), 0.5 * np.arange(24))
    np.testing.assert_array_equal(positions.sel(painting="B"), 1.5 * np.arange(24))
    np.testing.assert_array_equal(
        dataset["reference"].sel(painting="B"), result.reference["B"].astype(np.float32)
    )
