"""Text and EDF files that gzip or bzip2 packed."""

import bz2
import gzip

import numpy as np
import pytest

from skxrf.exceptions import FileFormatError
from skxrf.io import open_cube, open_maps
from tests.io.cubes import test_mca, test_spx

COUNTS = np.random.default_rng(2).poisson(4.0, (3, 4, 20)).astype(np.uint16)
PACKERS = [(gzip.compress, ".gz"), (bz2.compress, ".bz2")]
EDF = "{{ ByteOrder = LowByteFirst ; DataType = {} ; Dim_1 = {} ; Dim_2 = {} ; MCA a = 0 ; MCA b = 0.02 ; }}\n"


def edf(values, kind):
    rows, columns = values.shape
    return EDF.format(kind, columns, rows).encode() + values.tobytes()


def pack(folder, packer, suffix):
    """Pack each file of a folder in place of the file."""
    for file in list(folder.iterdir()):
        file.with_name(file.name + suffix).write_bytes(packer(file.read_bytes()))
        file.unlink()


@pytest.mark.parametrize(("packer", "suffix"), PACKERS)
def test_folders_of_packed_files_are_cubes(tmp_path, packer, suffix):
    spectra = test_mca.folder_of(tmp_path, COUNTS, test_mca.counting(12))
    rows = tmp_path / "edf"
    rows.mkdir()
    for y, row in enumerate(COUNTS):
        (rows / f"row_{y:04}.edf").write_bytes(edf(row, "UnsignedShort"))
    for folder, options in ((spectra, {"shape": (3, 4)}), (rows, {})):
        plain = open_cube(folder, **options).compute()
        pack(folder, packer, suffix)
        packed = open_cube(folder, **options)
        assert np.array_equal(packed.values, plain.values)
        assert np.array_equal(packed["energy"], plain["energy"])
        assert np.array_equal(packed.values, COUNTS)


@pytest.mark.parametrize(("packer", "suffix"), PACKERS)
def test_packed_spectra_and_maps_open(tmp_path, packer, suffix):
    (tmp_path / "point.txt").write_text(
        "keV counts\n" + "".join(f"{0.02 * i:.2f} {i}\n" for i in range(40))
    )
    (tmp_path / "point.spx").write_bytes(test_spx.spx())
    (tmp_path / "maps.csv").write_text("row;column;Fe-K;Pb-L\n0;0;1.5;2\n0;1;3;4\n")
    (tmp_path / "Fe_K.edf").write_bytes(
        edf(COUNTS[..., 0], "UnsignedShort").replace(b"MCA", b"XYZ")
    )
    names = {"point.txt": open_cube, "point.spx": open_cube}
    names |= {"maps.csv": open_maps, "Fe_K.edf": open_maps}
    plain = {name: opener(tmp_path / name).compute() for name, opener in names.items()}
    pack(tmp_path, packer, suffix)
    for name, opener in names.items():
        assert np.array_equal(opener(tmp_path / (name + suffix)).values, plain[name].values), name


def test_what_is_packed_and_cut_or_too_large_is_refused(tmp_path):
    text = b"keV counts\n" + b"".join(b"%.2f %d\n" % (0.02 * i, i) for i in range(4000))
    for content, words in [
        (gzip.compress(text)[:900], "cut short"),
        (gzip.compress(text)[:-9] + bytes(9), "damaged"),
        (gzip.compress(text + bytes(10**8)), "more than the 16,777,216 bytes"),
        (gzip.compress(b"\x89HDF\r\n\x1a\n" + bytes(600)), "compressed by gzip.*Unpack"),
    ]:
        (tmp_path / "point.txt.gz").write_bytes(content)
        with pytest.raises(FileFormatError, match=words):
            open_cube(tmp_path / "point.txt.gz")
