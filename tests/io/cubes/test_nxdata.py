"""NXdata groups with axes, and HyperSpy's files of fewer axes or uneven steps."""

import h5py
import numpy as np
import pytest

from skxrf.exceptions import FileFormatError
from skxrf.io import open_cube


def write_nxdata(group, counts, order, *, unit="keV", names=("y", "x", "energy")):
    factor = {"keV": 1, "eV": 1000}[unit]
    values = (0.1 * np.arange(5), 0.2 * np.arange(7), factor * 0.02 * np.arange(12))
    group.attrs.update(NX_class="NXdata", signal="intensity", axes=[names[i] for i in order])
    group["intensity"] = counts.transpose(order)
    for name, one, units in zip(names, values, ("mm", "mm", unit), strict=True):
        group[name] = one
        group[name].attrs["units"] = units


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 0, 2)])
@pytest.mark.parametrize("unit", ["keV", "eV"])
@pytest.mark.parametrize("names", [("y", "x", "energy"), ("samy", "samx", "mca_bins")])
def test_axes_tell_order_and_energies(tmp_path, small_counts, order, unit, names):
    path = tmp_path / "map.nxs"
    with h5py.File(path, "w") as file:
        file.attrs["default"] = "entry"
        entry = file.create_group("entry")
        entry.attrs.update(NX_class="NXentry", default="plot")
        write_nxdata(entry.create_group("plot"), small_counts, order, unit=unit, names=names)
        write_nxdata(entry.create_group("other"), small_counts, order, unit=unit, names=names)

    cube = open_cube(path)

    np.testing.assert_array_equal(cube, small_counts)
    np.testing.assert_allclose(cube.energy, 0.02 * np.arange(12))
    np.testing.assert_allclose(cube.x, 0.2 * np.arange(7))
    assert cube.attrs["dataset"] == "/entry/plot/intensity"


def write_hyperspy(path, counts, axes):
    with h5py.File(path, "w") as file:
        group = file.create_group("Experiments/one")
        group["data"] = counts
        for i, axis in enumerate(axes):
            item = group.create_group(f"axis-{i}")
            values = axis.pop("axis", None)
            item.attrs.update(axis)
            if values is not None:
                item["axis"] = values
    return path


ENERGY = {"name": "Energy", "scale": 0.01, "offset": -0.1, "units": "keV", "navigate": False}
LINE = {"name": "x", "scale": 50.0, "offset": 0.0, "units": "um", "navigate": True}


def test_a_line_scan_and_a_spectrum_of_hyperspy(tmp_path, small_counts):
    path = write_hyperspy(tmp_path / "line.hspy", small_counts[0], [dict(LINE), dict(ENERGY)])
    cube = open_cube(path)
    np.testing.assert_array_equal(cube, small_counts[:1])
    np.testing.assert_allclose(cube.x, 0.05 * np.arange(7))
    np.testing.assert_allclose(cube.energy, -0.1 + 0.01 * np.arange(12))

    path = write_hyperspy(tmp_path / "one.hspy", small_counts[0, 0], [dict(ENERGY)])
    np.testing.assert_array_equal(open_cube(path), small_counts[:1, :1])


@pytest.mark.parametrize(("unit", "factor"), [("keV", 1), ("eV", 1000)])
def test_uneven_energies_of_hyperspy(tmp_path, small_counts, unit, factor):
    energy = 0.1 + 0.02 * np.arange(12) + 1e-4 * np.arange(12) ** 2
    axes = [LINE | {"name": "y"}, dict(LINE)]
    axes.append({"_type": "DataAxis", "name": "Energy", "units": unit, "axis": factor * energy})
    path = write_hyperspy(tmp_path / "map.hspy", small_counts, axes)

    np.testing.assert_allclose(open_cube(path).energy, energy)


def test_a_named_link_has_what_stands_beside_it(tmp_path, small_counts):
    path = tmp_path / "scan.h5"
    with h5py.File(path, "w") as file:
        data = file.create_dataset("scan/instrument/mca00/data", data=small_counts)
        data.attrs["interpretation"] = "spectrum"
        group = file.create_group("scan/xrf/mca00")
        group["data"] = h5py.SoftLink("/scan/instrument/mca00/data")
        group["live_time"] = np.full((5, 7), 0.1)
        group["calibration"] = [0.1, 0.02, 0.0]

    cube = open_cube(path, dataset="scan/xrf/mca00/data")
    np.testing.assert_allclose(cube.energy, 0.1 + 0.02 * np.arange(12))
    np.testing.assert_array_equal(cube.live_time, np.full((5, 7), 0.1))


@pytest.mark.parametrize("calibration", [None, [0.0, 1.0, 0.0]])
def test_channels_that_are_no_numbers_are_pointed_out(tmp_path, small_counts, calibration):
    path = tmp_path / "stack.h5"
    with h5py.File(path, "w") as file:
        group = file.create_group("mca")
        group["data"] = small_counts
        group["data"].attrs["interpretation"] = "spectrum"
        group["channels"] = 0.1 + 0.02 * np.arange(12)
        if calibration:
            group["calibration"] = calibration

    with pytest.raises(
        ValueError, match=r"'channels' holds values from 0\.1 to 0\.32.*energy='channels'"
    ):
        open_cube(path)
    np.testing.assert_allclose(
        open_cube(path, energy="channels").energy, 0.1 + 0.02 * np.arange(12)
    )


MORE = {"energy": (0.0, 0.02), "axes": ("y", "x", "energy")}


def test_links_into_the_same_folder_are_followed(tmp_path, small_counts):
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["entry/mca"] = small_counts
    with h5py.File(tmp_path / "master.h5", "w") as file:
        file["entry/mca"] = h5py.ExternalLink("data.h5", "/entry/mca")

    cube = open_cube(tmp_path / "master.h5", **MORE)
    np.testing.assert_array_equal(cube, small_counts)
    assert "data.h5" in cube.attrs["history"]
    (tmp_path / "data.h5").unlink()
    with pytest.raises(
        FileFormatError, match=r"link to '/entry/mca' in the file 'data\.h5', which is"
    ):
        open_cube(tmp_path / "master.h5", dataset="entry/mca", **MORE)


def test_files_elsewhere_are_read_only_where_asked(tmp_path, small_counts):
    folder = tmp_path / "mine"
    folder.mkdir()
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["mca"] = small_counts
    (tmp_path / "bytes.raw").write_bytes(small_counts.tobytes())
    names = ("relative", "absolute", "storage")
    for name in names:
        with h5py.File(folder / f"{name}.h5", "w") as file:
            if name == "storage":
                where = [(str(tmp_path / "bytes.raw"), 0, small_counts.nbytes)]
                file.create_dataset("mca", small_counts.shape, "u2", external=where)
            else:
                target = "../data.h5" if name == "relative" else str(tmp_path / "data.h5")
                file["mca"] = h5py.ExternalLink(target, "/mca")

    for name in names:
        with pytest.raises(FileFormatError, match="follow_links=True"):
            open_cube(folder / f"{name}.h5", **MORE)
        cube = open_cube(folder / f"{name}.h5", follow_links=True, **MORE)
        np.testing.assert_array_equal(cube, small_counts)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DIMENSION_LABELS", np.array([b"y", b"x", b"energy"])),
        ("DIMENSION_LABELS", "y,x,energy"),
        ("DIMENSION_LABELS", np.array([1, 2, 3])),
        ("DIMENSION_LIST", np.array([1, 2, 3])),
    ],
)
def test_attributes_of_a_wrong_type_are_no_labels_or_read_as_they_are(
    tmp_path, small_counts, name, value
):
    with h5py.File(tmp_path / "scan.h5", "w") as file:
        file["mca"] = small_counts
        file["mca"].attrs[name] = value

    np.testing.assert_array_equal(open_cube(tmp_path / "scan.h5", **MORE), small_counts)


@pytest.mark.parametrize(
    ("axes", "counts_shape", "more", "shape"),
    [
        (["energy"], (16,), {}, (1, 1)),
        (["x", "energy"], (6, 16), {}, (1, 6)),
        (["y", "energy"], (6, 16), {}, (6, 1)),
        (["samx", "energy"], (6, 16), {}, (1, 6)),
        (["energy", "samy"], (16, 6), {}, (6, 1)),
        (["x", "energy"], (6, 16), {"shape": (2, 3)}, (2, 3)),
        ([".", "energy"], (6, 16), {"shape": (2, 3)}, (2, 3)),
        (["y", "x", "channels"], (2, 3, 16), {}, (2, 3)),
    ],
)
def test_axes_in_every_rank(tmp_path, axes, counts_shape, more, shape):
    values = np.random.default_rng(3).poisson(5, counts_shape)
    with h5py.File(tmp_path / "n.nxs", "w") as file:
        group = file.create_group("entry/plot")
        group.attrs.update(NX_class="NXdata", signal="data", axes=axes)
        group["data"] = values
        group["calibration"] = [0.0, 0.02, 0.0]
        for name, size in zip(axes, counts_shape, strict=True):
            if name in ("energy", "channels"):
                group[name] = np.arange(size) * (0.02 if name == "energy" else 1)
                group[name].attrs["units"] = "keV" if name == "energy" else ""
            elif name != ".":
                group[name] = 0.5 * np.arange(size)
                group[name].attrs["units"] = "mm"

    cube = open_cube(tmp_path / "n.nxs", **more)
    ordered = values.T if axes[0] == "energy" and len(axes) == 2 else values
    np.testing.assert_array_equal(cube, ordered.reshape(*shape, 16))
    np.testing.assert_allclose(cube.energy, 0.02 * np.arange(16))


def test_edges_of_bins_and_pixels(tmp_path, small_counts):
    with h5py.File(tmp_path / "scan.nxs", "w") as file:
        group = file.create_group("entry")
        group["data"] = small_counts
        group.attrs.update({"signal": "data", "axes": ["y", "x", "energy"]})
        for name, values, unit in (
            ("y", 0.5 * np.arange(6), "mm"),
            ("x", np.arange(7), "um"),
            ("energy", 20 * np.arange(13), "eV"),
        ):
            group[name] = values
            group[name].attrs["units"] = unit
    cube = open_cube(tmp_path / "scan.nxs")
    np.testing.assert_allclose(cube.energy, 0.01 + 0.02 * np.arange(12))
    np.testing.assert_allclose(cube.y, 0.25 + 0.5 * np.arange(5))
    np.testing.assert_allclose(cube.x, 1e-3 * np.arange(7))


def test_an_axis_of_one_value_in_hyperspy(tmp_path, small_counts):
    path = tmp_path / "map.hspy"
    axes = [{**LINE, "name": "z", "units": ""}, {**LINE, "name": "y"}, dict(LINE), dict(ENERGY)]
    write_hyperspy(path, small_counts[None], axes)
    cube = open_cube(path)
    np.testing.assert_array_equal(cube, small_counts)
    np.testing.assert_allclose(cube.y, 0.05 * np.arange(5))
