"""TIFF maps, read back by us, by imageio, pillow and PyMca; and TIFF of PyMca and ImageJ."""

import struct
import tempfile
from pathlib import Path

import imageio.v3
import numpy as np
import pytest
import tifffile
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from PyMca5.PyMcaIO.ArraySave import save2DArrayListAsMonochromaticTiff
from PyMca5.PyMcaIO.TiffIO import TiffIO

from skxrf.exceptions import FileFormatError, LineGroupError, SkxrfError
from skxrf.io import open_maps, save_maps


def make_maps(values=None, **coords):
    values = np.random.default_rng(2).normal(9, 5, (4, 6, 3)) if values is None else values
    return xr.DataArray(
        np.asarray(values, np.float32),
        dims=("y", "x", "element"),
        coords={"element": ["Fe_K", "Pb_L", "S_K"][: np.shape(values)[2]], **coords},
        name="intensity",
        attrs={"units": "counts"},
    )


@pytest.fixture
def both():
    maps = make_maps(
        y=("y", 0.1 + 0.25 * np.arange(4), {"units": "mm"}),
        x=("x", 0.5 * np.arange(6), {"units": "mm"}),
    )
    maps.attrs["history"] = "fitted"
    return maps.to_dataset().assign(uncertainty=(abs(maps) + 1).assign_attrs(units="counts"))


@pytest.mark.parametrize("name", ["maps.tif", "maps.TIFF", "maps/"])
def test_the_round_trip_keeps_positions_and_attributes(tmp_path, both, name):
    both = both.assign_attrs(painting="icon", size=[2, 3])
    save_maps(both, f"{tmp_path}/{name}")

    xr.testing.assert_identical(open_maps(tmp_path / name), both)

    timed = both.assign_coords(live_time=(("y", "x"), np.ones((4, 6))))
    with pytest.warns(UserWarning, match=r"'tiff' has no place for these coordinates: live_time\."):
        save_maps(timed, f"{tmp_path}/{name}")
    xr.testing.assert_identical(open_maps(tmp_path / name), both)


@pytest.mark.parametrize("name", ["maps.tif", "maps/"])
@settings(max_examples=30)
@given(
    values=arrays(
        np.float32,
        st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 3)),
        elements=st.floats(width=32),
    )
)
def test_float32_round_trip_is_exact(name, values):
    with tempfile.TemporaryDirectory() as folder:
        save_maps(make_maps(values), f"{folder}/{name}")
        again = open_maps(f"{folder}/{name}")

    np.testing.assert_array_equal(again.to_numpy().view(np.uint32), values.view(np.uint32))
    assert list(again["element"].to_numpy()) == ["Fe_K", "Pb_L", "S_K"][: values.shape[2]]


def test_every_reader_sees_the_pages(tmp_path, both):
    path = tmp_path / "maps.tif"
    save_maps(both, path)
    pages = np.moveaxis(np.concatenate([both["intensity"], both["uncertainty"]], axis=2), 2, 0)

    np.testing.assert_array_equal(imageio.v3.imread(path), pages)
    with Image.open(path) as image:
        assert (image.n_frames, image.mode, image.size) == (6, "F", (6, 4))
        image.seek(4)
        np.testing.assert_array_equal(np.asarray(image), pages[4])
    pymca = TiffIO(str(path), mode="rb")
    assert pymca.getNumberOfImages() == 6
    np.testing.assert_array_equal(pymca.getImage(5), pages[5])
    pymca.close()
    with tifffile.TiffFile(path) as file:
        assert file.imagej_metadata["Labels"] == [
            "Fe_K", "Pb_L", "S_K", "s(Fe_K)", "s(Pb_L)", "s(S_K)",
        ]  # fmt: skip
        assert file.imagej_metadata["unit"] == "mm"
        assert file.pages[0].tags["XResolution"].value == (2, 1)
        assert file.pages[0].tags["YResolution"].value == (4, 1)


def test_a_folder_has_a_file_for_each_map(tmp_path, both):
    save_maps(both, tmp_path / "out", format="tiff")

    names = ["Fe_K", "Pb_L", "S_K", "s(Fe_K)", "s(Pb_L)", "s(S_K)"]
    assert sorted(one.name for one in (tmp_path / "out").iterdir()) == [f"{n}.tif" for n in names]
    lead = imageio.v3.imread(tmp_path / "out" / "Pb_L.tif")
    assert lead.dtype == np.float32
    np.testing.assert_array_equal(lead, both["intensity"].sel(element="Pb_L"))


def test_other_types_are_rounded_and_never_overflow(tmp_path):
    maps = make_maps().astype(np.float64) + 1e-9
    save_maps(maps, tmp_path / "maps.tif")

    np.testing.assert_array_equal(open_maps(tmp_path / "maps.tif"), maps.astype(np.float32))
    maps[0, 0, 0] = 1e300
    with pytest.raises(FileFormatError, match=r"32-bit numbers, but intensity reaches 1e\+300"):
        save_maps(maps, tmp_path / "large.tif")
    assert not (tmp_path / "large.tif").exists()


def test_a_stack_of_pymca(tmp_path):
    path = tmp_path / "images.tif"
    images = list(np.random.default_rng(0).uniform(0, 9, (4, 3, 5)).astype(np.float32))
    labels = ["Fe_K", "Scatter_Peak000", "s(Fe_K)", "s(Scatter_Peak000)"]
    save2DArrayListAsMonochromaticTiff(images, str(path), labels=labels, dtype=np.float32)

    maps = open_maps(path)

    assert list(maps["element"].to_numpy()) == ["Fe_K"]
    np.testing.assert_array_equal(maps["intensity"][..., 0], images[0])
    np.testing.assert_array_equal(maps["uncertainty"][..., 0], images[2])


def test_names_from_imagej_from_a_tag_and_from_the_file(tmp_path):
    values = np.arange(12, dtype=np.uint16).reshape(2, 2, 3)
    labels = {"axes": "ZYX", "Labels": ["Fe-K", "PbL"]}
    tifffile.imwrite(tmp_path / "imagej.tif", values, imagej=True, metadata=labels)
    with tifffile.TiffWriter(tmp_path / "tags.tif") as file:
        for name, page in zip(["Fe K", "Pb-L"], values, strict=True):
            tag = (285, "s", 0, name, True)
            file.write(page, photometric="minisblack", metadata=None, extratags=[tag])
    folder = tmp_path / "bare"
    folder.mkdir()
    for name, page in zip(["Fe_K", "Pb_L"], values, strict=True):
        tifffile.imwrite(folder / f"{name}.tiff", page, photometric="minisblack", metadata=None)

    for path in (tmp_path / "imagej.tif", tmp_path / "tags.tif", folder):
        maps = open_maps(path)
        assert list(maps["element"].to_numpy()) == ["Fe_K", "Pb_L"]
        np.testing.assert_array_equal(np.moveaxis(maps.to_numpy(), 2, 0), values)
        assert maps.dtype == np.uint16


@pytest.mark.parametrize("unit", ["mm", "\\u00B5m", "micron"])
def test_names_and_pixel_size_of_imagej_and_ome(tmp_path, unit):
    values = np.arange(12, dtype=np.float32).reshape(2, 2, 3)
    per_unit = (2.0, 4.0) if unit == "mm" else (0.002, 0.004)
    tifffile.imwrite(
        tmp_path / "imagej.tif",
        values,
        imagej=True,
        resolution=per_unit,
        metadata={"axes": "ZYX", "Labels": ["Fe_K", "Pb_L"], "unit": unit},
    )
    tifffile.imwrite(
        tmp_path / "maps.ome.tif",
        values,
        photometric="minisblack",
        metadata={
            "axes": "CYX",
            "Channel": {"Name": ["Fe_K", "Pb_L"]},
            "PhysicalSizeX": 500,
            "PhysicalSizeY": 0.25,
            "PhysicalSizeYUnit": "mm",
        },
    )

    for name in ("imagej.tif", "maps.ome.tif"):
        maps = open_maps(tmp_path / name)
        assert list(maps["element"].to_numpy()) == ["Fe_K", "Pb_L"]
        np.testing.assert_array_equal(np.moveaxis(maps.to_numpy(), 2, 0), values)
        np.testing.assert_allclose(maps.y, [0, 0.25])
        np.testing.assert_allclose(maps.x, [0, 0.5, 1])
        assert maps.y.attrs == maps.x.attrs == {"units": "mm"}


@pytest.mark.parametrize("prefix", ["sample_", "Map 3 - ", "12-05-"])
def test_names_at_the_end_of_those_of_files(tmp_path, prefix):
    for name in ("Fe-K", "Pb_L"):
        tifffile.imwrite(tmp_path / f"{prefix}{name}.tif", np.ones((2, 3), "f4"), metadata=None)

    assert list(open_maps(tmp_path)["element"].to_numpy()) == ["Fe_K", "Pb_L"]


def test_unclear_names_are_asked_for(tmp_path):
    path = tmp_path / "scan.tif"
    pages = np.zeros((2, 2, 3), np.float32)
    tifffile.imwrite(path, pages, photometric="minisblack", metadata=None)

    with pytest.raises(
        LineGroupError, match=r"scan\.tif has columns.*'scan_0', 'scan_1'.*elements"
    ):
        open_maps(path)
    assert open_maps(path, elements={"scan_1": "Fe_K"}).shape == (2, 3, 1)


def test_what_is_no_map(tmp_path):
    picture = tmp_path / "photo.tif"
    tifffile.imwrite(picture, np.zeros((4, 5, 3), np.uint8), photometric="rgb")
    with pytest.raises(FileFormatError, match=r"photo\.tif, page 0.*\(4, 5, 3\).*no intensities"):
        open_maps(picture)
    folder = tmp_path / "mixed"
    folder.mkdir()
    for name, shape in (("Fe_K", (2, 3)), ("Pb_L", (3, 2))):
        tifffile.imwrite(folder / f"{name}.tif", np.zeros(shape, np.float32), metadata=None)
    with pytest.raises(
        FileFormatError, match=r"'Pb_L' has the shape \(3, 2\), but 'Fe_K' \(2, 3\)"
    ):
        open_maps(folder)
    (tmp_path / "empty").mkdir()
    with pytest.raises(
        FileFormatError, match=r"empty is of no known format.*without TIFF or EDF files"
    ):
        open_maps(tmp_path / "empty")


def test_absurd_dimensions_are_refused_without_allocating(tmp_path):
    path = tmp_path / "huge.tif"
    save_maps(make_maps(), path)
    with tifffile.TiffFile(path, mode="r+") as file:
        file.pages[0].tags["ImageWidth"].overwrite(10**6, dtype=4)
        file.pages[0].tags["ImageLength"].overwrite(10**6, dtype=4)

    with pytest.raises(FileFormatError, match=r"huge\.tif"):
        open_maps(path)


@settings(max_examples=100)
@given(data=st.data())
def test_damaged_files_give_only_the_librarys_errors(data):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "maps.tif")
        save_maps(make_maps(), path)
        content = bytearray(path.read_bytes())
        if data.draw(st.booleans(), label="cut"):
            content = content[: data.draw(st.integers(4, len(content) - 1), label="size")]
        for _ in range(data.draw(st.integers(0, 4), label="flips")):
            at = data.draw(st.integers(4, len(content) - 1), label="at") if len(content) > 4 else 3
            content[at] = data.draw(st.integers(0, 255), label="byte")
        path.write_bytes(content)
        message, dims = "", set()
        try:
            dims = set(open_maps(path).dims)
        except SkxrfError as error:
            message = str(error)
        assert dims == {"y", "x", "element"} or "maps.tif" in message
        assert path.read_bytes() == bytes(content)


def test_pages_that_share_their_values(tmp_path):
    """A hundred pages of 40 kB each in a file of 60 kB: each alone is possible, all together are not."""
    strip, width, height = bytes(40_000), 100, 100
    content = bytearray(b"II*\0" + bytes(4)) + strip
    before = 4
    for _ in range(100):
        struct.pack_into("<I", content, before, len(content))
        tags = [
            (256, width), (257, height), (258, 32), (259, 1), (262, 1), (273, 8), (277, 1),
            (278, height), (279, len(strip)), (339, 3),
        ]  # fmt: skip
        content += struct.pack("<H", len(tags))
        content += b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
        before = len(content)
        content += bytes(4)
    (tmp_path / "Fe_K.tif").write_bytes(content)

    with pytest.raises(FileFormatError, match="100 pages need 4000000 bytes"):
        open_maps(tmp_path / "Fe_K.tif")
