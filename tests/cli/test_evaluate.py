import json
import re

import numpy as np
import pytest
import xarray as xr

from skxrf.io import open_maps, save_maps


def test_evaluate_prints_a_table_and_writes_a_page(scan, skxrf, tmp_path):
    truth = open_maps(scan / "maps.nc")
    save_maps(truth * 1.1, tmp_path / "maps.nc")
    arguments = ("evaluate", tmp_path / "maps.nc", scan / "maps.nc")
    run = skxrf(*arguments, "-o", tmp_path / "report.html")
    assert run.status == 0, run.err
    table = [line.split() for line in run.out.splitlines()]
    assert table[0] == ["SSIM", "|z|<=1", "|z|<=2", "|z|<=3", "RMSE", "slope", "corr.", "mean"]
    rows = {row[0]: row[1:] for row in table[1:5]}
    assert list(rows) == ["Ca_K", "Fe_K", "Pb_L", "mean"]
    assert rows["Fe_K"][5:7] == ["1.100", "1.0000"]
    assert run.out.endswith(f"Report: {tmp_path / 'report.html'}\n")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<title>maps.nc against maps.nc: element maps</title>" in page
    assert not re.search(r"""(src|href|action)=["']?http""", page)
    assert "σ is √(reference + 1)" in page
    # The page and the terminal score alike, in the same order.
    scores = page.split('id="score-table"')[1]
    shown = dict(re.findall(r'<tr data-name="([^"]+)">(.*?)</tr>', scores, re.DOTALL)[:3])
    assert list(shown) == ["Ca K", "Fe K", "Pb L"]
    for name, cells in shown.items():
        values = [float(v) for v in re.findall(r'data-value="([^"]*)"', cells)]
        ssim, within, rmse, (_, slope, correlation, mean) = (
            values[0],
            values[1:4],
            values[4],
            values[5:],
        )
        printed = [float(v.replace(",", "")) for v in rows[name.replace(" ", "_")]]
        assert printed == pytest.approx([ssim, *within, rmse, slope, correlation, mean], abs=0.051)
        assert printed[0] == pytest.approx(ssim, abs=6e-4)
    data = json.loads(re.search(r'id="report-data">(.*?)</script>', page, re.DOTALL)[1])
    assert [element["compared"] for element in data["elements"]] == [0, 1, 2]
    run = skxrf(*arguments, "--json", "--elements", "Fe_K", "--sigma", "residual")
    scores = json.loads(run.out)
    assert list(scores["elements"]) == ["Fe_K"]
    assert scores["elements"]["Fe_K"]["slope"] == pytest.approx(1.1)


def test_evaluate_by_the_maps_own_errors(scan, skxrf, tmp_path):
    truth = open_maps(scan / "maps.nc")
    found = xr.Dataset({"intensity": truth + 2.0, "uncertainty": xr.full_like(truth, 1.5)})
    save_maps(found, tmp_path / "maps.nc")
    arguments = ("evaluate", tmp_path / "maps.nc", scan / "maps.nc", "--sigma", "uncertainty")
    scores = json.loads(skxrf(*arguments, "--json").out)["mean"]
    assert (scores["within_1"], scores["within_2"], scores["within_3"]) == (0, 1, 1)
    assert skxrf(*arguments, "-o", tmp_path / "report.html").status == 0
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "σ is the standard error given for each pixel" in page
    assert 'id="uncertainty-0"' in page
    run = skxrf(
        *("evaluate", scan / "maps.nc", scan / "maps.nc", "--sigma", "uncertainty", "--json")
    )
    assert (run.status, run.out) == (2, "")
    assert "no standard errors" in run.err


def test_evaluate_maps_of_another_origin(scan, skxrf, tmp_path):
    truth = open_maps(scan / "maps.nc")
    positions = {dim: 0.5 * np.arange(truth.sizes[dim]) for dim in ("y", "x")}
    save_maps(truth.assign_coords(positions), tmp_path / "truth.nc")
    moved = {dim: values + 12.5 for dim, values in positions.items()}
    save_maps((1.1 * truth).assign_coords(moved), tmp_path / "maps.nc")

    run = skxrf(
        *("evaluate", tmp_path / "maps.nc", tmp_path / "truth.nc"),
        *("-o", tmp_path / "report.html", "--json"),
    )

    assert run.status == 0, run.err
    assert json.loads(run.out)["mean"]["slope"] == pytest.approx(1.1)
    assert (tmp_path / "report.html").exists()
