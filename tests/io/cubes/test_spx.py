"""Single spectra of Bruker's: cubes of one pixel."""

import json
import pickle
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.polynomial import Polynomial

from skxrf.exceptions import EnergyAxisError, FileFormatError
from skxrf.io import open_cube
from skxrf.io.cubes.bruker_xml import ZeroPeak, parsed

COUNTS = np.random.default_rng(5).poisson(40.0, 64)


def spx(counts=COUNTS, *, n_channels=None, calibration="<CalibAbs>-9.55E-1</CalibAbs>"):
    return (
        '<?xml version="1.0" encoding="WINDOWS-1252" standalone="yes"?>\r\n<TRTSpectrum>\r\n'
        "<RTHeader/><ClassInstance Type='TRTSpectrum' Name='p 059'><TRTHeaderedClass>"
        "<ClassInstance Type='TRTSpectrumHardwareHeader'><RealTime>30000</RealTime>"
        "<LifeTime>28046</LifeTime></ClassInstance>"
        "<ClassInstance Type='TRTXrfHeader'><ChassisType>XS-51</ChassisType>"
        "<TubeType>ixtube-Rh-30</TubeType><Voltage>50</Voltage><Current>199</Current>"
        "<Anode>45</Anode></ClassInstance></TRTHeaderedClass>"
        "<ClassInstance Type='TRTSpectrumHeader'>"
        f"<ChannelCount>{n_channels or len(counts)}</ChannelCount>"
        f"{calibration}<CalibLin>9.999E-3</CalibLin></ClassInstance>"
        f"<Channels>{','.join(map(str, counts))}</Channels></ClassInstance></TRTSpectrum>"
    ).encode("cp1252")


@pytest.fixture
def spectrum(tmp_path):
    path = tmp_path / "point.spx"
    path.write_bytes(spx())
    return path


def test_a_cube_of_one_pixel(spectrum):
    cube = pickle.loads(pickle.dumps(open_cube(spectrum)))

    assert dict(cube.sizes) == {"y": 1, "x": 1, "energy": 64}
    assert cube.dtype == np.uint16
    assert cube.chunks is not None
    np.testing.assert_array_equal(cube[0, 0], COUNTS)
    np.testing.assert_allclose(cube.energy, -0.955 + 0.009999 * np.arange(64))
    assert cube.live_time.item() == 28.046
    assert cube.real_time.item() == 30.0
    assert cube.attrs["instrument"] == "Bruker XS-51"
    assert cube.attrs["tube"] == "ixtube-Rh-30"
    assert cube.attrs["tube_voltage_kV"] == 50
    assert cube.attrs["tube_current_uA"] == 199
    assert cube.attrs["anode_atomic_number"] == 45


def test_large_counts_keep_their_value(tmp_path):
    path = tmp_path / "long.spx"
    path.write_bytes(spx([0, 70_000, 1]))
    assert open_cube(path).dtype == np.uint32
    path.write_bytes(spx([0, 2**40, 1]))
    np.testing.assert_array_equal(open_cube(path).squeeze(), [0, 2**40, 1])


def test_real_spectra_are_as_rosettasciio_reads_them(real_data):
    bruker = pytest.importorskip("rsciio.bruker")
    paths = sorted(real_data.glob("*/**/*.spx"))
    assert len(paths) > 10
    for path in paths:
        (theirs,) = bruker.file_reader(str(path))
        (axis,) = theirs["axes"]

        cube = open_cube(path)

        np.testing.assert_array_equal(cube.squeeze(), theirs["data"])
        np.testing.assert_allclose(
            cube.energy, axis["offset"] + axis["scale"] * np.arange(axis["size"])
        )
        hardware = theirs["original_metadata"]["Hardware"]
        assert cube.live_time.item() == hardware["LifeTime"] / 1000
        assert cube.real_time.item() == hardware["RealTime"] / 1000
        assert cube.attrs["tube_voltage_kV"] == 50


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (spx()[:-300], "damaged or was cut short"),
        (spx([]), "no counts where they should be"),
        (spx([1, -2]), "no counts where they should be"),
        (spx(["1.5", "many"]), "no counts where they should be"),
        (spx([2**70]), "no counts where they should be"),
        (spx(n_channels=4096), "4096 channels and holds 64"),
        (spx(n_channels=10**12), "channels and holds 64"),
        (b"<TRTSpectrum></TRTSpectrum>", "holds no TRTSpectrum"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + b"<TRTSpectrum></TRTSpectrum>", "definitions"),
    ],
)
def test_files_that_cannot_be(tmp_path, content, words):
    path = tmp_path / "point.spx"
    path.write_bytes(content)

    with pytest.raises(FileFormatError, match=words) as caught:
        open_cube(path)
    assert "point.spx" in str(caught.value)


def test_no_calibration_is_asked_for(tmp_path):
    path = tmp_path / "point.spx"
    path.write_bytes(spx(calibration=""))

    with pytest.raises(EnergyAxisError, match=r"point\.spx.*pass energy="):
        open_cube(path)
    assert open_cube(path, energy=(-0.955, 0.01)).sizes["energy"] == 64


@given(data=st.data())
def test_damaged_files_give_a_cube_or_one_of_our_errors(data, open_or_refuse):
    content = bytearray(spx())
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "point.spx")
        path.write_bytes(content[: data.draw(st.integers(1, len(content)))])
        open_or_refuse(path)


def test_what_a_real_file_of_an_m6_states(real_data):
    (path,) = (real_data / "bruker_m6_spx").glob("*.spx")

    cube = open_cube(path)

    assert cube.attrs["atmosphere"] == "Helium"
    areas = json.loads(cube.attrs["bruker_net_counts"])
    assert areas["Ca_K"] == 459971
    assert areas["Rh_K"] == 2080
    assert "Ti_K" not in areas, "no counts are stated for it"


def test_the_zero_peak_gives_the_live_time_of_real_files(real_data):
    paths = [*real_data.glob("bruker_m6_spx/*.spx"), *real_data.glob("nist_m4_tornado/*/*.spx")]
    assert len(paths) == 14
    for path in paths:
        cube = open_cube(path)
        # ZeroPeakFrequency of all of them.
        peak = ZeroPeak(10_000)
        axis = Polynomial.fit(np.arange(cube.sizes["energy"]), cube.energy, 1)
        first, end = peak.channels(axis, cube.sizes["energy"])
        in_peak = int(cube[0, 0, first:end].sum())
        np.testing.assert_allclose(in_peak / peak.frequency, cube.live_time[0, 0], rtol=0.005)


def test_definitions_in_any_encoding_are_refused(tmp_path):
    laughs = '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><r>&b;</r>'
    for content in (laughs.encode(), b"\xff\xfe" + laughs.encode("utf-16-le")):
        with pytest.raises(FileFormatError, match="definitions"):
            parsed(content, tmp_path / "header.xml")


def test_more_tags_than_a_file_has_are_refused(tmp_path):
    with pytest.raises(FileFormatError, match="tags"):
        parsed(b"<r>" + b"<a/>" * 1_000_001 + b"</r>", tmp_path / "header.xml")


def artax(n, *, last=""):
    """A project of ARTAX: spectra in a row, three each row, with the positions of the axes."""
    spectra = []
    for i in range(n):
        one = spx(COUNTS + i).decode("cp1252")
        one = one[one.index("<ClassInstance Type='TRTSpectrum'") : one.index("</TRTSpectrum>")]
        axes = "".join(
            f"<Axis{k} AxisName='{name}' AxisUnit='mm' AxisPosition='{at}'/>"
            for k, (name, at) in enumerate(
                {"X": 0.5 * (i % 3), "Y": 0.25 * (i // 3), "Z": 9}.items()
            )
        )
        axes = f"<ClassInstance Type='TRTAxesHeader'><AxesParameter>{axes}</AxesParameter></ClassInstance>"
        spectra.append(one.replace("</TRTHeaderedClass>", f"{axes}</TRTHeaderedClass>"))
    inner = f"<ClassInstance Type='TRTProject'>{''.join(spectra)}{last}</ClassInstance>"
    return f'<?xml version="1.0" encoding="WINDOWS-1252"?><TRTProject>{inner}</TRTProject>'


def test_a_project_of_artax(tmp_path):
    path = tmp_path / "scan.rtx"
    path.write_text(artax(6))
    with pytest.raises(FileFormatError, match="6 spectra and does not say how they lie"):
        open_cube(path)
    cube = open_cube(path, shape=(2, 3))
    np.testing.assert_array_equal(cube.to_numpy().reshape(6, -1), COUNTS + np.arange(6)[:, None])
    np.testing.assert_allclose(cube.y, [0, 0.25])
    np.testing.assert_allclose(cube.x, [0, 0.5, 1])
    assert (cube.live_time == 28.046).all()
    assert cube.attrs["instrument"] == "Bruker XS-51"
    whole = spx(6 * COUNTS).decode("cp1252")
    whole = whole[whole.index("<ClassInstance Type='TRTSpectrum'") : whole.index("</TRTSpectrum>")]
    path.write_text(artax(6, last=whole))
    cube = open_cube(path, shape=(2, 3))
    assert int(cube.max()) == COUNTS.max() + 5
    assert "1 spectra without a position left out" in cube.attrs["history"]


def test_pymca_reads_the_same_project(tmp_path):
    parser = pytest.importorskip("PyMca5.PyMcaIO.ArtaxFileParser")
    path = tmp_path / "scan.rtx"
    path.write_text(artax(6))
    theirs = parser.ArtaxFileParser(str(path))
    assert theirs.scanno() == 6
    cube = open_cube(path, shape=(2, 3)).to_numpy().reshape(6, -1)
    for i in range(6):
        np.testing.assert_array_equal(cube[i], theirs[i].mca(1))


def test_a_folder_of_spectra(tmp_path):
    for i in range(6):
        (tmp_path / f"point_{i}.spx").write_bytes(spx(COUNTS + i))
    cube = open_cube(tmp_path, shape=(2, 3))
    np.testing.assert_array_equal(cube.to_numpy().reshape(6, -1), COUNTS + np.arange(6)[:, None])
    np.testing.assert_allclose(cube.energy, -0.955 + 0.009999 * np.arange(64))
    assert (cube.live_time == 28.046).all()
