"""Parts of a scan that a command takes: boxes, masks, sizes; several scans; rates."""

import json

import h5py
import numpy as np
import pytest
import xarray as xr
from PIL import Image

from skxrf.io import open_maps, save_maps

FIT = ("--elements", "Fe,pb", "--quiet")


@pytest.fixture(scope="module")
def timed(scan, tmp_path_factory):
    """The scan with live times that differ from row to row."""
    path = tmp_path_factory.mktemp("timed") / "timed.h5"
    with h5py.File(scan / "scan.h5") as source, h5py.File(path, "w") as file:
        for name in ("counts", "energy_keV"):
            file[name] = source[name][:]
        file["counts"].attrs["dims"] = ["y", "x", "energy"]
        file["live_time_s"] = np.repeat(0.1 * np.arange(1, 19), 20).reshape(18, 20)
    return path


def test_a_crop_with_a_pixel_size_keeps_its_place(scan, skxrf, tmp_path):
    out = tmp_path / "part.nc"
    options = ("--crop", "4:10,5:", "--pixel-size", "0.5,0.25")
    assert skxrf("fit", scan / "scan.h5", "-o", out, *FIT, *options).status == 0
    maps = open_maps(out)
    assert dict(maps.sizes) == {"y": 6, "x": 15, "element": 2}
    assert maps["element"].to_numpy().tolist() == ["Fe_K", "Pb_L"]
    np.testing.assert_allclose(maps["y"], 0.5 * np.arange(4, 10))
    np.testing.assert_allclose(maps["x"], 0.25 * np.arange(5, 20))
    assert maps["x"].attrs["units"] == "mm"


@pytest.mark.parametrize("kind", ["png", "tif", "nc"])
def test_pixels_outside_a_mask_are_missing(kind, scan, skxrf, tmp_path):
    mask = np.zeros((18, 20), bool)
    mask[2:9, 3:12] = True
    path = tmp_path / f"mask.{kind}"
    if kind == "nc":
        one = xr.DataArray(mask[..., None].astype(float), dims=("y", "x", "element"))
        save_maps(one.assign_coords(element=["Fe_K"]), path)
    else:
        Image.fromarray(mask.astype(np.uint8) * 255).save(path)
    run = skxrf("fit", scan / "scan.h5", "-o", tmp_path / "out.nc", *FIT, "--mask", path)
    assert run.status == 0, run.err
    maps = open_maps(tmp_path / "out.nc")
    # Two pixels of the scan are dead.
    mask[3, 4:6] = False
    for values in maps.data_vars.values():
        np.testing.assert_array_equal(np.isfinite(values[..., 0]), mask)


def test_maps_per_second(timed, skxrf, tmp_path):
    report = (*FIT[:2], "--per-second", "--report", tmp_path / "report.html")
    for name, options in (("counts", FIT), ("rates", report)):
        run = skxrf("fit", timed, "-o", tmp_path / f"{name}.nc", *options)
        assert run.status == 0, run.err
    assert "writing the report, in counts\n" in run.err
    counts, rates = (open_maps(tmp_path / f"{name}.nc") for name in ("counts", "rates"))
    times = 0.1 * np.arange(1, 19)[:, None, None]
    for kind in ("intensity", "uncertainty"):
        np.testing.assert_allclose(rates[kind], counts[kind] / times, rtol=1e-5)
        assert rates[kind].attrs["units"] == "counts/s"
        assert rates[kind].dtype == counts[kind].dtype
    assert "\ncounts/s " in skxrf("info", tmp_path / "rates.nc").out


@pytest.mark.filterwarnings("ignore:the format .* has no place:UserWarning")
@pytest.mark.parametrize("suffix", [".nc", ".csv"])
def test_an_interruption_never_leaves_counts_for_rates(timed, skxrf, tmp_path, monkeypatch, suffix):
    def interrupt(*_):
        raise KeyboardInterrupt

    arguments = ("fit", timed, "-o", tmp_path / f"rates{suffix}", *FIT, "--per-second")
    with monkeypatch.context() as patch:
        patch.setattr("skxrf.cli._maps_run.divided_by_times", interrupt)
        run = skxrf(*arguments)
    assert (run.status, "18 of 18 rows are finished" in run.err) == (130, True)
    assert [path.name for path in tmp_path.iterdir()] == [f"rates{suffix}.partial"]
    assert skxrf(*arguments).status == 0
    assert skxrf("fit", timed, "-o", tmp_path / "counts.nc", *FIT).status == 0
    rates, counts = (open_maps(tmp_path / name) for name in (f"rates{suffix}", "counts.nc"))
    times = 0.1 * np.arange(1, 19)[:, None, None]
    np.testing.assert_allclose(rates["intensity"], counts["intensity"] / times, rtol=1e-5)


def test_rates_of_a_file_without_live_times_are_refused(scan, skxrf, tmp_path):
    run = skxrf("fit", scan / "scan.h5", "-o", tmp_path / "out.nc", *FIT, "--per-second")
    assert run.status == 2
    assert "no live times" in run.err
    assert not list(tmp_path.iterdir())


def test_several_scans_go_on_after_one_that_fails(scan, timed, model, skxrf, tmp_path):
    with h5py.File(tmp_path / "bad.h5", "w") as file:  # without an axis
        file["counts"] = np.ones((18, 20, 64), np.uint16)
    cubes = (scan / "scan.h5", tmp_path / "bad.h5", timed)
    options = ("-o", tmp_path / "maps", "--model", model, "--report", tmp_path / "pages")
    run = skxrf("map", *cubes, *options)
    assert run.status == 2
    assert "1 of 3 cubes gave no maps: bad.h5" in run.err.splitlines()[-1]
    assert "--energy" in run.err
    made = sorted(path.name for path in (tmp_path / "maps").iterdir())
    assert made == ["scan.nc", "timed.nc"]
    assert sorted(path.stem for path in (tmp_path / "pages").iterdir()) == ["scan", "timed"]
    # Finished maps stay; the same command does the rest.
    before = (tmp_path / "maps" / "scan.nc").stat().st_mtime_ns
    run = skxrf("map", cubes[0], timed, *options, "--json")
    assert (run.status, json.loads(run.out)) == (0, [])
    assert (tmp_path / "maps" / "scan.nc").stat().st_mtime_ns == before
    assert "exists and stays;" in run.err
    (tmp_path / "pages" / "scan.html").unlink()
    assert "exists and stays without report" in skxrf("map", cubes[0], timed, *options).err


def test_a_crop_outside_one_of_several_scans_stops_none(scan, model, skxrf, tmp_path):
    with h5py.File(scan / "scan.h5") as source, h5py.File(tmp_path / "a.h5", "w") as file:
        file["counts"], file["energy_keV"] = source["counts"][:4], source["energy_keV"][:]
        file["counts"].attrs["dims"] = ["y", "x", "energy"]
    cubes = (tmp_path / "a.h5", scan / "scan.h5")
    run = skxrf("map", *cubes, "-o", tmp_path / "maps", "--model", model, "--crop", "0:6,0:5")
    assert run.status == 2
    assert "a.h5: --crop '0:6': not within the 4 rows" in run.err
    assert [path.name for path in (tmp_path / "maps").iterdir()] == ["scan.nc"]


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (["--crop", "0:99,0:5"], ["'0:99'", "within the 18 rows"]),
        (["--crop", "5:5,0:5"], ["'5:5'"]),
        (["--crop", "3"], ["ROWS,COLUMNS"]),
        (["--pixel-size", "0"], ["above 0", "'0'"]),
        (["--pixel-size", "1,2,3"], ["above 0"]),
        (["--mask", "small.png"], ["4 x 5 pixels", "18 x 20"]),
        (["--mask", "empty.png"], ["takes no pixel"]),
        (["--mask", "nowhere.png"], ["nowhere.png"]),
        (["--mask", "MAPS"], ["no mask", "3"]),
    ],
)
def test_parts_that_are_none(options, parts, scan, skxrf, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(np.ones((4, 5), np.uint8)).save("small.png")
    Image.fromarray(np.zeros((18, 20), np.uint8)).save("empty.png")
    words = [scan / "maps.nc" if word == "MAPS" else word for word in options]
    run = skxrf("fit", scan / "scan.h5", "-o", "out.nc", *FIT, *words)
    assert run.status == 2
    assert all(part in run.err.splitlines()[-1] for part in parts), run.err
    assert not (tmp_path / "out.nc").exists()


def test_what_exists_is_replaced_by_force_only(scan, model, skxrf, tmp_path):
    out, page = tmp_path / "out.nc", tmp_path / "page.html"
    out.write_text("mine")
    arguments = ("map", scan / "scan.h5", "-o", out, "--model", model, "--quiet")
    run = skxrf(*arguments)
    assert (run.status, out.read_text()) == (2, "mine")
    assert "out.nc exists: name another output, or replace it with --force" in run.err
    assert skxrf(*arguments, "--force").status == 0
    page.write_text("mine")
    run = skxrf("evaluate", out, scan / "maps.nc", "-o", page)
    assert (run.status, page.read_text()) == (2, "mine")
    for words in (
        ["train", scan / "scan.h5", "--maps", scan / "maps.nc", "-o", page],
        ["simulate", "-o", page],
        ["figure", out, "-o", out],
    ):
        assert skxrf(*words).status == 2
    assert page.read_text() == "mine"


def test_duplicate_names_in_a_batch_are_refused(scan, skxrf, tmp_path):
    other = tmp_path / "scan.h5"
    other.touch()
    run = skxrf("fit", scan / "scan.h5", other, "-o", tmp_path / "maps")
    assert (run.status, "several cubes are called scan" in run.err) == (2, True)
