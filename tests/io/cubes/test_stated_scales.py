"""Scales, units and times that an HDF5 file states, of every dataset that is read."""

import h5py
import numpy as np
import pytest

from skxrf.exceptions import CountsError, EnergyAxisError, FileFormatError
from skxrf.io import open_cube, open_maps

TIMES = 1.0 + np.arange(35).reshape(5, 7)


def with_attrs(path, name, **attrs):
    with h5py.File(path, "r+") as file:
        file[name].attrs.update(attrs)
    return path


@pytest.mark.parametrize(
    ("values", "attrs", "expected"),
    [
        (
            np.arange(12, dtype="i2"),
            {"scale_factor": 0.02, "add_offset": 0.1},
            0.1 + 0.02 * np.arange(12),
        ),
        (np.arange(12, dtype=">u2"), {"scaling_factor": 20.0, "units": "eV"}, 0.02 * np.arange(12)),
        (20.0 * np.arange(12), {"unit": "eV"}, 0.02 * np.arange(12)),
        (20.0 * np.arange(12), {"Units": "electron volts"}, 0.02 * np.arange(12)),
        (0.02 * np.arange(12), {"units": "kiloelectronvolt"}, 0.02 * np.arange(12)),
    ],
)
def test_energies(counts_file, values, attrs, expected):
    path = with_attrs(counts_file(energy_keV=values), "energy_keV", **attrs)

    np.testing.assert_allclose(open_cube(path).energy, expected)
    named = open_cube(path, energy="energy_keV")
    np.testing.assert_allclose(named.energy, expected)


@pytest.mark.parametrize(
    ("attrs", "expected"),
    [
        ({"units": "ms"}, TIMES / 1000),
        ({"unit": "hours"}, TIMES * 3600),
        ({"scale_factor": 0.001}, TIMES / 1000),
        ({"_FillValue": 3.0}, np.where(TIMES == 3, np.nan, TIMES)),
    ],
)
def test_times(counts_file, attrs, expected):
    path = with_attrs(counts_file(live_time_s=TIMES), "live_time_s", **attrs)

    np.testing.assert_allclose(open_cube(path).live_time, expected)


@pytest.mark.parametrize(
    ("values", "dims"), [(TIMES.T, ["column", "row"]), (TIMES[..., np.newaxis], None)]
)
def test_axes_of_times(counts_file, values, dims):
    path = counts_file(live_time_s=values)
    if dims:
        with_attrs(path, "live_time_s", dims=dims)

    np.testing.assert_array_equal(open_cube(path).live_time, TIMES)


def test_positions(counts_file):
    path = with_attrs(counts_file(y_mm=np.arange(5)), "y_mm", scale_factor=0.5, add_offset=1.0)
    np.testing.assert_allclose(open_cube(path).y, 1 + 0.5 * np.arange(5))

    with_attrs(path, "y_mm", units="inch")
    np.testing.assert_allclose(open_cube(path).y, 25.4 * (1 + 0.5 * np.arange(5)))
    with_attrs(path, "y_mm", units="steps")
    with pytest.warns(UserWarning, match="positions '/y_mm' are in 'steps'"):
        np.testing.assert_array_equal(open_cube(path).y, range(5))


def test_counts_of_a_signal_have_the_factor_beside_them(tmp_path, small_counts):
    path = tmp_path / "n.nxs"
    with h5py.File(path, "w") as file:
        group = file.create_group("entry/plot")
        group.attrs.update(NX_class="NXdata", signal="data", axes=["y", "x", "energy"])
        group.update(data=small_counts, energy=0.1 * np.arange(12), scaling_factor=2, offset=1)
        group["energy"].attrs["units"] = "keV"

    np.testing.assert_array_equal(open_cube(path), 2 * small_counts.astype(int) + 1)


@pytest.mark.parametrize(
    ("attrs", "words"),
    [
        ({"scale_factor": [2.0, 3.0]}, "as the scale or offset"),
        ({"scale_factor": 0}, "as the scale or offset"),
        ({"unit": "cts s-1"}, "expected counts"),
        ({"units": "log(counts)"}, "expected counts"),
    ],
)
def test_what_makes_no_counts_is_refused(counts_file, attrs, words):
    with pytest.raises((CountsError, FileFormatError), match=words):
        open_cube(with_attrs(counts_file(), "counts", **attrs))


def test_counts_in_an_unknown_unit_are_said_to_be_counts(counts_file):
    with pytest.warns(UserWarning, match=r"in 'a\.u\.', which is taken for counts"):
        open_cube(with_attrs(counts_file(), "counts", units="a.u."))


def test_a_named_axis_of_another_length_lists_those_that_fit(counts_file):
    path = counts_file(short=np.arange(11.0))
    with pytest.raises(EnergyAxisError, match=r"11 values, .*fitting length: '/energy_keV' \(12\)"):
        open_cube(path, energy="short")


def test_maps_have_scales_and_missing_values_too(tmp_path):
    with h5py.File(tmp_path / "maps.h5", "w") as file:
        file["maps/Fe_K"] = np.array([[1, 2, -1]], np.int16)
        file["maps/Fe_K"].attrs.update(scale_factor=0.5, _FillValue=np.int16(-1))

    maps = open_maps(tmp_path / "maps.h5", dataset="maps")
    np.testing.assert_array_equal(maps[..., 0], [[0.5, 1.0, np.nan]])
