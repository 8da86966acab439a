"""Cubes of EDF rows, written by fabio."""

import itertools
import pickle
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skxrf.exceptions import CountsError, EnergyAxisError, FileFormatError
from skxrf.io import open_cube

edfimage = pytest.importorskip("fabio.edfimage", reason="fabio reads and writes these files")

CALIBRATION = {"MCA a": "-0.955", "MCA b": "0.01", "MCA c": "0"}
AXIS = -0.955 + 0.01 * np.arange(12)


def write_row(path, row, header=CALIBRATION):
    edfimage.EdfImage(data=row, header=dict(header)).write(str(path))


def write(folder, counts, *, pattern="scan_{}.edf", start=0, header=CALIBRATION):
    folder = Path(folder, "rows")
    folder.mkdir(exist_ok=True)
    for i, row in enumerate(counts):
        write_row(folder / pattern.format(i + start), row, header)
    return folder


@pytest.mark.parametrize("dtype", ["u1", "u2", "i4", "f4", "f8"])
@pytest.mark.parametrize("one_file", [False, True])
def test_a_row_a_file(tmp_path, small_counts, dtype, one_file):
    counts = np.concatenate([small_counts, small_counts[::-1], small_counts]).astype(dtype)
    folder = write(tmp_path, counts)
    path = folder / "scan_10.edf" if one_file else folder

    cube = open_cube(path, chunks=(2, 3))

    assert cube.dtype == np.dtype(dtype)
    assert cube.chunks[1:] == ((7,), (12,)), "rows are read whole"
    assert len(cube.chunks[0]) > 1
    np.testing.assert_array_equal(cube, counts)
    np.testing.assert_array_equal(cube[12, 2:5, ::3], counts[12, 2:5, ::3])
    np.testing.assert_allclose(cube.energy, AXIS)
    assert cube.attrs["source"] == str(path)
    assert cube.attrs["reader"] == "EDF rows"


def test_pymca_reads_the_same(tmp_path, small_counts):
    stack = pytest.importorskip("PyMca5.PyMcaIO.EDFStack")
    folder = write(tmp_path, small_counts)
    theirs = stack.EDFStack([str(folder / f"scan_{i}.edf") for i in range(5)])

    np.testing.assert_array_equal(open_cube(folder), theirs.data)


def test_a_calibration_with_a_square(tmp_path, small_counts):
    folder = write(tmp_path, small_counts, header=CALIBRATION | {"MCA c": "1e-6"})

    np.testing.assert_allclose(open_cube(folder).energy, AXIS + 1e-6 * np.arange(12) ** 2)


def test_rows_of_two_calibrations_are_refused(tmp_path, small_counts):
    folder = write(tmp_path, small_counts)
    write_row(folder / "scan_3.edf", small_counts[3], CALIBRATION | {"MCA a": "-0.9"})

    with pytest.raises(
        EnergyAxisError, match=r"scan_3\.edf has another calibration than scan_0\.edf"
    ):
        open_cube(folder)
    np.testing.assert_array_equal(open_cube(folder, energy=(0, 0.01)), small_counts)


@pytest.mark.parametrize(
    "header", [{}, {"MCA a": "0", "MCA b": "1", "MCA c": "0"}, {"MCA a": "x", "MCA b": "1"}]
)
def test_no_calibration_is_asked_for(tmp_path, small_counts, header):
    folder = write(tmp_path, small_counts, header=header)

    with pytest.raises(EnergyAxisError, match=r"rows holds no energy calibration: pass energy="):
        open_cube(folder)
    np.testing.assert_array_equal(open_cube(folder, energy=(0, 0.01)), small_counts)


def test_a_single_row(tmp_path, small_counts):
    write_row(tmp_path / "line.edf", small_counts[2])

    cube = open_cube(tmp_path / "line.edf")

    np.testing.assert_array_equal(cube, small_counts[2:3])


def test_the_siblings_of_a_file_are_those_that_differ_in_the_row(tmp_path, small_counts):
    for detector in ("00", "01"):
        write(
            tmp_path,
            small_counts + np.uint16(int(detector)),
            pattern="map_xia" + detector + "_0003_{:04d}.edf",
        )
    folder = tmp_path / "rows"

    cube = open_cube(folder / "map_xia01_0003_0002.edf")

    np.testing.assert_array_equal(cube, small_counts + np.uint16(1))
    with pytest.raises(FileFormatError, match=r"2 detectors \(0, 1\): pass detector="):
        open_cube(folder)
    np.testing.assert_array_equal(open_cube(folder, detector=1), small_counts + np.uint16(1))
    summed = open_cube(folder, detector="sum")
    assert summed.dtype == np.uint32
    np.testing.assert_array_equal(summed, 2 * small_counts.astype(np.uint32) + 1)


def test_files_that_count_as_many_rows_as_detectors_are_not_guessed(tmp_path, small_counts):
    for detector in range(5):
        write(tmp_path, small_counts, pattern=f"map_{detector}_{{}}.edf")

    with pytest.raises(FileFormatError, match=r"map_0_0\.edf belongs to 2 series: 5 files with"):
        open_cube(tmp_path / "rows" / "map_0_0.edf")


def test_of_the_stacks_of_xraylab_the_spectra_are_taken(tmp_path, small_counts):
    write(tmp_path, small_counts, pattern="panel_Z0_{:03d}.edf")
    folder = write(tmp_path, small_counts[:, :, :3], pattern="panel_map_{:03d}.edf")

    np.testing.assert_array_equal(open_cube(folder), small_counts)


def test_a_missing_row_is_not_skipped(tmp_path, small_counts):
    folder = write(tmp_path, small_counts, start=8)
    (folder / "scan_10.edf").unlink()

    for path in (folder, folder / "scan_8.edf"):
        with pytest.raises(FileFormatError, match=r"go on from 9 with 11, not 10"):
            open_cube(path)


def test_rows_of_another_size_or_type(tmp_path, small_counts):
    folder = write(tmp_path, small_counts)
    for row in (small_counts[3, :5], small_counts[3].astype(np.float32)):
        write_row(folder / "scan_3.edf", row)
        with pytest.raises(FileFormatError, match=r"scan_3\.edf holds .* but scan_0\.edf"):
            open_cube(folder)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.7, 0.8, 0.99])
def test_a_row_that_was_cut_is_not_filled_up(tmp_path, small_counts, share):
    folder = write(tmp_path, small_counts)
    file = folder / "scan_3.edf"
    file.write_bytes(file.read_bytes()[: int(share * 680)])

    with pytest.raises(FileFormatError, match=r"scan_3\.edf"):
        open_cube(folder)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"Dim_1 = 12", b"Dim_1 = 1000000000000", "cut short"),
        (b"Dim_2 = 7", b"Dim_2 = 1000000000000", "cut short"),
        (b"Dim_1 = 12", b"Dim_1 = many", "damaged"),
        (b"UnsignedShort", b"UnsignedLengthy", "damaged"),
        (b"Dim_2 = 7", b"Dim_2 = -7", "damaged|cut short|holds"),
        (b"HeaderID = EH", b"EDF_BinaryFileName = /etc/passwd ;\nX = EH", "in another file"),
    ],
)
def test_headers_that_cannot_be(tmp_path, small_counts, old, new, words):
    folder = write(tmp_path, small_counts[:1])
    file = folder / "scan_0.edf"
    content = file.read_bytes()
    assert old in content
    file.write_bytes(content.replace(old, new))

    with pytest.raises(FileFormatError, match=words) as caught:
        open_cube(file)
    assert "scan_0.edf" in str(caught.value)


@pytest.mark.parametrize("size", [b"Dim_1 = 0", b"Dim_2 = 0"])
def test_rows_of_nothing(tmp_path, small_counts, size):
    folder = write(tmp_path, small_counts[:1])
    file = folder / "scan_0.edf"
    name = size[:7]
    old = name + (b" 12" if name == b"Dim_1 =" else b" 7")
    file.write_bytes(file.read_bytes().replace(old, size))

    with pytest.raises(CountsError, match="is empty, of shape"):
        open_cube(file)


def test_several_images_in_a_file_are_rows(tmp_path, small_counts):
    image = edfimage.EdfImage(data=small_counts[0], header=CALIBRATION)
    for row in small_counts[1:]:
        image.append_frame(data=row, header=CALIBRATION)
    image.write(str(tmp_path / "many.edf"))

    cube = open_cube(tmp_path / "many.edf", chunks=(2, 7))

    np.testing.assert_array_equal(cube, small_counts)
    np.testing.assert_allclose(cube.energy, AXIS)


def test_three_axes_in_a_file(tmp_path, small_counts):
    header = (
        "{\nByteOrder = HighByteFirst ;\nDataType = UnsignedShort ;\nDim_1 = 12 ;\nDim_2 = 7 ;\n"
        "Dim_3 = 5 ;\nMCA a = 0 ;\nMCA b = 0.01 ;\n"
    )
    content = header.ljust(510).encode() + b"}\n" + small_counts.astype(">u2").tobytes()
    (tmp_path / "stack.edf").write_bytes(content)

    np.testing.assert_array_equal(open_cube(tmp_path / "stack.edf"), small_counts)


def test_the_first_channel_has_a_number(tmp_path, small_counts):
    folder = write(tmp_path, small_counts, header=CALIBRATION | {"MCA start ch": "100"})

    np.testing.assert_allclose(open_cube(folder).energy, AXIS + 1.0)


def test_decimal_commas(tmp_path, small_counts):
    folder = write(tmp_path, small_counts, header={"MCA a": "-0,955", "MCA b": "0,01"})

    np.testing.assert_allclose(open_cube(folder).energy, AXIS)


def test_a_stopped_scan_has_a_short_last_row(tmp_path, small_counts):
    folder = write(tmp_path, [*small_counts[:4], small_counts[4, :3]])

    with pytest.warns(UserWarning, match="4 of 35 pixels are missing"):
        cube = open_cube(folder)

    np.testing.assert_array_equal(cube[4, :3], small_counts[4, :3])
    assert not cube[4, 3:].any()
    np.testing.assert_array_equal(cube.measured[4], [True] * 3 + [False] * 4)


def test_an_order_of_bytes_that_is_not_said_is_asked_for(tmp_path, small_counts):
    file = write(tmp_path, small_counts[:1]) / "scan_0.edf"
    file.write_bytes(file.read_bytes().replace(b"ByteOrder", b"Whatever0"))

    with pytest.raises(FileFormatError, match="says ByteOrder = nowhere"):
        open_cube(file)


def test_a_number_of_sizes_without_end(tmp_path, small_counts):
    file = write(tmp_path, small_counts[:1]) / "scan_0.edf"
    file.write_bytes(
        file.read_bytes().replace(b"Dim_2 = 7 ;", b"Dim_2 = 7 ;\nDim_99999999999 = 1 ;")
    )

    with pytest.raises(FileFormatError, match="dim_99999999999"):
        open_cube(file)


def test_a_file_that_changed_after_opening(tmp_path, small_counts):
    folder = write(tmp_path, small_counts)
    cube = open_cube(folder)
    write_row(folder / "scan_2.edf", small_counts[2, :4])
    with pytest.raises(FileFormatError, match=r"scan_2\.edf has changed since"):
        cube.compute()
    (folder / "scan_2.edf").unlink()
    with pytest.raises(FileFormatError, match=r"scan_2\.edf is missing since"):
        cube.compute()


def test_it_can_be_pickled(tmp_path, small_counts):
    cube = pickle.loads(pickle.dumps(open_cube(write(tmp_path, small_counts), chunks=(1, 7))))

    np.testing.assert_array_equal(cube, small_counts)


@given(data=st.data())
def test_damaged_files_give_a_cube_or_one_of_our_errors(data, open_or_refuse, small_counts):
    with tempfile.TemporaryDirectory() as folder:
        path = write(folder, small_counts[:2])
        file = path / "scan_1.edf"
        content = bytearray(file.read_bytes())
        for _ in range(data.draw(st.integers(1, 4))):
            # Where the keys are, most of the time.
            at = data.draw(st.integers(0, 260) | st.integers(0, len(content) - 1))
            content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
        file.write_bytes(content[: data.draw(st.integers(len(content) - 8, len(content)))])
        open_or_refuse(path)
        open_or_refuse(file)


@pytest.mark.parametrize("shape", [(12,), (1, 12)])
def test_a_file_for_each_point(tmp_path, small_counts, shape):
    for i, values in enumerate(small_counts.reshape(35, 12)):
        sizes = "".join(f"Dim_{k + 1} = {n} ;\n" for k, n in enumerate(reversed(shape)))
        head = "{\nByteOrder = LowByteFirst ;\nDataType = UnsignedShort ;\n" + sizes
        head += "MCA a = 100 ;\nMCA b = 20 ;\nMCA units = eV ;\n"
        (tmp_path / f"point_{i}.edf").write_bytes(
            (head.ljust(510) + "}\n").encode() + values.astype("<u2").tobytes()
        )
    cube = open_cube(tmp_path, shape=(5, 7))
    np.testing.assert_array_equal(cube, small_counts)
    np.testing.assert_allclose(cube.energy, 0.1 + 0.02 * np.arange(12))


def test_a_row_that_one_detector_lacks(tmp_path):
    for detector, row in itertools.product(range(2), range(3)):
        if (detector, row) != (1, 1):
            name = f"map_xia{detector:02d}_0001_{row:04d}.edf"
            edfimage.EdfImage(data=np.ones((4, 8), np.uint32)).write(str(tmp_path / name))
    edfimage.EdfImage(data=np.ones((4, 8), np.uint32)).write(
        str(tmp_path / "map_xiaS0_0001_0000.edf")
    )
    with pytest.raises(FileFormatError, match="lacks a row that others have"):
        open_cube(tmp_path, detector=1, energy=(0.0, 0.02))


def test_images_of_channels_by_axes(tmp_path, small_counts):
    images = list(np.moveaxis(small_counts, -1, 0))
    file = edfimage.EdfImage(data=images[0])
    for image in images[1:]:
        file.append_frame(data=image)
    file.write(str(tmp_path / "stack.edf"))

    cube = open_cube(tmp_path / "stack.edf", energy=(0.0, 0.02), axes=("energy", "y", "x"))
    np.testing.assert_array_equal(cube, small_counts)


def test_live_times_and_motors_of_xia(tmp_path):
    motors = {"motor_mne": "samx samz", "motor_pos": "1 0"}
    for row in range(3):
        n = 2 if row == 2 else 4
        for detector in (0, 3):
            header = CALIBRATION | motors | {"motor_pos": f"1 {0.1 * row}"}
            name = f"map_xia{detector:02d}_0001_0000_{row:04d}.edf"
            write_row(tmp_path / name, np.ones((n, 12), np.uint32), header)
        if row != 1:
            statistics = np.full((n, 2, 6), 7, np.int32)
            statistics[:, :, 0] = 0, 3
            statistics[:, :, 4] = np.add.outer(100 * row + np.arange(n), [0, 10])
            write_row(
                tmp_path / f"map_xiast_0001_0000_{row:04d}.edf", statistics.reshape(n, 12), {}
            )

    nan = np.nan
    first = np.array([[0, 1, 2, 3], [nan] * 4, [200, 201, nan, nan]]) / 1000
    for detector, more in ((0, 0.0), (3, 0.01), ("sum", 0.005)):
        with pytest.warns(UserWarning, match="2 of 12 pixels are missing"):
            cube = open_cube(tmp_path, detector=str(detector))
        np.testing.assert_allclose(cube.live_time, first + more)
        np.testing.assert_allclose(cube.samz, [0.0, 0.1, 0.2])
    write_row(tmp_path / "map_xiast_0001_0000_0000.edf", np.ones((3, 12), np.int32), {})
    with pytest.warns(UserWarning, match="2 of 12"), pytest.warns(UserWarning, match="left out"):
        cube = open_cube(tmp_path, detector=0)
    assert np.isnan(cube.live_time[0]).all()
