"""Positions and times that stand beside tables of spectra, a value a point."""

import warnings

import h5py
import numpy as np
import pytest

from skxrf.exceptions import FileFormatError
from skxrf.io import open_cube

Y, X = 1 + 0.5 * np.arange(4), 10 + 0.2 * np.arange(6)


@pytest.fixture
def bliss(tmp_path):
    """A function that writes a scan as Bliss does, in the order in which it was measured."""

    def write(*, to_and_fro=False, units="mm", n=24):
        rng = np.random.default_rng(5)
        y, x = (one.copy() for one in np.meshgrid(Y, X, indexing="ij"))
        if to_and_fro:
            x[1::2] = x[1::2, ::-1]
        path = tmp_path / "bliss.h5"
        with h5py.File(path, "w") as file:
            entry = file.create_group("1.1")
            entry["instrument/mca_det0/data"] = rng.poisson(3, (n, 40)).astype("u4")
            entry["instrument/mca_det0/output_live_time"] = 0.1 + np.arange(n)
            entry["measurement/mca_det0"] = h5py.SoftLink("/1.1/instrument/mca_det0/data")
            entry["measurement/epoch"] = np.arange(n) / 7
            for name, values in (("samz", y), ("samy", x)):
                # An encoder's values lie about those of the motor.
                values = values.ravel()[:n] + rng.normal(0, 0.005, n)
                entry[f"instrument/{name}/value"] = values
                entry[f"instrument/{name}/value"].attrs["units"] = units
                entry[f"measurement/{name}"] = h5py.SoftLink(f"/1.1/instrument/{name}/value")
        return path

    return write


@pytest.mark.parametrize("to_and_fro", [False, True])
def test_positions_of_a_table_in_mm(bliss, to_and_fro):
    more = {"shape": (4, 6), "energy": (0.0, 0.02)}
    path = bliss(to_and_fro=to_and_fro)
    with warnings.catch_warnings(action="error"):
        cube = open_cube(path, snake=to_and_fro, **more)
    np.testing.assert_allclose(cube.y, Y, atol=0.02)
    np.testing.assert_allclose(cube.x, X, atol=0.02)
    assert cube.x.attrs["units"] == "mm"
    if not to_and_fro:
        np.testing.assert_array_equal(cube.live_time.to_numpy().ravel(), 0.1 + np.arange(24))
    with pytest.warns(UserWarning, match=r"'samy'.*(pass|leave out) snake=True"):
        cube = open_cube(path, snake=not to_and_fro, **more)
    np.testing.assert_array_equal(cube.x, np.arange(6))


def test_units_of_positions_and_rows_that_were_not_reached(bliss):
    more = {"shape": (4, 6), "energy": (0.0, 0.02)}
    cube = open_cube(bliss(units="um"), **more)
    np.testing.assert_allclose(cube.y, 1e-3 * Y, atol=2e-5)
    cube = open_cube(bliss(units=""), **more)
    np.testing.assert_array_equal(cube.y, np.arange(4))
    np.testing.assert_allclose(cube.samz, Y, atol=0.02)
    assert cube.samy.dims == ("x",)
    with pytest.warns(UserWarning, match="10 of 24 pixels are missing"):
        cube = open_cube(bliss(n=14), **more)
    np.testing.assert_allclose(cube.y, Y, atol=0.03)


@pytest.mark.parametrize("axes", [(".", "energy"), ("samx", "energy")])
def test_positions_beside_a_table_of_nxdata(tmp_path, axes):
    with h5py.File(tmp_path / "scan.nxs", "w") as file:
        group = file.create_group("entry")
        group.attrs.update({"signal": "spectra", "axes": list(axes)})
        group["spectra"] = np.ones((24, 40), "u2")
        group["energy"] = 0.02 * np.arange(40)
        group["energy"].attrs["units"] = "keV"
        for name, values in zip(("samz", "samx"), np.meshgrid(Y, X, indexing="ij"), strict=True):
            group[name] = values.ravel()
            group[name].attrs["units"] = "mm"
    if axes[0] == ".":
        with pytest.raises(FileFormatError, match=r"positions of its points .* shape=\(4, 6\)"):
            open_cube(tmp_path / "scan.nxs")
    cube = open_cube(tmp_path / "scan.nxs", shape=(4, 6))
    np.testing.assert_allclose(cube.y, Y)
    np.testing.assert_allclose(cube.x, X)


def test_positions_on_no_grid_are_left_out(tmp_path):
    rng = np.random.default_rng(1)
    with h5py.File(tmp_path / "scan.h5", "w") as file:
        file["mca"] = np.ones((24, 40), "u2")
        for name in ("samx", "samy"):
            file[name] = rng.uniform(0, 1, 24)
            file[name].attrs["units"] = "mm"
    cube = open_cube(tmp_path / "scan.h5", shape=(4, 6), energy=(0.0, 0.02))
    assert set(cube.coords) == {"y", "x", "energy"}
    np.testing.assert_array_equal(cube.x, np.arange(6))


def test_motors_called_as_the_axes(tmp_path):
    with h5py.File(tmp_path / "scan.h5", "w") as file:
        file["mca"] = np.ones((24, 40), "u2")
        # Rows are scanned upwards in x.
        file["x"], file["y"] = (one.ravel() for one in np.meshgrid(Y, X, indexing="ij"))
    cube = open_cube(tmp_path / "scan.h5", shape=(4, 6), energy=(0.0, 0.02))
    np.testing.assert_array_equal(cube.x, np.arange(6))
    np.testing.assert_allclose(cube.motor_x, Y)
    assert cube.motor_x.dims == ("y",)


@pytest.mark.parametrize("order", ["before", "after", "start"])
def test_motors_of_spec(tmp_path, order):
    lines = ["#F scan", "#O0 samz  energy", "#O1 samy  gap"]
    head = ["#@CALIB 0 0.02 0", "#L samz [mm]  samy (um)  det"]
    lines += [] if order == "start" else ["#S 1 mesh", "#P0 5 6", "#P1 7 8", *head]
    for i, (y, x) in enumerate((y, x) for y in Y for x in X):
        spectrum = "@A " + " ".join(["3"] * 40)
        point = [f"{y} {x} {i % 5}", spectrum]
        if order == "start":
            point = [
                f"#S {i + 1} ct",
                f"#P0 {y} 6",
                f"#P1 {x} 8",
                "#@CALIB 0 0.02 0",
                "#L det",
                "1",
            ]
            point.append(spectrum)
        lines += reversed(point) if order == "after" else point
    (tmp_path / "scan.mca").write_text("\n".join(lines))

    cube = open_cube(tmp_path / "scan.mca", shape=(4, 6))
    y, x = (cube.samz, cube.samy) if order == "start" else (cube.y, 1e3 * cube.x)
    np.testing.assert_allclose(y, Y)
    np.testing.assert_allclose(x, X)
