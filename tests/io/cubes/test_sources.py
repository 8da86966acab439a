"""Files that counts come from: those elsewhere are refused, those that change are noticed."""

import h5py
import numpy as np
import pytest

from skxrf.exceptions import FileFormatError
from skxrf.io import open_cube, open_maps, save_cube
from tests.io.cubes import test_bcf, test_edf, test_mca, test_ripple

AXES = {"energy": (0.0, 0.02), "axes": ("y", "x", "energy")}


def virtual(path, source, shape, name="mca", dataset="mca"):
    layout = h5py.VirtualLayout(shape, "u2")
    layout[:] = h5py.VirtualSource(source, name, shape)
    with h5py.File(path, "w") as file:
        file.create_virtual_dataset(dataset, layout)


def pattern(path, source, shape):
    """A virtual dataset of a growing series of files."""
    unlimited = h5py.h5s.UNLIMITED
    space = h5py.h5s.create_simple(shape, (unlimited, *shape[1:]))
    space.select_hyperslab((0, 0, 0), (unlimited, 1, 1), (*shape[:1], 1, 1), shape)
    layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    layout.set_virtual(space, source.encode(), b"mca", h5py.h5s.create_simple(shape))
    with h5py.File(path, "w", libver="latest") as file:
        h5py.h5d.create(file.id, b"mca", h5py.h5t.NATIVE_UINT16, space, layout)


@pytest.mark.parametrize(
    "kind", ["chain", "side", "pattern", "virtual", "virtual chain", "storage"]
)
def test_no_way_leads_to_files_elsewhere(kind, tmp_path, small_counts):
    elsewhere, folder = tmp_path / "elsewhere", tmp_path / "mine"
    elsewhere.mkdir()
    folder.mkdir()
    secret, shape = elsewhere / "data0.h5", small_counts.shape
    with h5py.File(secret, "w") as file:
        file["mca"] = small_counts
    path, between = folder / "scan.h5", folder / "between.h5"
    if kind in ("chain", "side"):
        with h5py.File(between, "w") as file:
            file["mca"] = h5py.ExternalLink(str(secret), "/mca")
        with h5py.File(path, "w") as file:
            file["mca" if kind == "chain" else "times"] = h5py.ExternalLink("between.h5", "/mca")
            file["counts"] = small_counts
    elif kind == "pattern":
        pattern(path, str(elsewhere / "data%b.h5"), shape)
    elif kind == "virtual":
        virtual(path, str(secret), shape)
    elif kind == "virtual chain":
        virtual(between, str(secret), shape)
        virtual(path, "between.h5", shape)
    else:
        (elsewhere / "raw").write_bytes(small_counts.tobytes())
        with h5py.File(between, "w") as file:
            where = [(str(elsewhere / "raw"), 0, small_counts.nbytes)]
            file.create_dataset("mca", shape, "u2", external=where)
        virtual(path, "between.h5", shape)
    dataset = "counts" if kind == "side" else "mca"
    with pytest.raises(FileFormatError, match=r"(elsewhere|another file).*follow_links=True"):
        open_cube(path, dataset=dataset, **AXES)
    cube = open_cube(path, dataset=dataset, follow_links=True, **AXES)
    np.testing.assert_array_equal(cube, small_counts)


def test_maps_elsewhere_are_refused(tmp_path):
    (tmp_path / "raw").write_bytes(bytes(48))
    with h5py.File(tmp_path / "maps.nxs", "w") as file:
        group = file.create_group("entry/parameters")
        group.create_dataset("Fe_K", (2, 3), "f8", external=[(str(tmp_path / "raw"), 0, 48)])
    with pytest.raises(FileFormatError, match="values of '/entry/parameters/Fe_K'") as error:
        open_maps(tmp_path / "maps.nxs")
    assert "follow_links" not in str(error.value)


def test_relative_external_storage_is_beside_the_file(tmp_path, small_counts, monkeypatch):
    (tmp_path / "counts.raw").write_bytes(small_counts.tobytes())
    with h5py.File(tmp_path / "scan.h5", "w") as file:
        where = [("counts.raw", 0, small_counts.nbytes)]
        file.create_dataset("mca", small_counts.shape, "u2", external=where)
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    (tmp_path / "other" / "counts.raw").write_bytes(bytes(small_counts.nbytes))
    cube = open_cube(tmp_path / "scan.h5", follow_links=True, **AXES)
    np.testing.assert_array_equal(cube, small_counts)


def require_noticed(path, changed, replace, counts, **options):
    """Replace a file by one of the same name and size while its cube is open."""
    cube = open_cube(path, **options)
    before = cube.data.name
    np.testing.assert_array_equal(cube, counts)
    replace()
    with pytest.raises(FileFormatError, match=rf"{changed.name} has changed since it was opened"):
        cube.compute()
    assert open_cube(path, **options).data.name != before
    changed.unlink()
    with pytest.raises((FileFormatError, FileNotFoundError), match=r"is missing|[Nn]o such file"):
        cube.compute()


def test_replaced_files_of_text_and_numbers_are_noticed(tmp_path, small_counts):
    other = small_counts[::-1].copy()
    path = test_edf.write(tmp_path, small_counts)
    row = path / "scan_3.edf"
    require_noticed(path, row, lambda: test_edf.write_row(row, other[3]), small_counts)

    path = test_mca.folder_of(tmp_path, small_counts, test_mca.counting())
    pixel, content = path / "pixel_20.mca", test_mca.amptek(other[3, 0])
    require_noticed(path, pixel, lambda: pixel.write_bytes(content), small_counts, shape=(5, 7))

    path = test_ripple.write(tmp_path, small_counts, **test_ripple.CALIBRATION)
    raw = path.with_suffix(".raw")
    require_noticed(path, raw, lambda: raw.write_bytes(other.tobytes()), small_counts)

    path = test_bcf.write(tmp_path, small_counts)
    content = path.read_bytes()
    require_noticed(path, path, lambda: path.write_bytes(content), small_counts)


@pytest.mark.parametrize("kind", ["virtual", "storage", "link"])
def test_replaced_files_behind_an_hdf5_file_are_noticed(kind, tmp_path, small_counts):
    path, data, options = tmp_path / "scan.h5", tmp_path / "data.h5", dict(AXES)

    def put(counts):
        if kind == "storage":
            data.write_bytes(counts.tobytes())
            return
        with h5py.File(data, "w") as file:
            file["mca"] = counts

    put(small_counts)
    if kind == "virtual":
        virtual(path, "data.h5", small_counts.shape)
    else:
        with h5py.File(path, "w") as file:
            if kind == "link":
                file["mca"] = h5py.ExternalLink("data.h5", "/mca")
            else:
                options["follow_links"] = True
                where = [(str(data), 0, small_counts.nbytes)]
                file.create_dataset("mca", small_counts.shape, "u2", external=where)
    require_noticed(path, data, lambda: put(small_counts[::-1]), small_counts, **options)


def test_the_history_names_all_files_and_none_is_written_to(tmp_path, small_counts):
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["mca"] = small_counts
    virtual(tmp_path / "scan.h5", "data.h5", small_counts.shape)
    cube = open_cube(tmp_path / "scan.h5", **AXES)
    assert f"counts of {tmp_path / 'data.h5'}" in cube.attrs["history"]
    for name in ("scan.h5", "data.h5"):
        with pytest.raises(FileFormatError, match="is the input"):
            save_cube(cube, tmp_path / name)
    saved = open_cube(save_cube(cube, tmp_path / "copy.h5"))
    np.testing.assert_array_equal(saved, small_counts)
    assert "sources" not in saved.attrs


def test_names_of_files_that_are_not_utf_8(tmp_path, small_counts):
    path = tmp_path / b"scan\xff.h5".decode("utf-8", "surrogateescape")
    try:
        with h5py.File(tmp_path / "scan.h5", "w") as file:
            file["mca"] = small_counts
        (tmp_path / "scan.h5").rename(path)
    except OSError:
        pytest.skip("this system knows no such names")
    cube = open_cube(path, **AXES)
    np.testing.assert_array_equal(cube, small_counts)
    assert all(str(one).isprintable() and str(one).encode() for one in cube.attrs.values())
    save_cube(cube, path.with_suffix(".hdf5"))
    np.testing.assert_array_equal(open_cube(path.with_suffix(".hdf5")), small_counts)


def test_texts_and_coordinates_of_any_length_are_not_read(tmp_path, small_counts):
    cube = open_cube(test_ripple.write(tmp_path, small_counts, **test_ripple.CALIBRATION))
    path = save_cube(cube, tmp_path / "cube.h5")
    with h5py.File(path, "r+") as file:
        for i in range(3):
            one = file.create_dataset(f"skxrf_coordinates/n{i}", cube.shape[:2], "S3000000")
            one.attrs.update(name=f"note {i}", dims='["y", "x"]', attrs="{}", kind="")
    opened = open_cube(path)
    assert {"note 0", "note 1", "note 2"} - set(opened.coords), "they have 315 MB"
    with h5py.File(path, "r+") as file:
        file.create_dataset("note", (), "S1000000000")
    with pytest.raises(FileFormatError, match="'note' has values of more than"):
        open_cube(path)


def test_maps_that_together_claim_more_than_the_file_holds_are_refused(tmp_path):
    with h5py.File(tmp_path / "maps.nxs", "w") as file:
        for name in ("Ca_K", "Fe_K", "Cu_K"):
            file.create_dataset(f"entry/maps/{name}", (7000, 7000), "f4", chunks=(700, 700))
    with pytest.raises(FileFormatError, match="all maps together, claims"):
        open_maps(tmp_path / "maps.nxs", dataset="entry/maps")


@pytest.mark.parametrize("rows", [(0, 1), (0, 2, 4), (0,)])
def test_pixels_without_a_source_are_missing(tmp_path, small_counts, rows):
    layout = h5py.VirtualLayout(small_counts.shape, "u2")
    for row in rows:
        with h5py.File(tmp_path / f"row{row}.h5", "w") as file:
            file["mca"] = small_counts[row]
        layout[row] = h5py.VirtualSource(f"row{row}.h5", "mca", small_counts.shape[1:])
    with h5py.File(tmp_path / "scan.h5", "w") as file:
        file.create_virtual_dataset("mca", layout)

    with pytest.warns(UserWarning, match=f"{7 * (5 - len(rows))} of 35 pixels are missing"):
        cube = open_cube(tmp_path / "scan.h5", energy=(0, 0.01), axes=("y", "x", "energy"))

    expected = np.zeros_like(small_counts)
    expected[list(rows)] = small_counts[list(rows)]
    np.testing.assert_array_equal(cube, expected)
    assert cube.measured.any("x").values.tolist() == [row in rows for row in range(5)]

    with h5py.File(tmp_path / "row0.h5", "w") as file:
        file["mca"] = small_counts[0, :3]
    with pytest.raises(FileFormatError, match="expected at least 84 values"):
        open_cube(tmp_path / "scan.h5", energy=(0, 0.01), axes=("y", "x", "energy"))


def test_a_virtual_cube_that_grows(tmp_path, small_counts):
    shape, grows = small_counts.shape, (None, *small_counts.shape[1:])
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file.create_dataset("mca", data=small_counts, maxshape=grows)
    layout = h5py.VirtualLayout(shape, "u2", maxshape=grows)
    source = h5py.VirtualSource("data.h5", "mca", shape, maxshape=grows)
    layout[: h5py.h5s.UNLIMITED] = source[: h5py.h5s.UNLIMITED]
    with h5py.File(tmp_path / "scan.h5", "w", libver="latest") as file:
        file.create_virtual_dataset("mca", layout)

    cube = open_cube(tmp_path / "scan.h5", energy=(0, 0.01), axes=("y", "x", "energy"))

    np.testing.assert_array_equal(cube, small_counts)
