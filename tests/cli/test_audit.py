"""``skxrf audit`` on a small simulated scan."""

import json

import numpy as np
import pytest

from skxrf.io import open_maps, save_cube, save_maps
from tests.audit.conftest import make_scene


@pytest.fixture(scope="module")
def painting(shipped_on_icon, tmp_path_factory):
    """Folder with a cube and its true maps."""
    folder = tmp_path_factory.mktemp("painting")
    cube, maps, _ = shipped_on_icon
    live_time = (("y", "x"), np.full(cube.shape[:2], 0.04), {"units": "s"})
    cube = cube.assign_coords(live_time=live_time)
    save_cube(cube, folder / "scan.h5")
    save_maps(maps, folder / "truth.nc")
    return folder


def test_the_audit_of_a_scan(skxrf, painting, shipped_on_icon, monkeypatch, tmp_path):
    # A model that is bound already: tests/pretrained binds it.
    monkeypatch.setattr("skxrf.pretrained.load_pretrained", lambda: shipped_on_icon[2])
    page = tmp_path / "audit.html"
    run = skxrf(
        "audit", painting / "scan.h5", "--maps", painting / "truth.nc", "--report", page, "--quiet"
    )
    assert run.status == 0, run.err
    for words in ("Error of a pixel", "skxrf map", "truth.nc", "at 40 ms; 5 % needs", "Not seen:"):
        assert words in run.out
    assert f"Report: {page}" in run.out
    again = skxrf("audit", painting / "scan.h5", "--report", page)
    assert again.status == 2
    assert "exists: name another output, or replace it with --force" in again.err
    assert "Audit of scan.h5" in page.read_text(encoding="utf-8")


class Bound:
    """Model that is bound to the scene of the audit's tests: quicker than the shipped one."""

    bound_ = True
    unfamiliar_ = ()

    def __init__(self, scene):
        self.fit = scene.fit
        self.energy_, self.line_groups_ = scene.fit.energy_, scene.fit.fitted_groups_
        self.n_features_in_ = self.energy_.size

    def predict(self, X, return_std=False):
        """Fit by least squares; one error for all."""
        values = self.fit.decompose(X)[:, : len(self.line_groups_)].astype(np.float32)
        return (values, np.full_like(values, 20.0)) if return_std else values

    def detected_in(self, maps, false_alarms=0.01):
        """Name all line groups."""
        return self.line_groups_

    def spectrum_fit(self):
        """Return the fit with the true templates."""
        return self.fit


def test_the_same_for_a_script(skxrf, tmp_path, monkeypatch):
    scene = make_scene(shape=(24, 28))
    save_cube(scene.cube, tmp_path / "scan.h5")
    monkeypatch.setattr("skxrf.pretrained.load_pretrained", lambda: Bound(scene))
    arguments = ("audit", tmp_path / "scan.h5", "--json", "--quiet")
    run = skxrf(*arguments, "--precision", "10", "--corrected", tmp_path / "corrected.nc")
    assert run.status == 0, run.err
    found = json.loads(run.out)
    assert found["corrected"] == str(tmp_path / "corrected.nc")
    maps = open_maps(tmp_path / "corrected.nc")
    assert dict(maps.sizes) == {"y": 24, "x": 28, "element": len(scene.fit.fitted_groups_)}
    factor = found["coverage"]["skxrf map"]["Fe_K"]["factor"]
    assert factor != 1
    np.testing.assert_allclose(maps["uncertainty"].sel(element="Fe_K"), 20 * factor, rtol=1e-6)
    assert "corrected by their coverage" in maps.attrs["history"]
    again = skxrf(*arguments, "--corrected", tmp_path / "corrected.nc")
    assert (again.status, "exists" in again.err) == (2, True)
    other = skxrf(*arguments, "--corrected", tmp_path / "corrected.dms")
    assert (other.status, "name it .nc" in other.err) == (2, True)
    assert found["refused"] is None
    assert found["pixels_audited"] == 24 * 28
    assert found["errors"]["skxrf map"]["Fe_K"]["rmse"] > 0
    assert found["dwell"]["wanted"] == 0.1
    assert found["not_seen"]


def test_errors_of_counts_that_are_scaled_are_not_corrected(skxrf, tmp_path, monkeypatch):
    scene = make_scene(shape=(24, 28))
    save_cube(3 * scene.cube, tmp_path / "scan.h5")
    monkeypatch.setattr("skxrf.pretrained.load_pretrained", lambda: Bound(scene))
    corrected = tmp_path / "corrected.nc"
    run = skxrf("audit", tmp_path / "scan.h5", "--corrected", corrected, "--quiet")
    assert run.status == 2
    assert (
        f"cannot be corrected, {corrected} is not written: all counts are multiples of 3" in run.err
    )
    assert not corrected.exists()


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
    save_maps(open_maps(painting / "truth.nc")[:20, :20], tmp_path / "other.nc")
    run = skxrf("audit", painting / "scan.h5", "--maps", tmp_path / "other.nc", "--quiet")
    assert run.status == 2
    assert "other.nc have 20 x 20 pixels, the scan 36 x 30: they are of another scan" in run.err
