import numpy as np
import pytest
import xarray as xr

from skxrf.cli._summary import summarize_cube


@pytest.fixture
def counts():
    values = np.random.default_rng(0).poisson(3.0, (4, 5, 60)).astype(np.uint16)
    values[..., 41] += 100
    values[0, 1] = 0
    coords = {"energy": 0.05 + 0.1 * np.arange(60)}
    return xr.DataArray(values, dims=("y", "x", "energy"), coords=coords, name="counts")


@pytest.mark.parametrize("lazy", [False, True])
def test_counts_and_dead_pixels(counts, lazy):
    lines = summarize_cube(counts.chunk({"y": 2}) if lazy else counts).lines()
    values = counts.to_numpy().astype(int)
    assert lines["shape"] == "4 rows x 5 columns x 60 channels, uint16"
    assert lines["counts"].startswith(
        f"{values.sum():,} in all, {values.sum() / 20:,.1f} per pixel"
    )
    assert f"(0 to {values.sum(-1).max()})" in lines["counts"]
    assert lines["counts"].endswith(f"at most {values.max()} in a channel")
    assert lines["dead pixels"] == "1 of 20 without counts"
    assert lines["fullest"].startswith("channel 41, 4.150 keV")
    assert lines["energy axis"].startswith("60 channels")
    assert "live time" not in lines


def test_large_sums_do_not_wrap_around(counts):
    full = xr.full_like(counts, 60000)
    assert summarize_cube(full).lines()["counts"].startswith(f"{60000 * 1200:,} in all")
    assert summarize_cube(full).lines()["dead pixels"] == "none"


def test_pixel_size_live_time_and_instrument_where_known(counts):
    assert summarize_cube(counts).lines()["pixels"] == "size unknown"
    whole_numbers = counts.assign_coords(y=np.arange(4), x=np.arange(5))
    assert summarize_cube(whole_numbers).lines()["pixels"] == "size unknown"
    placed = counts.assign_coords(
        y=0.5 * np.arange(4), x=0.25 * np.arange(5), live_time=(("y", "x"), np.full((4, 5), 0.3))
    ).assign_attrs(instrument="M6 Jetstream")
    lines = summarize_cube(placed).lines()
    assert lines["pixels"] == "0.5 x 0.25 mm"
    assert lines["live time"] == "0.3 s per pixel"
    assert lines["instrument"] == "M6 Jetstream"


def test_the_peak_at_zero_is_not_the_fullest(counts):
    values = counts.copy()
    values[..., 1] += 1000
    assert summarize_cube(values).lines()["fullest"].startswith("channel 41, 4.150 keV")


def test_a_single_spectrum(counts):
    lines = summarize_cube(counts[2:3, 3:4]).lines()
    assert lines["shape"] == "1 row x 1 column x 60 channels, uint16"
    assert "per pixel" not in lines["counts"]
