import dask.array as da
import numpy as np
import pytest
import xarray as xr

from skxrf.exceptions import CountsError, SkxrfError
from skxrf.spectra import max_spectrum, sum_spectrum


@pytest.fixture
def cube():
    counts = np.random.default_rng(3).integers(0, 256, (30, 40, 12), dtype=np.uint8)
    return xr.DataArray(
        counts,
        dims=("y", "x", "energy"),
        coords={"energy": 0.5 + np.arange(12.0), "live_time": (("y", "x"), np.ones((30, 40)))},
        name="counts",
        attrs={"units": "counts", "source": "scan.h5"},
    )


@pytest.mark.parametrize(
    ("dtype", "wide"),
    [("u1", "u8"), ("u2", "u8"), ("u4", "u8"), ("i2", "i8"), ("f4", "f8"), ("f8", "f8")],
)
def test_sums_are_in_64_bits_and_exact(cube, dtype, wide):
    spectrum = sum_spectrum(cube.astype(dtype))
    assert spectrum.dtype == wide
    np.testing.assert_array_equal(spectrum, cube.to_numpy().astype(int).sum(axis=(0, 1)))


@pytest.mark.parametrize("dtype", ["u1", "u4", "f4"])
def test_maximum_is_that_of_each_channel_in_the_cubes_dtype(cube, dtype):
    spectrum = max_spectrum(cube.astype(dtype))
    assert spectrum.dtype == dtype
    expected = [cube.to_numpy()[:, :, k].max() for k in range(12)]
    np.testing.assert_array_equal(spectrum, expected)


@pytest.mark.parametrize("spectrum_of", [sum_spectrum, max_spectrum])
def test_axis_and_attributes_stay_and_lazy_cubes_stay_lazy(cube, spectrum_of):
    eager = spectrum_of(cube)
    lazy = spectrum_of(cube.chunk({"y": 7, "energy": 5}).transpose("energy", "x", "y"))
    assert isinstance(lazy.data, da.Array)
    xr.testing.assert_identical(lazy.compute(), eager)
    assert eager.dims == ("energy",)
    xr.testing.assert_identical(eager["energy"], cube["energy"])
    assert set(eager.coords) == {"energy"}
    assert eager.attrs["source"] == "scan.h5"
    assert eager.attrs["units"] == "counts"
    assert eager.name == "counts"


def test_a_lazy_cube_is_not_read_before_it_must_be(cube):
    def refuse(block):
        raise AssertionError("was read")

    unread = cube.copy(data=da.from_array(cube.to_numpy()).map_blocks(refuse, dtype=np.uint8))
    assert sum_spectrum(unread).shape == max_spectrum(unread).shape == (12,)


@pytest.mark.parametrize("spectrum_of", [sum_spectrum, max_spectrum])
def test_what_is_no_cube_is_refused(cube, spectrum_of):
    with pytest.raises(SkxrfError, match=r"got \('x', 'energy'\)"):
        spectrum_of(cube[0])
    with pytest.raises(SkxrfError, match="got ndarray"):
        spectrum_of(cube.to_numpy())
    with pytest.raises(CountsError, match="empty"):
        spectrum_of(cube[:0])


def test_a_missing_count_makes_a_missing_sum(cube):
    missing = cube.astype("f4")
    missing[2, 3, 4] = np.nan
    assert np.isnan(sum_spectrum(missing)).values.nonzero()[0].tolist() == [4]
