"""Order of files by the numbers in their names."""

import itertools

import numpy as np
import pytest

from skxrf.exceptions import FileFormatError
from skxrf.io import open_cube

TEXT = (
    "<<PMCA SPECTRUM>>\nLIVE_TIME - {time}\n<<CALIBRATION>>\nLABEL - keV\n0 0,0\n10 1,0\n<<DATA>>\n"
    "{count}\n1\n1\n1\n<<END>>\n"
)
COUNTS = 10 * np.arange(3)[:, np.newaxis] + np.arange(4)


@pytest.fixture
def folder(tmp_path):
    """A function that writes one file a pixel, 3 rows of 4, and gives the folder."""

    def write(name, leave=()):
        for i, (y, x) in enumerate(itertools.product(range(3), range(4))):
            if (y, x) not in leave:
                path = tmp_path / name.format(y=y, x=x, i=i, minute=i // 6, second=10 * (i % 6))
                path.write_text(TEXT.format(count=10 * y + x, time=f"{1 + y},{x}"))
        return tmp_path

    return write


@pytest.mark.parametrize(
    "name",
    [
        "r{y}c{x}.mca",
        "C{x:02d}_R{y:02d}.mca",
        "p(x={x},y={y}).mca",
        "x0.{x}_y0.{y}.mca",
        "x{x}.5_y{y}.25.mca",
        "samx{x}_samy{y}.mca",
        "ligne{y}_colonne{x}.mca",
        "map_{i}_x{x}_y{y}.mca",
        "x_{x}_z_{y}_1200{i:02d}.mca",
        "Fe3_x{x}0_y{y}5.mca",
    ],
)
def test_words_say_which_number_is_the_row(folder, name):
    cube = open_cube(folder(name))

    np.testing.assert_array_equal(cube[..., 0], COUNTS)
    np.testing.assert_allclose(cube.live_time, 1 + COUNTS // 10 + 0.1 * (COUNTS % 10))


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("x{x}_y{y}.mca", (-4, 0)),
        ("x_{x}_y_{y}.mca", (-2, -1)),
        ("X{x:+d}.5 Y{y}.25.mca", (-8, 2)),
        ("x-{x}_y-{y}.mca", (1, 1)),
    ],
)
def test_signs_of_rows_and_columns(tmp_path, name, steps):
    for y, x in itertools.product(range(3), range(4)):
        path = tmp_path / name.format(x=x + steps[0], y=y + steps[1])
        path.write_text(TEXT.format(count=10 * y + x, time="1"))
    np.testing.assert_array_equal(open_cube(tmp_path)[..., 0], COUNTS)


@pytest.mark.parametrize(
    "name", ["t_{minute:02d}-{second:02d}.mca", "map_{i:03d}_12{second:02d}.mca", "m({i}).mca"]
)
def test_running_numbers_and_times_are_folded(folder, name):
    np.testing.assert_array_equal(open_cube(folder(name), shape=(3, 4))[..., 0], COUNTS)


@pytest.mark.parametrize(
    "leave", [[(2, 2), (2, 3)], [(0, 0), (0, 1)], [(1, 3), (2, 3)], [(0, 0), (1, 0)]]
)
def test_a_stopped_scan_in_any_direction(folder, leave):
    with pytest.warns(UserWarning, match="2 of 12 pixels are missing"):
        cube = open_cube(folder("x{x}_y{y}.mca", leave))

    expected = COUNTS.copy()
    for place in leave:
        expected[place] = 0
        assert not cube.measured[place]
        assert np.isnan(cube.live_time[place])
    np.testing.assert_array_equal(cube[..., 0], expected)


@pytest.mark.parametrize(
    ("name", "more", "words"),
    [
        ("x{x}_y{y}.mca", {"shape": (4, 3)}, r"3 rows and 4 columns, not those of shape=\(4, 3\)"),
        ("map_{x}_{y}.mca", {}, "do not say which one is the row"),
        ("a{x}_b{y}_x{x}.mca", {}, "more than rows and columns"),
        ("point{y}_ch{x}.mca", {"shape": (4, 3)}, "the spectra of 4 detectors"),
    ],
)
def test_what_the_names_contradict_is_refused(folder, name, more, words):
    with pytest.raises(FileFormatError, match=words):
        open_cube(folder(name), **more)


def test_files_that_are_missing_within(folder):
    with pytest.raises(FileFormatError, match="1 are missing within"):
        open_cube(folder("x{x}_y{y}.mca", [(1, 1)]))


def test_a_missing_column(folder):
    with pytest.raises(FileFormatError, match="go on from 0 with 2"):
        open_cube(folder("x{x}_y{y}.mca", [(y, 1) for y in range(3)]))
