"""Single spectra in EMSA/MAS files."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skxrf.exceptions import CountsError, EnergyAxisError, FileFormatError
from skxrf.io import open_cube

COUNTS = np.random.default_rng(5).poisson(40.0, 30)


def msa(counts=COUNTS, *, columns=4, points=None, unit="keV", kind="Y", offset=-0.955, more=""):
    """A spectrum with the keys and spaces that Bruker's program writes."""
    scale = 1000 if unit == "eV" else 1
    lines = [
        "#FORMAT      : EMSA/MAS SPECTRAL DATA FILE",
        "#VERSION     : 1.0",
        "#TITLE       : Bruker AXS spectrum: Fe",
        f"#NPOINTS     : {float(len(counts) if points is None else points)}",
        f"#NCOLUMNS    : {columns}.0",
        f"#XUNITS      : {unit}",
        "#YUNITS      : Counts",
        f"#DATATYPE    : {kind}",
        f"#XPERCHAN    : {0.01 * scale}",
        f"#OFFSET      : {offset * scale}",
        "#LIVETIME  -s: 120.005",
        "#REALTIME  -s: 134.805",
        "##RTDET      : XFlash 430",
        *([more] if more else []),
        "#SPECTRUM    : ",
    ]
    numbers = [float(n) for n in counts]
    if kind == "XY":
        energy = (offset + 0.01 * np.arange(len(counts))) * scale
        numbers = [float(n) for pair in zip(energy, counts, strict=True) for n in pair]
    for i in range(0, len(numbers), columns):
        lines.append(" ".join(f"{n:12},".rstrip() for n in numbers[i : i + columns]))
    return "\r\n".join([*lines, "#ENDOFDATA   : ", ""]).encode("latin-1")


@pytest.mark.parametrize("unit", ["keV", "eV"])
@pytest.mark.parametrize("kind", ["Y", "XY"])
def test_a_cube_of_one_pixel(tmp_path, unit, kind):
    path = tmp_path / "iron.msa"
    path.write_bytes(msa(unit=unit, kind=kind))

    cube = open_cube(path)

    assert dict(cube.sizes) == {"y": 1, "x": 1, "energy": 30}
    assert cube.dtype == np.uint16
    np.testing.assert_array_equal(cube.squeeze(), COUNTS)
    np.testing.assert_allclose(cube.energy, -0.955 + 0.01 * np.arange(30))
    assert cube.live_time.item() == 120.005
    assert cube.real_time.item() == 134.805
    assert cube.attrs["title"] == "Bruker AXS spectrum: Fe"
    assert cube.attrs["detector"] == "XFlash 430"
    assert cube.attrs["reader"] == "EMSA (.msa)"


def test_what_rosettasciio_writes(tmp_path):
    writer = pytest.importorskip("rsciio.msa")
    axis = {"name": "Energy", "size": 30, "offset": -0.955, "scale": 0.01, "units": "keV"}
    signal = {
        "data": COUNTS.astype(float),
        "axes": [axis | {"navigate": False, "index_in_array": 0}],
        "metadata": {"General": {"title": "iron"}, "Signal": {"signal_type": ""}},
        "original_metadata": {},
    }
    writer.file_writer(str(tmp_path / "iron.msa"), signal)

    cube = open_cube(tmp_path / "iron.msa")

    np.testing.assert_array_equal(cube.squeeze(), COUNTS)
    np.testing.assert_allclose(cube.energy, -0.955 + 0.01 * np.arange(30))


def test_real_spectra_are_as_rosettasciio_reads_them(real_data):
    msa_reader = pytest.importorskip("rsciio.msa")
    paths = sorted((real_data / "nist_m4_tornado" / "nist_m4_pure_elements").glob("*.msa"))
    assert len(paths) > 10
    negative = []
    for path in paths:
        (theirs,) = msa_reader.file_reader(str(path))
        (axis,) = theirs["axes"]

        cube = open_cube(path)

        np.testing.assert_allclose(
            cube.energy, axis["offset"] + axis["scale"] * np.arange(axis["size"])
        )
        if theirs["data"].min() < 0:
            negative.append(path)
            with pytest.raises(
                CountsError, match=rf"{path.name}: pixel .* holds -\d+\.0 in channel"
            ):
                cube.compute()
        else:
            np.testing.assert_array_equal(cube.squeeze(), theirs["data"])
    assert len(negative) < len(paths), "those with counts that none can be are the fewer"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (msa()[:-20], "cut short"),
        (msa()[:300], "cut short"),
        (msa(points=40), "40 channels and holds 30"),
        (msa(points=1e12), r"1e\+12 channels and holds 30"),
        (msa(kind="XY").replace(b": XY", b": Y"), "30 channels and holds 60"),
        (msa().replace(b"40.0,", b"forty,"), "no numbers"),
    ],
)
def test_files_that_cannot_be(tmp_path, content, words):
    path = tmp_path / "iron.msa"
    path.write_bytes(content)

    with pytest.raises(FileFormatError, match=words) as caught:
        open_cube(path)
    assert "iron.msa" in str(caught.value)


def test_an_axis_that_is_not_told_is_asked_for(tmp_path):
    path = tmp_path / "iron.msa"
    for content in (msa(unit="nm"), msa(unit=""), msa().replace(b"#XPERCHAN", b"#XPER")):
        path.write_bytes(content)
        with pytest.raises(EnergyAxisError, match=r"iron\.msa.*pass energy="):
            open_cube(path)
        assert open_cube(path, energy=(0, 0.01)).sizes["energy"] == 30


def test_a_spectrum_of_nothing(tmp_path):
    path = tmp_path / "iron.msa"
    path.write_bytes(msa([]))
    with pytest.raises(CountsError, match=r"iron\.msa is empty"):
        open_cube(path)


@given(data=st.data())
def test_damaged_files_give_a_cube_or_one_of_our_errors(data, open_or_refuse):
    content = bytearray(msa())
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "iron.msa")
        path.write_bytes(content[: data.draw(st.integers(1, len(content)))])
        open_or_refuse(path)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_units_in_words_and_marks_of_encodings(tmp_path, encoding):
    expected = open_cube(written(tmp_path, msa())).energy
    text = msa().decode().replace(": keV", ": Kiloelectronvolts")

    np.testing.assert_allclose(open_cube(written(tmp_path, text.encode(encoding))).energy, expected)


def written(folder, content):
    (folder / "a.msa").write_bytes(content)
    return folder / "a.msa"


def test_units_of_single_keys(tmp_path):
    lines = ["#LIVETIME -ms: 1250,5", "#OFFSET -eV: -100", "#XPERCHAN -eV: 10"]
    header = "#FORMAT : EMSA/MAS Spectral Data File\n#NPOINTS : 16\n" + "\n".join(lines)
    counts = ",\n".join(map(str, range(16)))
    (tmp_path / "a.msa").write_text(f"{header}\n#SPECTRUM\n{counts}\n#ENDOFDATA :\n")

    cube = open_cube(tmp_path / "a.msa")
    assert cube.live_time.item() == pytest.approx(1.2505)
    np.testing.assert_allclose(cube.energy, -0.1 + 0.01 * np.arange(16))


def test_a_number_of_channels_that_is_off_by_one(tmp_path):
    (tmp_path / "a.msa").write_bytes(msa(points=31))
    with pytest.warns(UserWarning, match="31 channels, and holds 30 up to its end"):
        assert open_cube(tmp_path / "a.msa").sizes["energy"] == 30


def test_rates_are_refused(tmp_path):
    written(tmp_path, msa().replace(b"#SPECTRUM", b"#YUNITS : counts/s\n#SPECTRUM"))
    with pytest.raises(CountsError, match="'counts/s': expected counts"):
        open_cube(tmp_path / "a.msa")


def test_each_key_has_its_own_unit(tmp_path):
    text = msa(unit="keV").decode("latin-1").replace("#XUNITS      : keV\r\n", "")
    text = text.replace("#XPERCHAN    : 0.01", "#XPERCHAN -eV: 10")
    cube = open_cube(written(tmp_path, text.replace("#OFFSET      :", "#OFFSET -keV :").encode()))
    np.testing.assert_allclose(cube.energy, -0.955 + 0.01 * np.arange(30))
