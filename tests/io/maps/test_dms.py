"""Datamuncher's files. Nothing that writes them installs: made by hand after the layout."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skxrf.exceptions import FileFormatError, LineGroupError, SkxrfError
from skxrf.io import open_maps, save_maps

VALUES = np.arange(24, dtype=np.float32).reshape(2, 3, 4) / 8


def write(path, values=VALUES, names=("Cl-K", "Ca-Ka"), header=None, end="\n"):
    n_maps, height, width = values.shape
    header = f"2\n{width} {height} {n_maps}\n" if header is None else header
    path.write_bytes(header.encode() + values.astype("<f4").tobytes() + end.join(names).encode())
    return path


def write_text(path, values=VALUES, names=("Cl-K", "Ca-Ka")):
    n_maps, height, width = values.shape
    lines = [" ".join(f"{one:.9g}" for one in row) for row in values.reshape(-1, width)]
    path.write_text("\n".join(["2", f"{width} {height} {n_maps}", *lines, *names, ""]))
    return path


@pytest.mark.parametrize(("writer", "dtype"), [(write, "f4"), (write_text, "f8")])
def test_both_dialects(tmp_path, writer, dtype):
    maps = open_maps(writer(tmp_path / "maps.any"))

    assert list(maps["element"].to_numpy()) == ["Cl_K", "Ca_Ka"]
    np.testing.assert_array_equal(np.moveaxis(maps.to_numpy(), 2, 0), VALUES)
    assert maps.dtype == dtype
    assert maps.attrs["reader"] == "Datamuncher"


def test_it_is_written_as_xrf_explorer_reads_it(tmp_path):
    maps = xr.DataArray(
        np.moveaxis(VALUES, 0, 2), dims=("y", "x", "element"), coords={"element": ["Fe_K", "Pb_L"]}
    )

    save_maps(maps, tmp_path / "maps.dms")

    # XRF Explorer skips a line, splits the next, and reads float32 and then names to the end.
    with open(tmp_path / "maps.dms", "rb") as stream:
        stream.readline()
        width, height, n_maps = (int(word) for word in stream.readline().split())
        values = np.fromfile(stream, np.float32, width * height * n_maps)
        names = [line.decode().strip() for line in stream]
    assert (width, height, n_maps) == (4, 3, 2)
    np.testing.assert_array_equal(values.reshape(n_maps, height, width), VALUES)
    assert names == ["Fe_K", "Pb_L"]


@settings(max_examples=30)
@example(values=np.full((1, 1, 1), 128.036, np.float32))
@example(values=np.full((1, 1, 2), 128.036, np.float32))
@given(
    values=arrays(
        np.float32,
        st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 3)),
        elements=st.floats(width=32),
    )
)
def test_float32_round_trip_is_exact(values):
    elements = ["Fe_K", "Pb_L", "S_K"][: values.shape[2]]
    maps = xr.DataArray(values, dims=("y", "x", "element"), coords={"element": elements})
    with tempfile.TemporaryDirectory() as folder:
        save_maps(maps, f"{folder}/maps.dms")
        again = open_maps(f"{folder}/maps.dms")

    np.testing.assert_array_equal(again.to_numpy().view(np.uint32), values.view(np.uint32))
    assert list(again["element"].to_numpy()) == elements


def test_names_are_chosen(tmp_path):
    path = write(tmp_path / "maps.dms", names=("Fe", "noise"))

    with pytest.raises(LineGroupError, match="'Fe', 'noise'"):
        open_maps(path)
    np.testing.assert_array_equal(open_maps(path, elements={"Fe": "Fe_K"})[..., 0], VALUES[0])


@pytest.mark.parametrize(
    ("header", "names", "words"),
    [
        (
            "2\n4 3 3\n",
            ("Fe_K", "Pb_L"),
            r"3 maps of 3 rows and 4 columns.*needs 144 bytes.*cut off",
        ),
        ("2\n4 3 1\n", ("Fe_K", "Pb_L"), r"followed by .*header is wrong"),
        ("2\n0 3 2\n", ("Fe_K", "Pb_L"), "is empty"),
        ("2\n1000000 1000000 9\n", ("Fe_K",), "needs 36000000000000 bytes"),
        (None, ("Fe_K",), "followed by 1 names, expected 2"),
        (None, ("Fe_K", "Fe_K"), "two maps called 'Fe_K'"),
        (None, ("Fe_K", "x" * 300), "header is wrong"),
    ],
)
def test_header_and_data_that_disagree(tmp_path, header, names, words):
    # Values that no text could be made of.
    path = write(tmp_path / "maps.dms", np.full_like(VALUES, -3.3e5), names, header)

    with pytest.raises(FileFormatError, match=words) as caught:
        open_maps(path)

    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2\n2 1 1\n1.0 \n", "the file ends before"),
        ("2\n2 1 1\n1.0 2.0\n", "the file ends before"),
        ("2\n2 1 1\n1.0 x2\nFe_K\n", "no number"),
        ("2\n1000000 1000000 9\n1.0 2.0\nFe_K\n", "needs 9000000000000 values"),
        ("2\n2 1 2\n1.0 2.0 3.0 4.0\nFe_K\n", "1 names, expected 2"),
    ],
)
def test_texts_that_disagree(tmp_path, text, words):
    path = tmp_path / "maps.ims"
    path.write_text(text)

    with pytest.raises(FileFormatError, match=words):
        open_maps(path)


def test_uncertainties_have_no_place(tmp_path):
    maps = xr.DataArray(
        np.ones((2, 3, 1)), dims=("y", "x", "element"), coords={"element": ["Fe_K"]}
    )
    both = xr.Dataset({"intensity": maps, "uncertainty": maps})

    with pytest.raises(
        FileFormatError, match=r"\.dms cannot hold uncertainty.*maps\['intensity'\]"
    ):
        save_maps(both, tmp_path / "maps.dms")
    with pytest.raises(FileFormatError, match=r"'Fe\\nK', which a \.dms cannot hold"):
        save_maps(maps.assign_coords(element=["Fe\nK"]), tmp_path / "maps.dms")
    assert not list(tmp_path.iterdir())


@settings(max_examples=200)
@given(data=st.data())
def test_any_header_and_any_damage_give_only_the_librarys_errors(data):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "maps.dms")
        writer = data.draw(st.sampled_from([write, write_text]), label="dialect")
        content = bytearray(writer(path).read_bytes())
        if data.draw(st.booleans(), label="another header"):
            numbers = [data.draw(st.integers(0, 10**13), label="size") for _ in range(3)]
            first = data.draw(st.sampled_from([b"2", b"3", b"", b"2.0"]), label="first line")
            header = first + b"\n" + " ".join(map(str, numbers)).encode() + b"\n"
            content = bytearray(header) + content[8:]
        content = content[: data.draw(st.integers(1, len(content)), label="size")]
        for _ in range(data.draw(st.integers(0, 3), label="flips")):
            at = data.draw(st.integers(0, len(content) - 1), label="at")
            content[at] = data.draw(st.integers(0, 255), label="byte")
        path.write_bytes(content)
        message, dims = "", set()
        try:
            dims = set(open_maps(path).dims)
        except SkxrfError as error:
            message = str(error)
        assert dims == {"y", "x", "element"} or "maps.dms" in message
        assert path.read_bytes() == bytes(content)
