"""Single spectra in columns of text."""

import numpy as np
import pytest

from skxrf.exceptions import CountsError, EnergyAxisError, FileFormatError
from skxrf.io import open_cube

COUNTS = np.random.default_rng(8).poisson(30.0, 40)
ENERGY = -0.1 + 0.02 * np.arange(40)


def comma(value):
    return f"{value:.3f}".replace(".", ",")


@pytest.mark.parametrize(
    ("header", "line"),
    [
        ("# Energy (keV)  counts\n", lambda e, n: f"{e:.3f} {n}"),
        ("Energy [eV];Counts\n", lambda e, n: f"{1000 * e:.1f};{n}"),
        ("title\nkeV\tcounts\n", lambda e, n: f"{comma(e)}\t{n}"),
        ("energy / keV,counts\n", lambda e, n: f"{e:.3f},{n}"),
        ("keV\n", lambda e, n: f"  {e:.6e},   {n}.0"),
    ],
)
def test_energies_and_counts(tmp_path, header, line):
    path = tmp_path / "point.txt"
    rows = [line(e, n) for e, n in zip(ENERGY, COUNTS, strict=True)]
    path.write_text(header + "\n".join(rows) + "\n\n")

    cube = open_cube(path)

    np.testing.assert_array_equal(cube[0, 0], COUNTS)
    np.testing.assert_allclose(cube.energy, ENERGY, atol=1e-9)
    assert cube.dtype == np.uint16


@pytest.mark.parametrize("line", ["{1}", "{0} {1}", "{0},{1}"])
def test_channels_are_no_energies(tmp_path, line):
    path = tmp_path / "point.csv"
    path.write_text("\n".join(line.format(i, n) for i, n in enumerate(COUNTS)))

    with pytest.raises(EnergyAxisError, match="no energy calibration"):
        open_cube(path)
    np.testing.assert_array_equal(open_cube(path, energy=(0, 0.01))[0, 0], COUNTS)


def test_a_unit_that_is_not_named_is_asked_for(tmp_path):
    path = tmp_path / "point.xy"
    path.write_text("\n".join(f"{e:.3f} {n}" for e, n in zip(ENERGY, COUNTS, strict=True)))

    with pytest.raises(EnergyAxisError, match=r"from -0\.1 to 0\.68 in a unit"):
        open_cube(path)


@pytest.mark.parametrize("bad", ["end of data", "1 2 3", "5"])
def test_other_lines_are_refused(tmp_path, bad):
    path = tmp_path / "point.txt"
    rows = [f"{e:.3f} {n}" for e, n in zip(ENERGY, COUNTS, strict=True)]
    path.write_text("\n".join(["keV", *rows, bad]))

    with pytest.raises(FileFormatError, match="one of which is"):
        open_cube(path)
    path.write_text("keV\n1 2\n2 3\n4 5\n6 7\n")
    with pytest.raises(FileFormatError, match="at least 16 lines"):
        open_cube(path)


@pytest.mark.parametrize(
    ("header", "line", "encoding"),
    [
        ("Channel,Energy (keV),Counts\n", lambda i, e, n: f"{i},{e:.3f},{n}", "utf-8"),
        (
            "# made by X\n# counts;fit;energy [eV]\n",
            lambda i, e, n: f"{n};{i};{1000 * e:.0f}",
            "utf-8",
        ),
        ("Counts\tEnergy / keV\n", lambda i, e, n: f"{n}\t{comma(e)}", "utf-16"),
        ("Resolution 130 eV\nEnergy (keV)\tcounts\n", lambda i, e, n: f"{e:.3f}\t{n}", "utf-8-sig"),
    ],
)
def test_named_columns(tmp_path, header, line, encoding):
    rows = [line(i, e, n) for i, (e, n) in enumerate(zip(ENERGY, COUNTS, strict=True))]
    (tmp_path / "point.csv").write_text(header + "\n".join(rows) + "\n", encoding=encoding)

    cube = open_cube(tmp_path / "point.csv")

    np.testing.assert_array_equal(cube[0, 0], COUNTS)
    np.testing.assert_allclose(cube.energy, ENERGY, atol=1e-9)


@pytest.mark.parametrize(
    "line",
    [
        lambda i, e, n: f"{e:.3f}\t{n + 900:,}",
        lambda i, e, n: f"{comma(e)}\t{n + 900:,}".replace(",", "."),
        lambda i, e, n: f"{i};{100 * n:,}",
    ],
    ids=["commas", "points", "commas alone"],
)
def test_marks_between_thousands_are_not_taken_for_those_of_decimals(tmp_path, line):
    rows = [line(i, e, 3 * i) for i, e in enumerate(ENERGY)]
    (tmp_path / "point.csv").write_text("Energy (keV);Counts\n" + "\n".join(rows) + "\n")
    with pytest.raises(FileFormatError, match="may divide thousands"):
        open_cube(tmp_path / "point.csv")


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("# Live time: 12,5 s", 12.5), ("LIVE_TIME=250 ms", 0.25), ("Live Time [s]: 30", 30.0)],
)
def test_the_live_time_of_the_header(tmp_path, said, seconds):
    rows = [f"{e:.3f} {n}" for e, n in zip(ENERGY, COUNTS, strict=True)]
    (tmp_path / "point.txt").write_text(f"{said}\n# keV counts\n" + "\n".join(rows) + "\n")
    assert open_cube(tmp_path / "point.txt").live_time.item() == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("header", "error", "words"),
    [
        ("Energy (keV)\tcps\n", CountsError, "'cps': expected counts"),
        ("Resolution 130 eV, tube 50 keV\nx\ty\n", EnergyAxisError, "names both keV and eV"),
    ],
)
def test_columns_that_cannot_be_told(tmp_path, header, error, words):
    rows = [f"{e:.3f}\t{n}" for e, n in zip(ENERGY, COUNTS, strict=True)]
    (tmp_path / "point.txt").write_text(header + "\n".join(rows) + "\n")
    with pytest.raises(error, match=words):
        open_cube(tmp_path / "point.txt")


@pytest.mark.parametrize("ends", ["\n", "\r", "\r\n"])
def test_quotes_and_the_ends_of_lines(tmp_path, ends):
    rows = [f'"{comma(e)}";"{n}"' for e, n in zip(ENERGY, COUNTS, strict=True)]
    (tmp_path / "point.csv").write_bytes(ends.join(['"Energy (keV)";"Counts"', *rows]).encode())
    cube = open_cube(tmp_path / "point.csv")
    np.testing.assert_array_equal(cube[0, 0], COUNTS)
    np.testing.assert_allclose(cube.energy, ENERGY, atol=1e-9)


@pytest.mark.parametrize("word", ["NaN", "nan", "-inf"])
def test_what_is_no_count_is_no_header(tmp_path, word):
    rows = [f"{e:.3f};{n}" for e, n in zip(ENERGY, COUNTS, strict=True)]
    rows[0] = f"{ENERGY[0]:.3f};{word}"
    (tmp_path / "point.csv").write_text("\n".join(["Energy (keV);Counts", *rows]))
    with pytest.raises(FileFormatError, match="no finite numbers"):
        open_cube(tmp_path / "point.csv")


def test_two_spectra_side_by_side_are_not_taken_for_one(tmp_path):
    rows = [f"{n}\t{n + 1}" for n in COUNTS]
    (tmp_path / "two.csv").write_text("TestID\t1\t2\n" + "\n".join(rows))
    with pytest.raises(FileFormatError, match=r"first column .* is no axis"):
        open_cube(tmp_path / "two.csv", energy=(0.0, 0.02))


def test_the_axis_of_a_handheld_instrument(tmp_path):
    rows = [f"{i},{n}" for i, n in enumerate(COUNTS, start=1)]
    head = ["KTI Spectrum", "LiveTimeInSeconds,28.1", "eVPerChannel,20", "StartingKeV,-0.2"]
    path = tmp_path / "titan.csv"
    path.write_text("\n".join([*head, "Channel#,Intensity", *rows]))
    cube = open_cube(path)
    np.testing.assert_allclose(cube.energy, -0.2 + 0.02 * np.arange(40))
    assert cube.live_time.item() == 28.1
    path.write_text("\n".join(["Bruker AXS", "eV per channel,20", "Channel#,Intensity", *rows]))
    with pytest.raises(EnergyAxisError, match=r"20 eV per channel.*energy=\(offset, 0\.02\)"):
        open_cube(path)


def test_a_folder_of_points(tmp_path):
    for i in range(6):
        rows = [f"{e:.3f}\t{n + i}" for e, n in zip(ENERGY, COUNTS, strict=True)]
        (tmp_path / f"point_{i}.txt").write_text("keV\tcounts\n" + "\n".join(rows))
    cube = open_cube(tmp_path, shape=(2, 3))
    np.testing.assert_array_equal(cube.to_numpy().reshape(6, -1), COUNTS + np.arange(6)[:, None])
    np.testing.assert_allclose(cube.energy, ENERGY, atol=1e-9)
