"""Ripple cubes: the header .rpl in both dialects, and the .raw beside it."""

import pickle
import stat
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skxrf.exceptions import CountsError, EnergyAxisError, FileFormatError
from skxrf.io import open_cube

SHORT = {
    "key": "value",
    "width": 7,
    "height": 5,
    "depth": 12,
    "offset": 0,
    "data-Length": 2,
    "data-type": "unsigned",
    "byte-order": "little-endian",
    "record-by": "vector",
}
CALIBRATION = {
    "depthbinsize": 1,
    "depth1": 200,
    "depth2": 3000,
    "depthscaleorigin": -0.956,
    "depthscaleincrement": 0.010002,
    "depthscaleunits": "keV",
}
AXIS = -0.956 + 0.010002 * np.arange(12)


def write(folder, values, *, name="scan", separators="\t", newline="\r\n", **changes):
    """A pair of files; `changes` to the header with _ for -, None leaves a line out."""
    keys = SHORT | {key.replace("_", "-"): value for key, value in changes.items()}
    lines = [
        f"{key}{separators[i % len(separators)]}{value}"
        for i, (key, value) in enumerate(keys.items())
        if value is not None
    ]
    path = Path(folder, f"{name}.rpl")
    path.write_bytes(newline.join([*lines, ""]).encode())
    path.with_suffix(".raw").write_bytes(values.tobytes())
    return path


@pytest.mark.parametrize("separators", ["\t", " ", "\t ", ["\t", "    ", " = "]])
@pytest.mark.parametrize("newline", ["\r\n", "\n"])
@pytest.mark.parametrize("suffix", [".rpl", ".raw"])
def test_the_long_dialect(tmp_path, small_counts, separators, newline, suffix):
    path = write(tmp_path, small_counts, separators=separators, newline=newline, **CALIBRATION)

    cube = open_cube(path.with_suffix(suffix))

    assert cube.dtype == np.uint16
    assert cube.chunks is not None
    np.testing.assert_array_equal(cube, small_counts)
    np.testing.assert_allclose(cube.energy, AXIS)
    assert cube.attrs["source"] == str(path)
    assert cube.attrs["reader"] == "Ripple (.rpl, .raw)"


def test_the_header_of_nine_lines_and_tabs_has_no_calibration(tmp_path, small_counts):
    path = write(tmp_path, small_counts)

    with pytest.raises(EnergyAxisError, match=r"scan\.rpl holds no energy calibration: pass ener"):
        open_cube(path)
    cube = open_cube(path, energy=(-0.956, 0.010002))
    np.testing.assert_array_equal(cube, small_counts)
    np.testing.assert_allclose(cube.energy, AXIS)


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [
        *(("unsigned", dtype) for dtype in ("u1", "u2", "u4", "u8")),
        *(("signed", dtype) for dtype in ("i1", "i2", "i4")),
        *(("float", dtype) for dtype in ("f4", "f8")),
    ],
)
@pytest.mark.parametrize("byte_order", ["little-endian", "big-endian"])
@pytest.mark.parametrize("record_by", ["vector", "image", "Vector"])
@pytest.mark.parametrize("offset", [0, 31])
def test_every_type_and_order(tmp_path, small_counts, kind, dtype, byte_order, record_by, offset):
    stored = np.dtype(dtype).newbyteorder("<" if byte_order == "little-endian" else ">")
    values = small_counts.astype(stored)
    if record_by == "image":
        values = values.transpose(2, 0, 1)
    path = write(
        tmp_path,
        np.frombuffer(bytes(offset) + values.tobytes(), "u1"),
        data_Length=None,
        data_length=stored.itemsize,
        data_type=kind,
        byte_order=byte_order,
        record_by=record_by,
        offset=offset,
    )

    cube = open_cube(path, energy=(0, 0.01), chunks=(2, 3))

    assert cube.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(cube, small_counts)
    np.testing.assert_array_equal(cube[3, 4], small_counts[3, 4])


def test_the_byte_order_of_single_bytes_does_not_matter(tmp_path, small_counts):
    for order in ("dont-care", None):
        path = write(tmp_path, small_counts.astype("u1"), data_Length=1, byte_order=order)
        np.testing.assert_array_equal(open_cube(path, energy=(0, 0.01)), small_counts)

    path = write(tmp_path, small_counts, byte_order=None)
    with pytest.raises(FileFormatError, match="byte-order nowhere"):
        open_cube(path, energy=(0, 0.01))


@pytest.mark.parametrize("order", "<>")
def test_the_byte_order_of_floating_point_numbers_shows(tmp_path, small_counts, order):
    values = small_counts.astype(f"{order}f4")
    values[4, 3:] = np.nan
    about = {"data_Length": 4, "data_type": "float", "byte_order": "dont-care"}
    path = write(tmp_path, values, **about)

    with pytest.warns(UserWarning, match="4 of 35 pixels are missing"):
        cube = open_cube(path, energy=(0, 0.01))

    np.testing.assert_array_equal(cube, np.where(np.isnan(values), 0, values))
    assert not cube.measured[4, 3:].any()


def hyperspy_axes(shape):
    names = [("height", 0.5, "mm"), ("width", 250.0, "µm"), ("Energy", 0.010002, "keV")]
    return [
        {
            "name": name,
            "size": size,
            "scale": scale,
            "offset": -0.956 if name == "Energy" else 1.0,
            "units": units,
            "navigate": name != "Energy",
            "index_in_array": i,
        }
        for i, ((name, scale, units), size) in enumerate(zip(names, shape, strict=True))
    ]


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
def test_what_rosettasciio_writes(tmp_path, small_counts, encoding):
    ripple = pytest.importorskip("rsciio.ripple")
    signal = {
        "data": small_counts,
        "axes": hyperspy_axes(small_counts.shape),
        "metadata": {"General": {"title": "icon; test"}, "Signal": {"signal_type": ""}},
    }
    path = tmp_path / "icon.rpl"
    ripple.file_writer(str(path), signal, encoding=encoding)

    cube = open_cube(path)

    np.testing.assert_array_equal(cube, small_counts)
    np.testing.assert_allclose(cube.energy, AXIS)
    np.testing.assert_allclose(cube.y, 1.0 + 0.5 * np.arange(5))
    np.testing.assert_allclose(cube.x, 0.001 + 0.25 * np.arange(7))
    assert cube.y.attrs["units"] == "mm"
    assert cube.attrs["title"] == "icon"


def test_pymca_reads_the_same(tmp_path, small_counts):
    lispix = pytest.importorskip("PyMca5.PyMcaIO.LispixMap")
    path = write(tmp_path, small_counts)

    np.testing.assert_array_equal(lispix.LispixMap(str(path)).data, small_counts)
    np.testing.assert_array_equal(open_cube(path, energy=(0, 0.01)), small_counts)


def test_a_gain_alone_is_no_calibration(tmp_path, small_counts):
    path = write(tmp_path, small_counts, ev_per_chan=10)

    with pytest.raises(EnergyAxisError, match=r"ev-per-chan 10, but not.*energy=\(offset, 0\.01\)"):
        open_cube(path)


def test_the_defaults_of_hyperspy_calibrate_nothing(tmp_path, small_counts):
    path = write(
        tmp_path, small_counts, depth_origin=0.0, depth_scale=1.0, depth_units="<undefined>"
    )

    with pytest.raises(EnergyAxisError, match="no energy calibration"):
        open_cube(path)


def test_units_of_the_axis(tmp_path, small_counts):
    calibrated = CALIBRATION | {"depthscaleorigin": -956, "depthscaleincrement": "10,002"}
    path = write(tmp_path, small_counts, **calibrated | {"depthscaleunits": "eV"})
    np.testing.assert_allclose(open_cube(path).energy, AXIS)

    path = write(tmp_path, small_counts, **calibrated | {"depthscaleunits": "channels"})
    with pytest.raises(EnergyAxisError, match=r"'channels'.*pass energy="):
        open_cube(path)
    np.testing.assert_allclose(open_cube(path, energy=AXIS).energy, AXIS)


@pytest.mark.parametrize(
    "change", [{"depth1": 200, "depth2": 211}, {"depth1": 200, "depth2": 212}, {"depthbinsize": 2}]
)
def test_channels_cut_or_binned_from_more_are_asked_about(tmp_path, small_counts, change):
    path = write(tmp_path, small_counts, **CALIBRATION | change)

    with pytest.raises(EnergyAxisError, match=r"12 channels cut or binned.*pass energy="):
        open_cube(path)


def test_all_channels_counted_from_1_are_no_part(tmp_path, small_counts):
    path = write(tmp_path, small_counts, **CALIBRATION | {"depth1": 1, "depth2": 12})

    np.testing.assert_allclose(open_cube(path).energy, AXIS)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"width": None}, "lacks width"),
        ({"record_by": None, "depth": None}, "lacks depth, record-by"),
        ({"width": "seven"}, "width 'seven'.*whole number"),
        ({"height": -5}, "height '-5'"),
        ({"depth": "12.5"}, "depth '12.5'"),
        ({"offset": "-1"}, "offset '-1'"),
        ({"data_Length": 3}, "data-type unsigned of data-length 3"),
        ({"data_type": "float"}, "data-type float of data-length 2"),
        ({"data_type": "text"}, "data-type text"),
        ({"byte_order": "middle"}, "byte-order middle"),
        ({"record_by": "dont-care"}, "record-by dont-care.*axes="),
        ({"Width": 8}, "both width 7 and width 8"),
        ({"width": 8}, r"840 bytes, but .*scan\.rpl says 960.*cut short"),
        ({"width": 6}, r"840 bytes, but .*scan\.rpl says 720.*another header"),
        ({"offset": 4}, "840 bytes, but .* says 844"),
        ({"data_Length": 4}, "840 bytes, but .* says 1,680"),
        ({"width": 10**12}, "840 bytes, but .* says 120,000,000,000,000"),
        ({"height": 10**30}, "840 bytes"),
    ],
)
def test_a_header_that_cannot_be(tmp_path, small_counts, changes, words):
    path = write(tmp_path, small_counts, **changes)

    with pytest.raises(FileFormatError, match=words) as caught:
        open_cube(path, energy=(0, 0.01))

    assert "scan.rpl" in str(caught.value)


@pytest.mark.parametrize("name", ["width", "height", "depth"])
def test_a_cube_of_nothing(tmp_path, name):
    path = write(tmp_path, np.empty(0), **{name: 0})

    with pytest.raises(CountsError, match=r"scan\.rpl is empty, of shape"):
        open_cube(path, energy=(0, 0.01))


def test_one_file_without_the_other(tmp_path, small_counts):
    path = write(tmp_path, small_counts)
    raw = path.with_suffix(".raw")
    path.rename(tmp_path / "header.rpl")

    with pytest.raises(FileFormatError, match=r"scan\.raw holds bare numbers, and scan\.rpl"):
        open_cube(raw)
    with pytest.raises(FileFormatError, match=r"header\.raw, which is not beside it"):
        open_cube(tmp_path / "header.rpl")


def test_suffixes_in_capitals(tmp_path, small_counts):
    path = write(tmp_path, small_counts, **CALIBRATION)
    header = path.rename(path.with_suffix(".RPL"))
    path.with_suffix(".raw").rename(path.with_suffix(".RAW"))

    np.testing.assert_array_equal(open_cube(header), small_counts)
    np.testing.assert_array_equal(open_cube(header.with_suffix(".RAW")), small_counts)


def test_the_caller_knows_the_order_better(tmp_path, small_counts):
    path = write(tmp_path, small_counts.swapaxes(0, 1), record_by="dont-care")

    cube = open_cube(path, energy=(0, 0.01), axes=("x", "y", "energy"))

    np.testing.assert_array_equal(cube, small_counts)
    with pytest.raises(FileFormatError, match="axes must name"):
        open_cube(write(tmp_path, small_counts), energy=(0, 0.01), axes=("x", "y"))


def test_negative_counts_are_named_when_read(tmp_path, small_counts):
    values = small_counts.astype("<i2")
    values[3, 4, 5] = -7
    cube = open_cube(write(tmp_path, values, data_type="signed"), energy=(0, 0.01))

    with pytest.raises(CountsError, match=r"scan\.rpl: pixel \(y=3, x=4\) holds -7 in channel 5"):
        cube.compute()


def test_the_raw_file_is_only_read(tmp_path, small_counts):
    path = write(tmp_path, small_counts, **CALIBRATION)
    raw = path.with_suffix(".raw")
    raw.chmod(stat.S_IRUSR)
    before = raw.read_bytes()

    cube = pickle.loads(pickle.dumps(open_cube(path, chunks=(2, 3))))
    block = cube.compute(scheduler="processes")
    block += np.uint16(1)

    assert raw.read_bytes() == before
    np.testing.assert_array_equal(block, small_counts + np.uint16(1))


def test_a_raw_file_that_was_cut_after_opening(tmp_path, small_counts):
    path = write(tmp_path, small_counts, **CALIBRATION)
    cube = open_cube(path)
    path.with_suffix(".raw").write_bytes(bytes(10))

    with pytest.raises(FileFormatError, match=r"scan\.raw has changed since it was opened"):
        cube.compute()


def test_a_cube_of_20_gb_opens_at_once_and_reads_a_pixel(tmp_path):
    path = write(tmp_path, np.empty(0), width=1592, height=1692, depth=4096, **CALIBRATION)
    with path.with_suffix(".raw").open("r+b") as raw:
        raw.truncate(1592 * 1692 * 4096 * 2)  # a hole, which takes no room
        raw.seek(2 * 4096 * (1592 * 800 + 300))
        raw.write(np.arange(4096, dtype="<u2").tobytes())

    cube = open_cube(path)

    assert cube.nbytes > 20e9
    np.testing.assert_array_equal(cube[800, 300].compute(scheduler="synchronous"), np.arange(4096))


@given(data=st.data())
def test_damaged_headers_give_a_cube_or_one_of_our_errors(data, open_or_refuse, small_counts):
    with tempfile.TemporaryDirectory() as folder:
        path = write(folder, small_counts, **CALIBRATION)
        header = bytearray(path.read_bytes())
        for _ in range(data.draw(st.integers(1, 4))):
            at = data.draw(st.integers(0, len(header) - 1))
            header[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
        path.write_bytes(header)
        open_or_refuse(path)
        open_or_refuse(path.with_suffix(".raw"))


values = (
    st.integers(-(10**20), 10**20) | st.floats() | st.text(max_size=8) | st.sampled_from([0, 1, 12])
)


@given(changes=st.dictionaries(st.sampled_from(sorted(SHORT | CALIBRATION)), values, min_size=1))
def test_headers_with_other_values_give_a_cube_or_one_of_our_errors(
    changes, open_or_refuse, small_counts
):
    with tempfile.TemporaryDirectory() as folder:
        path = write(folder, small_counts, **CALIBRATION)
        keys = SHORT | CALIBRATION | changes
        text = "\n".join(f"{key}\t{value}" for key, value in keys.items())
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        open_or_refuse(path)


@given(cut=st.integers(0, 839))
def test_cut_raw_files_are_refused(cut, open_or_refuse, small_counts):
    with tempfile.TemporaryDirectory() as folder:
        path = write(folder, small_counts, **CALIBRATION)
        path.with_suffix(".raw").write_bytes(small_counts.tobytes()[:cut])
        assert isinstance(open_or_refuse(path), FileFormatError)


def test_a_raw_file_as_large_as_an_absurd_header_says(tmp_path):
    path = write(tmp_path, np.empty(0), width=10**9, height=1, depth=1000, **CALIBRATION)
    with path.with_suffix(".raw").open("r+b") as raw:
        raw.truncate(2 * 10**12)  # a hole, which takes no room

    with pytest.raises(FileFormatError, match=r"claims the shape \(1, 1000000000, 1000\)"):
        open_cube(path)


def test_one_spectrum_or_image_has_no_order(tmp_path, small_counts):
    path = write(tmp_path, small_counts[0, 0], width=1, height=1, record_by="dont-care")
    np.testing.assert_array_equal(open_cube(path, energy=(0, 0.01))[0, 0], small_counts[0, 0])
    path = write(tmp_path, small_counts, record_by="dont-care")
    with pytest.raises(FileFormatError, match="record-by dont-care"):
        open_cube(path, energy=(0, 0.01))
