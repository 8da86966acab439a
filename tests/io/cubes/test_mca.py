"""Cubes of single spectra as text: folders of .mca files, SPEC files, and .msa."""

import pickle
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skxrf.exceptions import CountsError, EnergyAxisError, FileFormatError
from skxrf.io import open_cube

POINTS = "0 -0.95\n100 0.05\n1000 9.05\n"


def amptek(counts, *, live=29.5, points=POINTS, label="Channel", end="<<END>>\n"):
    """One spectrum, in the sections and with the line ends of Amptek's program."""
    text = (
        "<<PMCA SPECTRUM>>\nTAG - live_data\nDESCRIPTION - \nGAIN - 2\nTHRESHOLD - 0\n"
        f"LIVE_MODE - 0\nPRESET_TIME - 0\nLIVE_TIME - {live}\nREAL_TIME - 30.000000\n"
        "START_TIME - 05/11/2017 22:10:19\nSERIAL_NUMBER - 1912\n"
        + (f"<<CALIBRATION>>\nLABEL - {label}\n{points}" if points else "")
        + "<<DATA>>\n"
        + "".join(f"{n}\n" for n in counts)
        + end
        + "<<DP5 CONFIGURATION>>\nRESC=?;    Reset Configuration\n<<DP5 CONFIGURATION END>>\n"
    )
    return text.replace("\n", "\r\n").encode()


def spec(spectra, *, calibration="-0.95 0.01 0", first=0, lines=True):
    """Spectra as SPEC and PyMca write them, 16 counts a line."""
    found = ["#F scan.mca\n#D Tue Nov 24 20:00:00 2020\n\n"]
    for i, counts in enumerate(spectra):
        last = first + len(counts) - 1
        found.append(
            f"#S {i + 1} spectrum\n#@MCA %16C\n#@CHANN {len(counts)} {first} {last} 1\n"
            f"#@CALIB {calibration}\n#@CTIME 1 0.9 1.1\n@A"
        )
        for j, n in enumerate(counts):
            found.append(("\\\n" if lines and j and j % 16 == 0 else "") + f" {n}")
        found.append("\n\n")
    return "".join(found).encode()


def folder_of(folder, counts, names, write=amptek, **more):
    folder = Path(folder, "scan")
    folder.mkdir()
    for name, spectrum in zip(names, counts.reshape(-1, counts.shape[-1]), strict=True):
        (folder / name).write_bytes(write(spectrum, **more))
    return folder


def counting(n=35, start=0, pattern="pixel_{}.mca"):
    return [pattern.format(i + start) for i in range(n)]


@pytest.mark.parametrize("start", [0, 1, 98])
def test_a_folder_is_ordered_by_number_not_by_letter(tmp_path, small_counts, start):
    folder = folder_of(tmp_path, small_counts, counting(start=start))

    cube = open_cube(folder, shape=(5, 7), chunks=(2, 3))

    assert cube.dtype == np.uint32
    assert cube.data.npartitions > 1
    np.testing.assert_array_equal(cube, small_counts)
    np.testing.assert_array_equal(cube[3, 2:5, 4], small_counts[3, 2:5, 4])
    np.testing.assert_allclose(cube.energy, -0.95 + 0.01 * np.arange(12), atol=1e-12)
    np.testing.assert_array_equal(cube.live_time, np.full((5, 7), 29.5))
    np.testing.assert_array_equal(cube.real_time, np.full((5, 7), 30.0))
    assert cube.attrs["source"] == str(folder)


def test_names_that_count_rows_and_columns_give_the_shape(tmp_path, small_counts):
    names = [f"map7_y{y}_x{x}.mca" for y in range(5) for x in range(3, 10)]
    folder = folder_of(tmp_path, small_counts, names)

    np.testing.assert_array_equal(open_cube(folder), small_counts)
    (folder / names[17]).unlink()
    with pytest.raises(
        FileFormatError, match=r"34 files whose names count 5 rows and 7 columns: 1"
    ):
        open_cube(folder)


@pytest.mark.parametrize(
    "names",
    ["map_x{x:03d}_y{y:03d}.mca", "X{x:03d}Y{y:03d}.mca", "s2_col{x}_row{y}.mca", "{x}_y{y}.mca"],
)
def test_the_words_before_numbers_tell_columns_from_rows(tmp_path, small_counts, names):
    pixels = [names.format(y=y, x=x) for y in range(5) for x in range(7)]

    np.testing.assert_array_equal(
        open_cube(folder_of(tmp_path, small_counts, pixels)), small_counts
    )


def test_two_numbers_without_words_are_asked_for(tmp_path, small_counts):
    names = [f"map_{x}_{y}.mca" for y in range(5) for x in range(7)]
    folder = folder_of(tmp_path, small_counts, names)

    with pytest.raises(FileFormatError, match=r"two numbers, 7 and 5 .*which one is the row"):
        open_cube(folder)
    for more in ({"axes": ("x", "y", "energy")}, {"shape": (5, 7)}):
        np.testing.assert_array_equal(open_cube(folder, **more), small_counts)
    turned = open_cube(folder, axes=("y", "x", "energy"))
    np.testing.assert_array_equal(turned, small_counts.swapaxes(0, 1))


def test_a_stopped_scan_keeps_its_place(tmp_path, small_counts):
    folder = folder_of(tmp_path, small_counts[:4], counting(28))

    with pytest.warns(UserWarning, match="7 of 35 pixels are missing"):
        cube = open_cube(folder, shape=(5, 7))

    np.testing.assert_array_equal(cube[:4], small_counts[:4])
    assert not cube[4].any()
    np.testing.assert_array_equal(cube.measured.sum("x"), [7, 7, 7, 7, 0])
    assert np.isnan(cube.live_time[4]).all()


SCANS = "#F two\n\n" + "".join(
    f"#S {scan} mesh x 0 2 2 y 0 1 1 1\n#@CHANN 4 0 3 1\n#@CALIB 0 0.01 0\n#N 2\n#L x  y\n"
    + "".join(f"{x} {y}\n@A {scan} {x} {y} 0\n" for y in range(2) for x in range(3))
    for scan in (1, 7)
)


@pytest.mark.parametrize("choice", [{"scan": 7}, {"scan": "7"}, {"dataset": "7.1"}])
def test_one_of_several_scans(tmp_path, choice):
    path = tmp_path / "two.mca"
    path.write_text(SCANS)

    with pytest.raises(FileFormatError, match=r"2 scans \(1, 7\): pass scan="):
        open_cube(path, shape=(4, 3))
    cube = open_cube(path, shape=(2, 3), **choice)
    np.testing.assert_array_equal(cube[..., 0], np.full((2, 3), 7))
    np.testing.assert_array_equal(cube[..., 1], [[0, 1, 2]] * 2)
    assert "scan 7" in cube.attrs["history"]


@pytest.fixture
def two_detectors(tmp_path):
    head = "#F two\n\n#S 1 ascan x 0 2 2 1\n"
    for device, calibration in ((3, "0 0.01 0"), (4, "0.5 0.02 0")):
        head += f"#@MCADEV {device}\n#@MCA %16C\n#@CHANN 8 0 7 1\n#@CALIB {calibration}\n"
    points = "".join(f"{p}\n@A {' '.join('1' * 8)}\n@A {' '.join('9' * 8)}\n" for p in range(3))
    path = tmp_path / "two.mca"
    path.write_text(f"{head}#N 1\n#L x\n{points}")
    return path


def test_detectors_of_a_scan_are_chosen(two_detectors):
    with pytest.raises(FileFormatError, match=r"2 detectors \(3, 4\): pass detector="):
        open_cube(two_detectors, shape=(1, 3))
    cube = open_cube(two_detectors, shape=(1, 3), detector="4")
    np.testing.assert_array_equal(cube, np.full((1, 3, 8), 9))
    np.testing.assert_allclose(cube.energy, 0.5 + 0.02 * np.arange(8))
    np.testing.assert_array_equal(
        open_cube(two_detectors, shape=(1, 3), detector=0), np.ones((1, 3, 8))
    )
    with pytest.raises(FileFormatError, match="differ in size or calibration"):
        open_cube(two_detectors, shape=(1, 3), detector="sum")


def test_folders_of_several_detectors(tmp_path, small_counts):
    names = [f"det{d}_{n:03d}.mca" for d in (1, 2) for n in range(35)]
    folder = folder_of(tmp_path, np.concatenate([small_counts, 2 * small_counts]), names)
    with pytest.raises(FileFormatError, match=r"2 detectors \(1, 2\): pass detector="):
        open_cube(folder, shape=(5, 7))
    cube = open_cube(folder, shape=(5, 7), detector="2")
    np.testing.assert_array_equal(cube, 2 * small_counts)
    cube = open_cube(folder, shape=(5, 7), detector="sum")
    np.testing.assert_array_equal(cube, 3 * small_counts)


def test_detectors_of_one_calibration_are_added(two_detectors):
    two_detectors.write_text(two_detectors.read_text().replace("0.5 0.02 0", "0 0.01 0"))

    cube = open_cube(two_detectors, shape=(1, 3), detector="sum")

    np.testing.assert_array_equal(cube, np.full((1, 3, 8), 10))
    assert "all detectors added" in cube.attrs["history"]


def test_first_and_last_channel_say_more_than_their_number(tmp_path):
    path = tmp_path / "point.mca"
    path.write_bytes(spec([[1] * 91], first=1110).replace(b"CHANN 91", b"CHANN 1201"))

    np.testing.assert_allclose(open_cube(path).energy, -0.95 + 0.01 * np.arange(1110, 1201))


def test_channels_that_were_added_are_asked_for(tmp_path):
    path = tmp_path / "point.mca"
    path.write_bytes(spec([[1, 2, 3]]).replace(b"CHANN 3 0 2 1", b"CHANN 3 0 4 2"))

    with pytest.raises(EnergyAxisError, match="2 channels were added into one"):
        open_cube(path)


def test_times_of_each_pixel(tmp_path, small_counts):
    folder = folder_of(tmp_path, small_counts, counting())
    (folder / "pixel_16.mca").write_bytes(amptek(small_counts[2, 2], live=12.25))

    cube = open_cube(folder, shape=(5, 7))
    assert cube.live_time[2, 2] == 12.25
    assert cube.live_time[2, 3] == 29.5


def test_a_shape_that_is_not_told_is_asked_for(tmp_path, small_counts):
    folder = folder_of(tmp_path, small_counts, counting())

    with pytest.raises(FileFormatError, match=r"35 spectra .*shape=\(rows, columns\).*\(5, 7\)"):
        open_cube(folder)
    for rows, columns in ((4, 8), (9, 9)):
        words = rf"35 spectra, not the {rows} x {columns} = {rows * columns}"
        with pytest.raises(FileFormatError, match=words):
            open_cube(folder, shape=(rows, columns))
    for shape in [(0, 35), (5,), "57", 5, (5.0, 7)]:
        with pytest.raises(FileFormatError, match="shape must be a pair"):
            open_cube(folder, shape=shape)


def test_a_missing_pixel_is_not_skipped(tmp_path, small_counts):
    folder = folder_of(tmp_path, small_counts, counting(start=1))
    (folder / "pixel_20.mca").unlink()

    with pytest.raises(FileFormatError, match=r"go on from 19 with 21, not 20"):
        open_cube(folder, shape=(2, 17))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("other_35.mca", "several series, such as other_35.mca and pixel_0.mca"),
        ("pixel.mca", "several series"),
        ("pixel_007.mca", "the same: remove one"),
        ("row.edf", "both .mca and .edf"),
    ],
)
def test_files_that_do_not_belong(tmp_path, small_counts, name, words):
    folder = folder_of(tmp_path, small_counts, counting())
    (folder / name).write_bytes(amptek(small_counts[0, 0]))

    with pytest.raises(FileFormatError, match=words):
        open_cube(folder, shape=(6, 6))
    (folder / name).rename(folder / "notes.txt")
    assert open_cube(folder, shape=(5, 7)).size == small_counts.size


def test_text_files_of_xismus(tmp_path, small_counts):
    """As it writes them: without times, and nothing after the end; other texts may lie there."""
    folder = folder_of(tmp_path, small_counts, counting(start=1, pattern="Spec_{}.txt"), live=0)
    (folder / "notes.txt").write_text("icon, second session")

    cube = open_cube(folder, shape=(5, 7))

    np.testing.assert_array_equal(cube, small_counts)
    (folder / "Spec_3.txt").unlink()
    with pytest.raises(FileFormatError, match="go on from 2 with 4"):
        open_cube(folder, shape=(5, 7))


def test_a_folder_of_other_texts_is_none(tmp_path):
    (tmp_path / "notes.txt").write_text("icon, second session")
    with pytest.raises(FileFormatError, match=r"folder without \.mca"):
        open_cube(tmp_path)


def test_files_of_spec_in_a_folder(tmp_path, small_counts):
    folder = folder_of(tmp_path, small_counts, counting(), write=lambda one: spec([one]))

    cube = open_cube(folder, shape=(5, 7))

    np.testing.assert_array_equal(cube, small_counts)
    np.testing.assert_allclose(cube.energy, -0.95 + 0.01 * np.arange(12))
    np.testing.assert_allclose(cube.live_time, 0.9)
    np.testing.assert_allclose(cube.real_time, 1.1)


@pytest.mark.parametrize("lines", [True, False])
def test_one_file_of_many_spectra(tmp_path, lines):
    counts = np.random.default_rng(0).poisson(3.0, (4, 3, 100))
    path = tmp_path / "scan.mca"
    path.write_bytes(spec(counts.reshape(12, 100), lines=lines))

    cube = pickle.loads(pickle.dumps(open_cube(path, shape=(4, 3))))

    np.testing.assert_array_equal(cube, counts)
    with pytest.raises(FileFormatError, match=r"12 spectra .*pass shape=\(rows, columns\)"):
        open_cube(path)


def test_spectra_that_silx_reads_the_same(tmp_path, small_counts):
    specfile = pytest.importorskip("silx.io.specfile")
    counts = np.arange(100) ** 2
    path = tmp_path / "point.mca"
    path.write_bytes(spec([counts]))
    scan = specfile.SpecFile(str(path))[0]

    cube = open_cube(path)

    np.testing.assert_array_equal(cube[0, 0], scan.mca[0])
    assert scan.mca.calibration == [[-0.95, 0.01, 0]]
    np.testing.assert_allclose(cube.energy, -0.95 + 0.01 * np.arange(100))


def test_the_calibration_counts_from_the_first_channel(tmp_path):
    path = tmp_path / "point.mca"
    path.write_bytes(spec([[1, 2, 3, 4]], first=500, calibration="-0.95 0.01 1e-7"))

    channel = 500 + np.arange(4)
    np.testing.assert_allclose(
        open_cube(path).energy, -0.95 + 0.01 * channel + 1e-7 * channel.astype(float) ** 2
    )


@pytest.mark.parametrize("points", ["", "100 6.4\n", "100 6.4\n100 6.5\n", "a b\nc d\n"])
def test_a_calibration_that_is_none_is_asked_for(tmp_path, points):
    path = tmp_path / "point.mca"
    path.write_bytes(amptek([1, 2, 3], points=points))

    with pytest.raises(EnergyAxisError, match=r"point\.mca.*pass energy="):
        open_cube(path)
    np.testing.assert_array_equal(open_cube(path, energy=(0, 0.01)).squeeze(), [1, 2, 3])


def test_channel_numbers_are_no_energies(tmp_path):
    path = tmp_path / "point.mca"
    path.write_bytes(spec([[1, 2, 3]], calibration="0 1 0"))

    with pytest.raises(EnergyAxisError, match="no energy calibration"):
        open_cube(path)


def test_points_of_a_calibration_in_ev_lie_about_a_line(tmp_path):
    path = tmp_path / "point.mca"
    path.write_bytes(
        amptek(range(2048), points="0 0\n600 10549\n720 12611\n1439 25270\n", label="eV")
    )

    gain, offset = np.polyfit([0, 600, 720, 1439], [0, 10.549, 12.611, 25.27], 1)
    np.testing.assert_allclose(open_cube(path).energy, offset + gain * np.arange(2048))


def test_two_calibrations_are_a_contradiction(tmp_path, small_counts):
    folder = folder_of(tmp_path, small_counts, counting())
    (folder / "pixel_9.mca").write_bytes(amptek(small_counts[1, 2], points="0 0\n100 1\n"))

    with pytest.raises(FileFormatError, match="spectrum 9 has another calibration"):
        open_cube(folder, shape=(5, 7))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (amptek([1, 2, 3], end=""), "cut short"),
        (amptek([1, "x", 3]), "no numbers"),
        (spec([[1, 2, 3]]).replace(b"CHANN 3 0 2", b"CHANN 4 0 3"), "4 channels and holds 3"),
        (
            spec([[1, 2, 3]]).replace(b"CHANN 3 0 2", b"CHANN 1e12 0 1e12"),
            "1e.12 channels and holds 3",
        ),
        (spec([]), "without spectra"),
        (spec([[1, 2, 3], [1, 2]]), "2 and 3 channels"),
    ],
)
def test_files_that_cannot_be(tmp_path, content, words):
    path = tmp_path / "point.mca"
    path.write_bytes(content)

    with pytest.raises(FileFormatError, match=words) as caught:
        open_cube(path)
    assert "point.mca" in str(caught.value)


def test_a_spectrum_of_nothing(tmp_path):
    path = tmp_path / "point.mca"
    path.write_bytes(amptek([]))

    with pytest.raises(CountsError, match=r"point\.mca is empty, of shape \(1, 0\)"):
        open_cube(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (amptek([1, 2]), r"pixel_8\.mca has 2 channels, but the first"),
        (amptek([1.5] * 12), r"pixel_8\.mca holds counts that are not whole"),
        (amptek([1] * 12, end=""), r"pixel_8\.mca.*cut short"),
        (b"nothing", r"pixel_8\.mca starts with b'nothing'"),
        (b"", r"pixel_8\.mca"),
    ],
)
def test_a_damaged_pixel_is_named(tmp_path, small_counts, content, words):
    folder = folder_of(tmp_path, small_counts, counting())
    (folder / "pixel_8.mca").write_bytes(content)

    with pytest.raises(FileFormatError, match=words):
        open_cube(folder, shape=(5, 7)).compute()


def test_a_pixel_that_went_missing(tmp_path, small_counts):
    folder = folder_of(tmp_path, small_counts, counting())
    cube = open_cube(folder, shape=(5, 7))
    (folder / "pixel_8.mca").unlink()

    with pytest.raises(FileFormatError, match=r"pixel_8\.mca is missing since"):
        cube.compute()


def test_a_shape_that_other_formats_do_not_need_must_be_theirs(counts_file, small_counts):
    path = counts_file()

    np.testing.assert_array_equal(open_cube(path, shape=(5, 7)), small_counts)
    with pytest.raises(FileFormatError, match=r"5 rows and 7 columns, not those of shape=\(7, 5\)"):
        open_cube(path, shape=(7, 5))


@given(data=st.data(), write=st.sampled_from([amptek, lambda one: spec([one])]))
def test_damaged_files_give_a_cube_or_one_of_our_errors(data, write, open_or_refuse, small_counts):
    with tempfile.TemporaryDirectory() as folder:
        path = folder_of(folder, small_counts[:2, :2], counting(4), write)
        file = path / "pixel_2.mca"
        content = bytearray(file.read_bytes())
        for _ in range(data.draw(st.integers(1, 4))):
            at = data.draw(st.integers(0, len(content) - 1))
            content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
        file.write_bytes(content[: data.draw(st.integers(0, len(content)))])
        open_or_refuse(path, shape=(2, 2))
        open_or_refuse(file)


@pytest.mark.parametrize(
    ("stated", "live_time", "words"),
    [
        ("12,5", 12.5, ""),
        ("500 ms", 0.5, ""),
        ("1.234,5", None, "1.234,5' is no number of seconds"),
        ("0:00:12", None, "0:00:12' is no number of seconds"),
        ("n/a", None, ""),
        ("45", 45.0, "live times above real times, up to 1.5 times"),
    ],
)
def test_times_that_cannot_be_are_not_dropped_silently(
    tmp_path, small_counts, recwarn, stated, live_time, words
):
    (tmp_path / "point.mca").write_bytes(amptek(small_counts[0, 0], live=stated))
    cube = open_cube(tmp_path / "point.mca")
    assert (cube.live_time.item() if "live_time" in cube.coords else None) == live_time
    said = [str(one.message) for one in recwarn]
    assert [words in one for one in said] == [True] * bool(words)
