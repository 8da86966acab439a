"""``skxrf fit --joint``: several detectors of a file in one fit."""

import json

import h5py
import numpy as np
import pytest
import xarray as xr

from skxrf.io import open_cube, open_maps

FIT = ("--elements", "Ca_K,Fe_K,Pb_L", "--anode", "none")


@pytest.fixture
def two_detectors(scan, tmp_path):
    """The scan as two detectors saw it: 0.7 and 0.3 of its counts, on two axes."""
    rng = np.random.default_rng(0)
    cube = open_cube(scan / "scan.h5")
    first = rng.binomial(cube.to_numpy(), 0.7)
    with h5py.File(tmp_path / "two.h5", "w") as file:
        for i, counts in enumerate((first, cube.to_numpy() - first)):
            group = file.create_group(f"det{i}")
            group["counts"], group["energy_keV"] = counts.astype("u2"), cube["energy"] + 0.02 * i
            group["live_time_s"] = np.full(counts.shape[:2], 0.5 + i)
    return tmp_path / "two.h5"


def test_maps_of_both_detectors(scan, two_detectors, skxrf, tmp_path):
    out, page = tmp_path / "maps.nc", tmp_path / "report.html"
    options = ("--joint", "0,1", "--per-second", "--report", page, "--json")
    run = skxrf("fit", two_detectors, "-o", out, *FIT, *options)
    assert run.status == 0, run.err
    said = json.loads(run.out)
    np.testing.assert_allclose(said["shares"], [[0.7] * 3, [0.3] * 3], atol=0.03)
    maps, truth = open_maps(out), open_maps(scan / "maps.nc")
    assert list(maps["element"].to_numpy()) == said["line_groups"] == ["Ca_K", "Fe_K", "Pb_L"]
    # The mean of the live times is 1 s.
    np.testing.assert_allclose(
        maps["intensity"].mean(("y", "x")), truth.mean(("y", "x")), rtol=0.03
    )
    assert maps["intensity"].attrs["units"] == "counts/s"
    assert {"uncertainty", "ratio"} <= set(xr.open_dataset(out))
    assert "The spectra are those of detector 0 alone." in page.read_text()


@pytest.mark.parametrize("options", [("--joint", ","), ("--joint", "0,1", "--detector", "0")])
def test_no_detectors_or_a_choice_beside_them(two_detectors, skxrf, tmp_path, options):
    run = skxrf("fit", two_detectors, "-o", tmp_path / "maps.nc", *FIT, *options)
    assert run.status == 2
    assert "--joint takes names of detectors, such as 0,1" in run.err.splitlines()[-1]


def test_a_detector_that_is_not_there(two_detectors, skxrf, tmp_path):
    run = skxrf("fit", two_detectors, "-o", tmp_path / "maps.nc", *FIT, "--joint", "0,7")
    assert run.status == 2
    assert "holds no detector '7', but 0, 1" in run.err.splitlines()[-1]
    assert not (tmp_path / "maps.nc").exists()
