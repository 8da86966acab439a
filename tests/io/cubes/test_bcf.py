"""Bruker maps: real ones against RosettaSciIO, and small ones that are packed here."""

import base64
import itertools
import pickle
import struct
import tempfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from dask.base import tokenize
from hypothesis import given
from hypothesis import strategies as st

from skxrf.exceptions import CountsError, EnergyAxisError, FileFormatError
from skxrf.io import open_cube
from skxrf.io._limits import ReadSizes
from skxrf.io.cubes.sfs import stored_files

CHUNK = 1024
USABLE = CHUNK - 32


def pixels_16(spectrum, _):
    pulses = np.repeat(np.arange(len(spectrum)), spectrum)
    return 0, len(pulses), pulses.astype("<u2").tobytes()


def pixels_12(spectrum, _):
    pulses = np.repeat(np.arange(len(spectrum)), spectrum)
    groups = np.zeros((-(-len(pulses) // 4), 4), np.uint16)
    groups.flat[: len(pulses)] = pulses
    a, b, c, d = groups.T
    mixed = [a << 4 | b >> 8, a >> 4, c >> 4, b, d, c << 4 | d >> 8]
    return 1, len(pulses), np.stack(mixed, axis=1).astype(np.uint8).tobytes()


def packed(spectrum, rng):
    """Runs of channels as differences to their lowest count, some pulses kept out of them."""
    spectrum = spectrum.astype(np.int64)
    pulses = rng.choice(np.flatnonzero(spectrum), 3) if np.count_nonzero(spectrum) else []
    pulses = np.unique(pulses).astype(int)
    spectrum[pulses] -= 1
    runs = []
    at = 0
    while at < len(spectrum):
        run = spectrum[at : at + int(rng.integers(1, 9))]
        at += len(run)
        low, spread = run.min(), int(run.max() - run.min())
        size = next(s for s, most in ((1, 15), (2, 255), (4, 65535), (8, 2**32)) if spread <= most)
        while low >= 1 << 8 * size:
            size *= 2
        if not run.any():
            runs.append(bytes([0, len(run)]))
            continue
        runs.append(bytes([size, len(run)]) + int(low).to_bytes(size, "little"))
        rest = run - low
        if size == 1:
            nibbles = np.append(rest, 0)[: -(-len(rest) // 2) * 2].reshape(-1, 2)
            runs.append((nibbles[:, 0] | nibbles[:, 1] << 4).astype(np.uint8).tobytes())
        else:
            runs.append(rest.astype(f"<u{size // 2}").tobytes())
    content = b"".join(runs) + struct.pack("<I", 2 * len(pulses))
    return 2, len(pulses), content + pulses.astype("<u2").tobytes()


def map_bytes(counts, pack, *, leave_out=(), n_columns=None):
    """A map as its stream of rows and pixels."""
    rng = np.random.default_rng(1)
    found = [struct.pack("<II", counts.shape[0], n_columns or counts.shape[1]).ljust(0x1A0, b"\0")]
    for y, row in enumerate(counts):
        columns = [x for x in range(len(row)) if (y, x) not in leave_out]
        found.append(struct.pack("<I", len(columns)))
        for x in columns:
            flag, n_pulses, content = pack(row[x], rng)
            size = len(content) - (2 * n_pulses if flag == 2 else 0)
            header = (x, len(row[x]), 0, 786432, flag, 0, n_pulses, size)
            found.append(struct.pack("<IHHIHHHI", *header) + content)
    return b"".join(found)


def header_xml(
    counts, *, times=None, line_counter=30, steps="<DX>500</DX><DY>2,5E2</DY>", extra=0, hardware=""
):
    height, width, n_channels = counts.shape
    times = np.full((height, width), 30) if times is None else times
    total = ",".join(str(n) for n in counts.sum((0, 1), dtype=np.int64))
    data = base64.b64encode(np.asarray(times, "<u4").tobytes()).decode()
    spectrum = (
        "<ClassInstance Type='TRTSpectrum'><TRTHeaderedClass>"
        "<ClassInstance Type='TRTXrfHeader'><ChassisType>XS-51</ChassisType><Voltage>50</Voltage>"
        "<TubeType>Rh tube</TubeType></ClassInstance><ClassInstance "
        f"Type='TRTSpectrumHardwareHeader'>{hardware}</ClassInstance></TRTHeaderedClass>"
        f"<ClassInstance Type='TRTSpectrumHeader'><ChannelCount>{n_channels}</ChannelCount>"
        "<CalibAbs>-0,955</CalibAbs><CalibLin>1E-2</CalibLin></ClassInstance>"
        f"<Channels>{total}</Channels></ClassInstance>"
    )
    maps = "".join(f"<SpectrumData{i}>{spectrum}</SpectrumData{i}>" for i in range(1 + extra))
    return (
        '<?xml version="1.0" encoding="WINDOWS-1252" standalone="yes"?><TRTSpectrumDatabase>'
        "<ClassInstance Type='TRTSpectrumDatabase' Name='Gem\xe4lde'>"
        f"<ClassInstance Type='TRTSEMData'>{steps}</ClassInstance>"
        "<ClassInstance Type='TRTDSPConfiguration'><PixelAverage>10</PixelAverage>"
        "<LineAverage>1</LineAverage><PixelTime>2</PixelTime></ClassInstance>"
        f"<LineCounter>{','.join([str(line_counter)] * height)}</LineCounter>"
        "<ClassInstance Type='TRTImageData' Name='PixelTimes'><ItemSize>4</ItemSize>"
        f"<Width>{width}</Width><Height>{height}</Height><Plane0><Data>{data}</Data></Plane0>"
        f"</ClassInstance>{maps}</ClassInstance></TRTSpectrumDatabase>"
    ).encode("cp1252")


def compressed(content, block=4096):
    pieces = [content[i : i + block] for i in range(0, len(content), block)]
    found = [struct.pack("<4sIII", b"AACS", block, 0, len(pieces)).ljust(0x80, b"\0")]
    for piece in pieces:
        squeezed = zlib.compress(piece)
        found.append(struct.pack("<IIII", len(squeezed), len(piece), 0, 0) + squeezed)
    return b"".join(found)


def container(files):
    """A file system of chunks; the tables of long files are chains of chunks."""
    chunks = [bytes(USABLE)]  # the first holds nothing that is read
    following = [0]

    def store(content):
        numbers = []
        for i in range(0, max(len(content), 1), USABLE):
            numbers.append(len(chunks))
            chunks.append(content[i : i + USABLE].ljust(USABLE, b"\0"))
            following.append(0)
        return numbers

    def chain(content):
        numbers = store(content)
        for number, after in itertools.pairwise(numbers):
            following[number] = after
        return numbers[0]

    entries = [struct.pack("<iQ28xi176x?3x256s32x", 0, 0, -1, True, b"EDSDatabase")]
    for name, content in files.items():
        numbers = store(content)
        table = chain(np.array(numbers, "<u4").tobytes())
        entries.append(
            struct.pack("<iQ28xi176x?3x256s32x", table, len(content), 0, False, name.encode())
        )
    per_chunk = USABLE // 512
    table = chain(
        b"".join(
            b"".join(entries[i : i + per_chunk]).ljust(USABLE, b"\0")
            for i in range(0, len(entries), per_chunk)
        )
    )
    start = bytearray(0x118)
    start[:8] = b"AAMVHFSS"
    start[0x110:] = bytes(8)
    body = b"".join(
        struct.pack("<I28x", after) + chunk for after, chunk in zip(following, chunks, strict=True)
    )
    whole = bytearray(start + body)
    struct.pack_into("<fI", whole, 0x124, 2.6, CHUNK)
    struct.pack_into("<III", whole, 0x140, table, len(entries), len(chunks))
    return bytes(whole)


def write(folder, counts, *, pack=packed, squeeze=compressed, n_maps=1, stream=None, **header):
    path = Path(folder, "scan.bcf")
    stream = map_bytes(counts, pack) if stream is None else stream
    xml = header_xml(counts, extra=n_maps - 1, **header)
    files = {f"SpectrumData{i}": squeeze(stream) for i in range(n_maps)}
    path.write_bytes(container({"HeaderData": squeeze(xml), **files}))
    return path


@pytest.mark.parametrize("pack", [pixels_16, pixels_12, packed])
@pytest.mark.parametrize("squeeze", [compressed, bytes])
def test_packed_spectra(tmp_path, small_counts, pack, squeeze):
    path = write(tmp_path, small_counts, pack=pack, squeeze=squeeze)

    cube = open_cube(path, chunks=(2, 3))

    assert cube.dtype == np.uint16
    assert cube.chunks == ((2, 2, 1), (7,), (12,)), "rows are read whole"
    np.testing.assert_array_equal(cube, small_counts)
    np.testing.assert_array_equal(cube[4, 2], small_counts[4, 2])
    np.testing.assert_array_equal(cube[::3, 1::2, 3:9], small_counts[::3, 1::2, 3:9])
    np.testing.assert_allclose(cube.energy, -0.955 + 0.01 * np.arange(12))
    assert cube.attrs["instrument"] == "Bruker XS-51"
    assert cube.attrs["tube"] == "Rh tube"
    assert cube.attrs["tube_voltage_kV"] == 50
    assert cube.attrs["title"] == "Gemälde"
    assert cube.attrs["reader"] == "Bruker .bcf"


def test_steps_of_rows_and_columns_are_each_their_own(tmp_path, small_counts):
    cube = open_cube(write(tmp_path, small_counts))

    np.testing.assert_allclose(cube.y, 0.25 * np.arange(5))
    np.testing.assert_allclose(cube.x, 0.5 * np.arange(7))
    assert cube.x.attrs["units"] == "mm"
    cube = open_cube(write(tmp_path, small_counts, steps=""))
    np.testing.assert_array_equal(cube.x, np.arange(7))
    assert "units" not in cube.x.attrs


def test_live_times_are_kept(tmp_path, small_counts):
    times = np.random.default_rng(2).integers(90_000, 99_000, (5, 7))

    cube = open_cube(write(tmp_path, small_counts, times=times))

    np.testing.assert_allclose(cube.live_time, times * 1e-6)
    assert cube.live_time.dims == ("y", "x")
    assert "real_time" not in cube.coords


def test_times_that_are_the_dwell_time_are_no_live_times(tmp_path, small_counts):
    """Some files hold the time that the scan was set to, which no dead time was taken off."""
    cube = open_cube(write(tmp_path, small_counts, times=np.full((5, 7), 30 * 10 * 2)))

    np.testing.assert_allclose(cube.real_time, 0.0006)
    assert "live_time" not in cube.coords
    cube = open_cube(write(tmp_path, small_counts, times=np.zeros((5, 7))))
    assert not {"live_time", "real_time"} & set(cube.coords), "zeros are no times"


def test_real_maps_are_as_rosettasciio_reads_them(real_data):
    file_reader = pytest.importorskip("rsciio.bruker").file_reader
    paths = sorted((real_data / "bruker_bcf").glob("*.bcf"))
    assert len(paths) == 2
    for path in paths:
        theirs = file_reader(str(path), select_type="spectrum_image")[0]
        axes = {axis["name"]: axis for axis in theirs["axes"]}

        cube = open_cube(path)

        np.testing.assert_array_equal(cube, theirs["data"])
        energy = axes["Energy"]
        np.testing.assert_allclose(
            cube.energy, energy["offset"] + energy["scale"] * np.arange(energy["size"])
        )
        np.testing.assert_allclose(np.diff(cube.y), axes["height"]["scale"] / 1000)
        about = theirs["original_metadata"]["Microscope"]
        np.testing.assert_allclose(np.diff(cube.x), about["DX"] / 1000)
    assert cube.sizes["y"] == 50
    # 256 x 1 µs, 30 times over: the time that the scan was set to.
    np.testing.assert_allclose(cube.real_time, 0.00768)


def test_a_bright_pixel_does_not_wrap(tmp_path, small_counts):
    """Where the mean of a map is low RosettaSciIO takes a byte, whatever a single pixel has."""
    counts = small_counts.copy()
    counts[2, 3, 4] = 60_000

    np.testing.assert_array_equal(open_cube(write(tmp_path, counts)), counts)


def test_counts_beyond_two_bytes_widen_the_type(tmp_path, small_counts):
    counts = small_counts.astype(np.int64)
    counts[2, 3, 4] = 3_000_000_000

    cube = open_cube(write(tmp_path, counts))

    assert cube.dtype == np.uint32
    np.testing.assert_array_equal(cube, counts)


def test_more_pulses_than_two_bytes_count_in_bytes(tmp_path, small_counts):
    counts = small_counts.astype(np.uint16)
    counts[1, 2, 5] = 60_000

    np.testing.assert_array_equal(open_cube(write(tmp_path, counts, pack=pixels_16)), counts)


def test_channels_that_the_header_does_not_know_are_left_out_with_a_warning(tmp_path, small_counts):
    stream = map_bytes(small_counts, packed)
    path = write(tmp_path, small_counts[..., :9], stream=stream)

    with pytest.warns(UserWarning, match="use up to 12 channels, the header .* have 9"):
        cube = open_cube(path)
    np.testing.assert_array_equal(cube, small_counts[..., :9])
    silent = stream.replace(struct.pack("<H", 12) + bytes(2), bytes(4))
    with pytest.raises(FileFormatError, match="in channels beyond the 9 of the header"):
        open_cube(write(tmp_path, small_counts[..., :9], stream=silent)).compute()


def test_a_packing_that_is_not_known_is_refused(tmp_path, small_counts):
    stream = map_bytes(small_counts, pixels_16)
    path = write(
        tmp_path, small_counts, stream=stream[: 0x1A0 + 16] + b"\x03" + stream[0x1A0 + 17 :]
    )

    with pytest.raises(FileFormatError, match="packed in a way that is not known, in row 0"):
        open_cube(path)


@pytest.mark.parametrize("pack", [pixels_16, pixels_12, packed])
def test_live_times_from_the_zero_peak(tmp_path, pack):
    """1 kHz of pulses at zero energy, 0.95 keV above the first channel."""
    rng = np.random.default_rng(3)
    counts = rng.poisson(0.2, (4, 6, 130)).astype(np.uint16)
    times = rng.integers(20, 50, (4, 6))
    counts[..., 81:111] = 0
    counts[..., 95] = times
    hardware = "<ZeroPeakFrequency>1000</ZeroPeakFrequency>"

    cube = open_cube(write(tmp_path, counts, pack=pack, hardware=hardware, times=np.zeros((4, 6))))
    stated = f"<LifeTime>{times.sum() * 2}</LifeTime>{hardware}"
    other = open_cube(write(tmp_path, counts, hardware=stated, times=np.zeros((4, 6))))

    np.testing.assert_allclose(cube.live_time, times / 1000)
    assert "live_time" not in other.coords, "the peak is not what it is taken for"


def test_times_of_pixels_are_those_that_their_sum_agrees_with(tmp_path, small_counts):
    """The header of the sum states both times; pixels of real files add up to the real time."""
    times = np.full((5, 7), 100_000)
    stated = "<RealTime>3500</RealTime><LifeTime>3100</LifeTime>"

    cube = open_cube(write(tmp_path, small_counts, times=times, hardware=stated))

    np.testing.assert_allclose(cube.real_time, 0.1)
    assert "live_time" not in cube.coords


def test_rows_that_are_mostly_empty_are_believed_where_an_image_has_their_length(
    tmp_path, small_counts
):
    missing = [(y, x) for y in range(5) for x in range(1, 7)]
    stream = map_bytes(small_counts, packed, leave_out=missing)

    assert open_cube(write(tmp_path, small_counts, stream=stream)).shape == small_counts.shape
    other = small_counts[:, :6]
    with pytest.raises(FileFormatError, match="no row reaches beyond the first 1 of its 7"):
        open_cube(write(tmp_path, other, stream=stream))


def test_long_rows_are_read_in_parts(tmp_path, small_counts, monkeypatch):
    monkeypatch.setattr("skxrf.io.cubes.bcf.READ", ReadSizes(row_bytes=3 * 12 * 2))

    cube = open_cube(write(tmp_path, small_counts), chunks=(1, 3))

    assert cube.chunks[1] == (3, 3, 1)
    np.testing.assert_array_equal(cube, small_counts)


def test_pixels_that_were_not_measured_are_empty(tmp_path, small_counts):
    missing = [(3, 6), (4, 0), (4, 1), (4, 2), (4, 3), (4, 4), (4, 5), (4, 6)]
    path = write(tmp_path, small_counts, stream=map_bytes(small_counts, packed, leave_out=missing))

    cube = open_cube(path)

    expected = small_counts.copy()
    expected[tuple(np.transpose(missing))] = 0
    np.testing.assert_array_equal(cube, expected)


def test_maps_of_several_detectors(tmp_path, small_counts):
    path = write(tmp_path, small_counts, n_maps=2)

    with pytest.raises(FileFormatError, match=r"2 detectors \(SpectrumData0, SpectrumData1\)"):
        open_cube(path)
    with pytest.raises(FileFormatError, match=r"no map 'SpectrumData7', but SpectrumData0"):
        open_cube(path, dataset="SpectrumData7")
    for chosen in ({"dataset": "SpectrumData1"}, {"detector": 1}, {"detector": "SpectrumData1"}):
        cube = open_cube(path, **chosen)
        np.testing.assert_array_equal(cube, small_counts)
        assert cube.attrs["dataset"] == "SpectrumData1"
    added = open_cube(path, detector="sum")
    np.testing.assert_array_equal(added, 2 * small_counts)
    assert "all detectors added" in added.attrs["history"]


def test_the_name_of_the_file_does_not_matter(tmp_path, small_counts):
    path = write(tmp_path, small_counts)
    np.testing.assert_array_equal(open_cube(path.rename(tmp_path / "scan.map")), small_counts)


def test_it_can_be_pickled(tmp_path, small_counts):
    cube = pickle.loads(pickle.dumps(open_cube(write(tmp_path, small_counts), chunks=(1, 7))))

    np.testing.assert_array_equal(cube, small_counts)


def test_long_files_have_chained_tables(tmp_path):
    counts = np.random.default_rng(0).poisson(0.1, (60, 70, 800)).astype(np.uint16)
    path = write(tmp_path, counts, pack=pixels_16, squeeze=bytes)
    n_chunks = len(stored_files(path)["SpectrumData0"].chunk_starts)
    assert n_chunks > 3 * (USABLE // 4), "the table itself must not fit in a chunk"

    np.testing.assert_array_equal(open_cube(path), counts)


def test_a_header_without_calibration_asks_for_it(tmp_path, small_counts):
    xml = header_xml(small_counts).replace(b"CalibLin", b"Calib_")
    path = tmp_path / "scan.bcf"
    path.write_bytes(
        container({"HeaderData": xml, "SpectrumData0": map_bytes(small_counts, packed)})
    )

    with pytest.raises(EnergyAxisError, match=r"scan\.bcf.*pass energy="):
        open_cube(path)
    np.testing.assert_array_equal(open_cube(path, energy=(0, 0.01)), small_counts)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "holds no map, only HeaderData"),
        ({"SpectrumData0": b""}, "damaged or was cut short"),
        ({"SpectrumData0": struct.pack("<II", 10**6, 10**6).ljust(0x1A0, b"\0")}, "1000000 rows"),
        (
            {"SpectrumData0": struct.pack("<II", 1, 2**31).ljust(0x1A0, b"\0") + bytes(4)},
            "no row reaches beyond the first 0 of its 2147483648 pixels",
        ),
        ({"SpectrumData1": b""}, "no entry SpectrumData1"),
    ],
)
def test_containers_that_cannot_be(tmp_path, small_counts, files, words):
    path = tmp_path / "scan.bcf"
    path.write_bytes(container({"HeaderData": header_xml(small_counts), **files}))

    with pytest.raises(FileFormatError, match=words) as caught:
        open_cube(path)
    assert "scan.bcf" in str(caught.value)


def test_a_map_of_nothing(tmp_path, small_counts):
    path = write(tmp_path, small_counts, stream=map_bytes(small_counts[:0], packed))

    with pytest.raises(CountsError, match=r"scan\.bcf.*is empty, of shape \(0, 7, 12\)"):
        open_cube(path)


@pytest.mark.parametrize("xml", [b"", b"<TRT", b"<a/>", b"<!DOCTYPE a><a/>", b"\xff\xfe<a/>"])
def test_headers_that_cannot_be(tmp_path, small_counts, xml):
    path = tmp_path / "scan.bcf"
    path.write_bytes(
        container({"HeaderData": xml, "SpectrumData0": map_bytes(small_counts, packed)})
    )

    with pytest.raises(FileFormatError, match=r"scan\.bcf"):
        open_cube(path)


@given(data=st.data(), squeeze=st.sampled_from([compressed, bytes]))
def test_damaged_files_give_a_cube_or_one_of_our_errors(
    data, squeeze, open_or_refuse, small_counts
):
    with tempfile.TemporaryDirectory() as folder:
        path = write(folder, small_counts, squeeze=squeeze)
        content = bytearray(path.read_bytes())
        # Half of the flips go where all else is told from.
        ends = st.integers(0, 0x150) | st.integers(0, len(content) - 1)
        for _ in range(data.draw(st.integers(1, 5))):
            content[data.draw(ends)] = data.draw(st.integers(0, 255))
        path.write_bytes(content)
        open_or_refuse(path)


@given(data=st.data())
def test_damaged_maps_give_a_cube_or_one_of_our_errors(data, open_or_refuse, small_counts):
    """Within the map itself, where nothing but its own numbers holds it together."""
    stream = bytearray(map_bytes(small_counts, data.draw(st.sampled_from([packed, pixels_12]))))
    for _ in range(data.draw(st.integers(1, 5))):
        stream[data.draw(st.integers(0, len(stream) - 1))] = data.draw(st.integers(0, 255))
    with tempfile.TemporaryDirectory() as folder:
        open_or_refuse(write(folder, small_counts, squeeze=bytes, stream=bytes(stream)))


@given(share=st.floats(0, 0.99))
def test_cut_files_are_refused(share, open_or_refuse, small_counts):
    with tempfile.TemporaryDirectory() as folder:
        path = write(folder, small_counts)
        content = path.read_bytes().rstrip(b"\0")  # the end of the last chunk holds nothing
        path.write_bytes(content[: int(share * len(content))])
        assert isinstance(open_or_refuse(path), FileFormatError)


def test_what_is_kept_decompressed_is_no_part_of_the_key(tmp_path):
    counts = np.random.default_rng(5).poisson(3.0, (40, 30, 64)).astype(np.uint16)
    path = write(tmp_path, counts)
    cube = open_cube(path)
    np.testing.assert_array_equal(cube, counts)
    assert open_cube(path).data.name == cube.data.name
    stored = stored_files(path)["SpectrumData0"]
    before = tokenize(stored)
    b"".join(stored.pieces())
    assert tokenize(stored) == before
    assert not pickle.loads(pickle.dumps(stored)).recent
