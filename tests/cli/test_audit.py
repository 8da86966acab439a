"""``skxrf audit`` on a small simulated scan."""

import json

import numpy as np
import pytest

from skxrf.datasets import make_painting
from skxrf.io import save_cube, save_maps


@pytest.fixture(scope="module")
def painting(tmp_path_factory):
    """Cube, maps, and a folder with both in files."""
    folder = tmp_path_factory.mktemp("painting")
    cube, maps = make_painting((24, 28), random_state=0)
    cube = cube.assign_coords(live_time=(("y", "x"), np.full((24, 28), 0.04), {"units": "s"}))
    save_cube(cube, folder / "scan.h5")
    save_maps(maps, folder / "truth.nc")
    return folder


def test_the_audit_of_a_scan(skxrf, painting, tmp_path):
    page = tmp_path / "audit.html"
    run = skxrf(
        "audit", painting / "scan.h5", "--maps", painting / "truth.nc", "--report", page, "--quiet"
    )
    assert run.status == 0, run.err
    for words in ("Error of a pixel", "skxrf map", "truth.nc", "at 40 ms; 5 % needs", "Not seen:"):
        assert words in run.out
    assert f"Report: {page}" in run.out
    assert "Audit of scan.h5" in page.read_text(encoding="utf-8")


def test_the_same_for_a_script(skxrf, painting):
    run = skxrf("audit", painting / "scan.h5", "--json", "--quiet", "--precision", "10")
    assert run.status == 0, run.err
    found = json.loads(run.out)
    assert found["refused"] is None
    assert found["pixels_audited"] == 24 * 28
    assert found["errors"]["skxrf map"]["Fe_K"]["rmse"] > 0
    assert found["dwell"]["wanted"] == 0.1
    assert found["not_seen"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--command", "skxrf fit {cube} -o {maps}"], "takes NAME=COMMAND"),
        (["--maps", "missing.nc"], "missing.nc"),
        (["--report", "page.pdf"], ".html"),
    ],
)
def test_mistakes_end_with_one_line(skxrf, painting, arguments, words):
    run = skxrf("audit", painting / "scan.h5", *arguments)
    assert run.status == 2
    assert words in run.err
    assert "Traceback" not in run.err


def test_maps_of_another_scan_are_refused(skxrf, painting, tmp_path):
    _, maps = make_painting((20, 20), random_state=1)
    save_maps(maps, tmp_path / "other.nc")
    run = skxrf("audit", painting / "scan.h5", "--maps", tmp_path / "other.nc", "--quiet")
    assert run.status == 2
    assert "other.nc have 20 x 20 pixels, the scan 24 x 28: they are of another scan" in run.err
