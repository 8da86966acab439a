"""Recipes of the gallery against known answers: motions of scans, seams of stitched scans."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from scipy.ndimage import gaussian_filter

RECIPES = Path(__file__).parents[2] / "docs" / "examples"
GROUPS = ["Fe_K", "Cu_K", "Hg_L", "Pb_L"]


def painted(shape, **_):
    """Stand-in for the simulated painting: patches of paint, at once."""
    rng = np.random.default_rng(3)
    patches = gaussian_filter(rng.normal(size=(*shape, len(GROUPS))), (6, 6, 0))
    levels = np.digitize(patches / patches.std(), [-0.8, 0.0, 0.8])
    values = np.array([5.0, 120.0, 600.0, 2500.0])[levels]
    position = {"y": 0.5 * np.arange(shape[0]), "x": 0.5 * np.arange(shape[1])}
    maps = xr.DataArray(
        values, dims=("y", "x", "element"), coords={"element": GROUPS, **position}, name="intensity"
    )
    return None, maps


@pytest.fixture(autouse=True)
def quick_painting(monkeypatch):
    monkeypatch.setattr("skxrf.datasets.make_painting", painted)


def code_of(name, before=""):
    text = (RECIPES / f"plot_recipe_{name}.py").read_text(encoding="utf-8")
    return text[: text.index(before)] if before else text


def corners_moved(motion, shape):
    """Corners of an image after a motion about its center."""
    ends = np.array([(x, y) for x in (-0.5, 0.5) for y in (-0.5, 0.5)]) * shape[::-1]
    angle = np.deg2rad(motion[2])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return ends @ turn.T + np.array(motion[:2])


@pytest.mark.parametrize("motion", [(3.4, -5.3, 1.5), (-7.2, 6.1, -3.4), (0.3, 0.4, 0.0)])
def test_registration_finds_motions_to_a_fifth_of_a_pixel_everywhere(motion, capsys):
    code = code_of("registration", before="# %%\n# The differences of the two scans")
    assert "true_motion = (3.4, -5.3, 1.5)\n" in code
    names = {}
    exec(code.replace("(3.4, -5.3, 1.5)\n", f"{motion}\n"), names)  # noqa: S102 - our own example
    shape = names["first"].shape
    off = corners_moved(names["found"].x, shape) - corners_moved(motion, shape)
    assert np.linalg.norm(off, axis=1).max() < 0.2
    # The errors that are carried along hold.
    z = names["z"][np.isfinite(names["z"])]
    assert len(z) > 0.7 * z.size
    assert (np.abs(z) <= 1).mean() >= 0.68
    capsys.readouterr()


def test_seams_of_stitched_scans_are_within_their_standard_errors(capsys):
    import matplotlib.pyplot as plt

    names = {}
    exec(code_of("stitching"), names)  # noqa: S102 - our own example
    plt.close("all")
    said = capsys.readouterr().out
    assert said.count("20 pixels along x") == 2
    assert "15 pixels along y" in said
    stitched, whole = names["stitch"](names["above"], names["below"], "y"), names["whole"]
    assert stitched["intensity"].shape == whole.shape
    small = names["parts"][0].isel(x=slice(40, 65)), names["parts"][1].isel(x=slice(30))
    assert names["stitch"](*small, "x").sizes["x"] == 35
    z = (stitched["intensity"] - whole.values) / stitched["uncertainty"]
    bright = whole.values > 50
    for seam in ({"x": slice(45, 65)}, {"y": slice(40, 55)}):
        here = z.isel(seam).values[bright[tuple(seam.get(d, slice(None)) for d in "yx")]]
        assert abs(here.mean()) < 0.1
        assert 0.9 < here.std() < 1.1


def test_odd_rows_are_found_where_paints_replace_each_other(monkeypatch, capsys):
    copper = painted((60, 80))[1].sel(element="Cu_K")
    root = np.sqrt(copper)
    mercury = ((root.max() - root) ** 2).assign_coords(element="Hg_L")
    maps = xr.concat([copper, mercury], "element").transpose("y", "x", "element")
    monkeypatch.setattr("skxrf.datasets.make_painting", lambda *_, **__: (None, maps))
    exec(code_of("odd_rows", before="# %%\n# Undo it"), {})  # noqa: S102 - our own example
    assert "odd rows are 1.00 pixels" in capsys.readouterr().out
