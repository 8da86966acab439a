import numpy as np
import pytest
import xarray as xr
from PIL import Image

from skxrf.io import open_maps, save_maps


@pytest.fixture(scope="module")
def maps(scan, tmp_path_factory):
    path = tmp_path_factory.mktemp("figure") / "maps.nc"
    truth = open_maps(scan / "maps.nc")
    both = xr.Dataset({"intensity": truth, "uncertainty": np.sqrt(truth + 1)})
    save_maps(both, path)
    return path


@pytest.mark.parametrize(
    "options",
    [
        ["--elements", "Fe"],
        ["--elements", "Ca,pb", "--columns", 1, "--no-scale-bar", "--no-color-bar"],
        ["--rgb", "Ca,Fe,Pb"],
        ["--ratio", "Ca,Pb", "--pixel-size", "0.5"],
        ["--z", "MAPS"],
        ["--crop", "2:10,0:5", "--cmap", "gray"],
    ],
    ids=["one", "grid", "rgb", "ratio", "z", "part"],
)
def test_each_kind_of_figure(options, maps, scan, skxrf, tmp_path):
    out = tmp_path / "figure.png"
    words = [scan / "maps.nc" if word == "MAPS" else word for word in options]
    run = skxrf("figure", maps, "-o", out, "--dpi", 60, *words)
    assert run.status == 0, run.err
    assert run.out == f"Figure: {out}\n"
    with Image.open(out) as image:
        assert min(image.size) > 60
        assert len(set(image.convert("L").tobytes())) > 3
        assert round(image.info["dpi"][0]) == 60


@pytest.mark.parametrize(
    ("suffix", "head"), [("pdf", b"%PDF"), ("svg", b"<?xml"), ("tif", b"II*"), ("jpg", b"\xff\xd8")]
)
def test_each_format(suffix, head, maps, skxrf, tmp_path):
    out = tmp_path / f"figure.{suffix}"
    assert skxrf("figure", maps, "-o", out, "--elements", "Fe", "--dpi", 60).status == 0
    assert out.read_bytes().startswith(head)


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (["--rgb", "Ca,Zn"], "no map of Zn_K"),
        (["--elements", "Pbb"], "Did you mean Pb_L?"),
        (["--rgb", "Ca,Fe,Pb,Ca_K"], "three colors"),
        (["--ratio", "Ca"], "two elements"),
        (["--rgb", "Ca", "--ratio", "Ca,Fe"], "choose"),
        (["--percentiles", "99,1"], "LOW,HIGH"),
        (["--cmap", "rainbow"], "inferno"),
        (["-o", "maps.doc"], ".png"),
        (["--crop", "0:1,0:99"], "within the 20 columns"),
    ],
)
def test_mistakes_in_a_figure(options, part, maps, skxrf, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = skxrf("figure", maps, "-o", "figure.png", *options)
    assert run.status == 2
    assert part in run.err.splitlines()[-1]
    assert not list(tmp_path.iterdir())
