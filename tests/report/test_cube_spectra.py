import base64
import zlib

import dask.array as da
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from skxrf.exceptions import CountsError, EnergyAxisError, SkxrfError
from skxrf.linear_model import TemplateFitRegressor
from skxrf.report import _cube_spectra
from skxrf.report._cube_spectra import TILE, fitting_size, read_spectra
from skxrf.report._limits import PageLimits


def cube_of(shape, *, chunks=None, top=300, dtype=np.uint16, width=0.03):
    counts = np.random.default_rng(4).integers(0, top, shape).astype(dtype)
    data = counts if chunks is None else da.from_array(counts, chunks=chunks)
    energy = 0.1 + width * np.arange(shape[2])
    return xr.DataArray(data, dims=("y", "x", "energy"), coords={"energy": energy})


def binned(counts, side, joined):
    """Sums over squares and channels, in the plainest way."""
    y, x, k = np.indices(counts.shape)
    places = y // side, x // side, k // joined
    out = np.zeros([place.max() + 1 for place in places])
    np.add.at(out, places, counts)
    return out


def counts_of_tile(packed, n_pixels):
    planes = np.frombuffer(zlib.decompress(base64.b64decode(packed.text)), np.uint8)
    width = int(packed.kind[1])
    values = planes.reshape(width, -1).T.copy().view(packed.kind).reshape(-1, n_pixels)
    return values.T


@pytest.mark.parametrize("chunks", [None, (7, 5, 20), (3, 40, 9)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_whole_cube_is_read_once_and_exactly(chunks, dtype):
    cube = cube_of((19, 23, 20), chunks=chunks, top=200, dtype=dtype)
    counts = cube.to_numpy()
    spectra = read_spectra(cube.transpose("energy", "x", "y"))
    np.testing.assert_array_equal(spectra.counts, counts)
    np.testing.assert_array_equal(spectra.total, counts.sum(axis=(0, 1), dtype=np.float64))
    np.testing.assert_array_equal(spectra.maximum, counts.max(axis=(0, 1)))
    assert (spectra.side, spectra.joined, spectra.n_pixels) == (1, 1, 19 * 23)
    np.testing.assert_array_equal(spectra.binned_energy, cube["energy"])


@settings(max_examples=40)
@given(
    st.tuples(st.integers(1, 11), st.integers(1, 11), st.integers(1, 9)),
    st.integers(1, 400),
    st.sampled_from([None, (4, 3, 9), (1, 11, 9)]),
)
def test_sums_while_reading_and_after_are_those_of_squares_and_bins(shape, most, chunks):
    cube = cube_of(shape, chunks=chunks, top=60_000, width=0.02)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_cube_spectra, "LIMITS", PageLimits(spectrum_values=most))
        spectra = read_spectra(cube)
    assert spectra.counts.size <= most
    for _ in range(3):
        expected = binned(cube.to_numpy(), spectra.side, spectra.joined)
        np.testing.assert_array_equal(spectra.counts, expected)
        energy = spectra.over_bins(cube["energy"].to_numpy())
        n = spectra.over_bins(np.ones(shape[2]))
        np.testing.assert_allclose(spectra.binned_energy, energy / n)
        spectra = spectra.coarser()


def test_channels_are_joined_before_pixels_but_not_wider_than_the_peaks_allow():
    fine, coarse = read_spectra(cube_of((9, 9, 64), width=0.01)), read_spectra(cube_of((9, 9, 8)))
    assert [(fine.side, fine.joined)] == [(1, 1)]
    for expected in [(1, 2), (1, 4), (2, 4), (4, 4)]:
        fine = fine.coarser()
        assert (fine.side, fine.joined) == expected
    assert (coarse.coarser().side, coarse.coarser().joined) == (2, 1)


def test_tiles_hold_every_spectrum_and_fit_the_budget():
    cube = cube_of((TILE + 3, 2 * TILE + 5, 40))
    spectra = read_spectra(cube)
    assert spectra.n_tiles == (2, 3)
    tile = counts_of_tile(spectra.tile(1, 2).counts, 3 * 5)
    np.testing.assert_array_equal(tile.reshape(3, 5, 40), cube.to_numpy()[TILE:, 2 * TILE :])
    kept, tiles = fitting_size(spectra, 10**6)
    assert kept is spectra
    whole = sum(tile.size for tile in tiles)
    smaller, tiles = fitting_size(spectra, whole // 2)
    assert sum(tile.size for tile in tiles) <= whole // 2
    assert smaller.side * smaller.joined > 1
    with pytest.raises(SkxrfError, match="too few"):
        fitting_size(spectra, 3)


def test_amplitudes_of_squares_are_sums_of_those_of_their_pixels(painted):
    cube, maps, _, fit = painted
    spectra = read_spectra(cube.chunk({"y": 7, "x": 11}), fit)
    areas = spectra.amplitudes[..., : len(fit.line_groups_)]
    np.testing.assert_allclose(areas, maps["intensity"], rtol=1e-4, atol=1e-2)
    coarse = spectra.coarser()
    assert coarse.side == 2
    np.testing.assert_allclose(
        coarse.amplitudes, binned(spectra.amplitudes, 2, 1), rtol=1e-5, atol=1e-3
    )


def test_what_cannot_be_shown_is_refused(painted):
    cube, _, _, fit = painted
    with pytest.raises(SkxrfError, match="energy"):
        read_spectra(cube.isel(energy=0))
    with pytest.raises(CountsError, match="empty"):
        read_spectra(cube.isel(y=slice(0)))
    bad = cube.astype(np.float32)
    bad[2, 3, 7] = np.nan
    with pytest.raises(CountsError, match="y=2, x=3"):
        read_spectra(bad)
    with pytest.raises(CountsError, match="finite and not negative"):
        read_spectra(cube.astype(np.int32) - 1)
    with pytest.raises(CountsError, match="bool"):
        read_spectra(cube > 0)
    with pytest.raises(EnergyAxisError, match="fit it on this cube"):
        read_spectra(cube.assign_coords(energy=cube["energy"] + 1), fit)
    with pytest.raises(SkxrfError, match="TemplateFitRegressor"):
        read_spectra(cube, TemplateFitRegressor())
