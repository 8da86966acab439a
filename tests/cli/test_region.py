import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from skxrf.io import open_cube, open_maps


def test_areas_of_a_box_are_the_truth(scan, skxrf, tmp_path):
    out = tmp_path / "region.csv"
    box = ("--box", "8:12,4:12")
    run = skxrf("region", scan / "scan.h5", *box, "-o", out, "--json", "--quiet")
    assert run.status == 0, run.err
    said = json.loads(run.out)
    assert said["pixels"] == 32
    truth = open_maps(scan / "maps.nc")[8:12, 4:12].mean(("y", "x"))
    for name in ("Ca_K", "Fe_K", "Pb_L"):
        area = said["elements"][name]
        assert abs(area["counts"] - float(truth.sel(element=name))) < 4 * area["error"]
    table = pd.read_csv(out)
    cube = open_cube(scan / "scan.h5")
    mean = cube[8:12, 4:12].mean(("y", "x")).to_numpy()
    np.testing.assert_allclose(table["counts"], mean, rtol=1e-6)
    np.testing.assert_allclose(table["energy_keV"], cube["energy"], rtol=1e-6)
    fitted = table.dropna()
    assert len(fitted) > 300
    z = (fitted["counts"] - fitted["fit"]) / np.sqrt(np.maximum(fitted["fit"], 0.1) / 32)
    assert np.sqrt(np.mean(z**2)) == pytest.approx(1, abs=0.15)


def test_a_masked_mean_spectrum_as_msa(scan, skxrf, tmp_path):
    mask = np.zeros((18, 20), np.uint8)
    mask[3, 3:7] = 1  # two of them are dead
    Image.fromarray(mask).save(tmp_path / "mask.tif")
    out = tmp_path / "region.msa"
    run = skxrf(
        *("region", scan / "scan.h5", "--mask", tmp_path / "mask.tif", "-o", out),
        *("--elements", "Fe"),
    )
    assert run.status == 0, run.err
    assert run.out.startswith("2 pixels, ")
    cube, spectrum = open_cube(scan / "scan.h5"), open_cube(out)
    expected = cube[3, [3, 6]].mean("x").to_numpy()
    np.testing.assert_allclose(spectrum[0, 0], expected, rtol=1e-6)
    np.testing.assert_allclose(spectrum["energy"], cube["energy"], atol=1e-6)


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (["--box", "3,4"], "no pixel of the region has counts"),
        (["--box", "9:3,0:4"], "within the 18 rows"),
        (["-o", "region.txt"], ".msa"),
        (["--elements", "Xq"], "unknown line group 'Xq'"),
    ],
)
def test_regions_that_are_none(options, part, scan, skxrf, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = skxrf("region", scan / "scan.h5", *options)
    assert run.status == 2
    assert part in run.err.splitlines()[-1]
    assert not list(tmp_path.iterdir())
