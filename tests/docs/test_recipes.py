"""Recipes of the gallery against known answers: motions of scans, seams of stitched scans."""

import numpy as np
import pytest
import xarray as xr
from scipy.ndimage import gaussian_filter

from benchmarks.registration import recipe, registered, stitched

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


@pytest.mark.parametrize("motion", [(3.4, -5.3, 1.5), (-7.2, 6.1, -3.4), (0.3, 0.4, 0.0)])
def test_registration_finds_motions_to_a_fifth_of_a_pixel_everywhere(motion):
    found = registered(motion)
    assert found["error_pixels"] < 0.2
    # The errors that are carried along hold.
    assert found["overlap"] > 0.7
    assert found["within_error"] >= 0.68


def test_seams_of_stitched_scans_are_within_their_standard_errors():
    names = recipe("stitching", "ElementMapDisplay.from_maps")
    assert names["said"].count("20 pixels along x") == 2
    stitch, parts = names["stitch"], names["parts"]
    assert stitch(names["above"], names["below"], "y")["intensity"].shape == names["whole"].shape
    assert stitch(parts[0].isel(x=slice(40, 65)), parts[1].isel(x=slice(30)), "x").sizes["x"] == 35
    for z in stitched(names).values():
        assert abs(z.mean()) < 0.1
        assert 0.9 < z.std() < 1.1


def test_odd_rows_are_found_where_paints_replace_each_other(monkeypatch):
    copper = painted((60, 80))[1].sel(element="Cu_K")
    root = np.sqrt(copper)
    mercury = ((root.max() - root) ** 2).assign_coords(element="Hg_L")
    maps = xr.concat([copper, mercury], "element").transpose("y", "x", "element")
    monkeypatch.setattr("skxrf.datasets.make_painting", lambda *_, **__: (None, maps))
    assert "odd rows are 1.00 pixels" in recipe("odd_rows", "# %%\n# Undo it")["said"]
