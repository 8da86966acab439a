import h5py
import numpy as np
import pytest
import xarray as xr
from PyMca5.PyMcaIO.ArraySave import save2DArrayListAsASCII
from PyMca5.PyMcaPhysics.xrf.XRFBatchFitOutput import OutputBuffer

from skxrf.exceptions import FileFormatError, LineGroupError
from skxrf.io import open_maps, save_maps

PAPER = [
    "S_K",
    "K_K",
    "Ca_K",
    "Cr_K",
    "Mn_K",
    "Fe_K",
    "Cu_K",
    "Zn_K",
    "Sr_K",
    "Au_L",
    "Hg_L",
    "Pb_L",
]


@pytest.fixture
def table(tmp_path):
    def write(text, name="maps.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize("csv", [False, True])
def test_the_papers_table_as_pymca_writes_it(tmp_path, csv):
    values = np.random.default_rng(0).uniform(0, 1e4, (4, 6, 12)).astype(np.float32)
    path = tmp_path / ("maps.csv" if csv else "maps.dat")
    save2DArrayListAsASCII([values[..., k] for k in range(12)], str(path), labels=PAPER, csv=csv)
    if not csv:
        assert path.read_text().startswith("row  column  S_K  K_K  Ca_K")

    maps = open_maps(path)

    assert maps.dims == ("y", "x", "element")
    assert maps.name == "intensity"
    assert maps.attrs["units"] == "counts"
    assert maps.attrs["source"] == str(path)
    assert list(maps["element"].to_numpy()) == PAPER
    # PyMca writes six digits.
    np.testing.assert_allclose(maps, values, rtol=1e-5)


@pytest.mark.parametrize("suffix", ["csv", "dat"])
def test_a_fit_of_pymca_with_uncertainties(tmp_path, suffix):
    rng = np.random.default_rng(1)
    values, errors = rng.uniform(0, 100, (2, 4, 3, 5)).astype(np.float32)
    labels = ["Fe K", "Pb L", "Scatter Peak000", "Constant"]
    buffer = OutputBuffer(
        outputDir=str(tmp_path), h5=False, csv=True, dat=True, overwrite=True, saveFOM=True
    )
    with buffer.Context():
        for name, data, names in [
            ("parameters", values, labels),
            ("uncertainties", errors, labels),
            ("massfractions", values[:1], labels[:1]),
        ]:
            buffer.allocateMemory(name, data=data, labels=names, memtype="ram")
        buffer.allocateMemory("chisq", group="diagnostics", data=values[0], memtype="ram")

    maps = open_maps(tmp_path / "IMAGES" / f"images.{suffix}")

    assert list(maps["element"].to_numpy()) == ["Fe_K", "Pb_L"]
    np.testing.assert_allclose(maps["intensity"], np.moveaxis(values[:2], 0, -1), rtol=1e-5)
    np.testing.assert_allclose(maps["uncertainty"], np.moveaxis(errors[:2], 0, -1), rtol=1e-5)


@pytest.mark.parametrize("separator", [";", ",", "\t", "  ", " "])
def test_separators(table, separator):
    lines = [["row", "column", "Fe_K", "Pb-L"], ["0", "0", "1.5", "2"], ["0", "1", "nan", "4"]]

    maps = open_maps(table("\n".join(map(separator.join, lines)) + "\n\n"))

    assert list(maps["element"].to_numpy()) == ["Fe_K", "Pb_L"]
    np.testing.assert_array_equal(maps, [[[1.5, 2], [np.nan, 4]]])


def test_two_blanks_between_columns_allow_one_in_a_name(table):
    maps = open_maps(table("row  column  Fe K  Pb L\n0  0  1  2\n", "maps.dat"))

    assert list(maps["element"].to_numpy()) == ["Fe_K", "Pb_L"]


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8", "utf-8-sig", "utf-16"])
def test_decimal_commas_in_any_encoding(tmp_path, encoding):
    text = "row;column;w(Fe_K) Größe;Fe_K\n0;0;0;1,5\n0;1;0;-2,25e1\n"
    (tmp_path / "maps.csv").write_text(text.replace(" Größe", ""), encoding=encoding)
    np.testing.assert_array_equal(open_maps(tmp_path / "maps.csv"), [[[1.5], [-22.5]]])

    (tmp_path / "maps.csv").write_text(text, encoding=encoding)
    np.testing.assert_array_equal(
        open_maps(tmp_path / "maps.csv", elements=["Fe_K"]), [[[1.5], [-22.5]]]
    )


def test_a_table_that_excel_saved(table):
    path = table('\ufeff"row";"column";"Fe_K"\r\n0;0;1\r\n1;0;2\r\n')

    np.testing.assert_array_equal(open_maps(path).sel(element="Fe_K"), [[1], [2]])


def test_any_order_of_lines_and_columns(table):
    path = table("Fe_K,column,row\n4,1,1\n1,0,0\n3,0,1\n2,1,0\n")

    np.testing.assert_array_equal(open_maps(path)[..., 0], [[1, 2], [3, 4]])


def test_a_part_of_a_painting_keeps_its_rows_and_columns(table):
    maps = open_maps(table("row;column;Fe_K\n7;3;1\n7;4;2\n8;3;3\n8;4;4\n"))

    np.testing.assert_array_equal(maps.y, [7, 8])
    np.testing.assert_array_equal(maps.x, [3, 4])


def test_elements_are_chosen_and_named(table):
    path = table("row;column;Fe;Pb;note\n0;0;1;2;3\n")

    with pytest.raises(LineGroupError, match=r"maps\.csv has columns.*'Fe', 'Pb', 'note'"):
        open_maps(path)
    maps = open_maps(path, elements={"Pb": "Pb_L", "Fe": "Fe_K"})
    assert list(maps["element"].to_numpy()) == ["Pb_L", "Fe_K"]
    np.testing.assert_array_equal(maps, [[[2, 1]]])


def test_a_map_without_an_uncertainty_has_nan(table):
    maps = open_maps(table("row;column;Fe_K;Pb_L;s(Fe_K)\n0;0;1;2;0.5\n"))

    np.testing.assert_array_equal(maps["uncertainty"], [[[0.5, np.nan]]])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("row;column;Fe_K\n0;0;1\n0;1;2\n1;0;3\n", r"3 pixels of a grid of 2 rows and 2 columns"),
        ("row;column;Fe_K\n0;0;1\n0;1;2\n1;0;3\n", r"first missing is \(row 1, column 1\)"),
        ("row;column;Fe_K\n0;0;1\n1;1;2\n1;0;3\n", r"first missing is \(row 0, column 1\)"),
        ("row;column;Fe_K\n0;0;1\n\n0;1;2\n0;0;3\n", r"line 5: pixel \(row 0, column 0\).*line 2"),
        ("row;column;Fe_K\n0;0;1\n0;1;two\n", r"line 3: 'two' in column 'Fe_K' is no number"),
        ("row;column;Fe_K\n0;0;1.5\n0;1;2,5\n", r"line 3: '2,5'.*0\.5 with a point"),
        ("row;column;Fe_K\n0;0;1\n0;1;\n", r"line 3: '' in column 'Fe_K'"),
        ("row;column;Fe_K\n0;0;1\n0;1\n", r"line 3: 2 values for the 3 columns.*'0;1'.*cut off"),
        ("row  column  Fe_K\n0  0  1  7\n0  1  2  7\n", r"line 2: 4 values for the 3 columns"),
        ("row;column;Fe_K\n0;0.5;1\n", r"line 2: column is 0\.5, expected a whole number"),
        ("row;column;Fe_K\n-1;0;1\n", r"line 2: row is -1"),
        ("row;column;Fe_K\nnan;0;1\n", r"line 2: row is nan"),
        ("row;column;Fe_K\n1e300;0;1\n", r"line 2: row is 1e\+300"),
        ("row;column;Fe_K\n0;0;1\n2000000000;2000000000;1\n", r"2 pixels of a grid of 2000000001"),
        ("row;column;Fe_K\n", r"has a header but no pixels"),
        ("\n\n", r"only blank lines"),
        ("hello\n", r"line 1: 'hello'; expected a table"),
        ("line;column;Fe_K\n0;0;1\n", r"0 columns called 'row', among line, column, Fe_K"),
        ("row;column;column;Fe_K\n0;0;0;1\n", r"2 columns called 'column'"),
    ],
)
def test_a_faulty_table_names_line_and_content(table, text, words):
    path = table(text)

    with pytest.raises(FileFormatError, match=words) as caught:
        open_maps(path)

    assert str(path) in str(caught.value)


def test_files_of_other_kinds(tmp_path):
    for name, content, words in [
        ("empty.csv", b"", r"empty\.csv is empty \(0 bytes\): expected element maps"),
        ("image.tif", b"II*\0" + bytes(100), r"image\.tif holds 0 images, but by its header more"),
        ("maps.npy", b"\x93NUMPY\1\0" + bytes(100), r"maps\.npy is a bare array.*np\.load"),
        ("maps.csv", b"version https://git-lfs.github.com/spec/v1\n", r"git lfs pull"),
        ("page.nc", b"<!DOCTYPE html>", "is a web page"),
        ("thousands.csv", b"row;column;Fe_K\n0;0;1,234\n0;1;17\n", "'1,234', in which a comma may"),
    ]:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(FileFormatError, match=words):
            open_maps(tmp_path / name)
    with pytest.raises(FileNotFoundError, match=r"no file .*none\.dat.*element maps"):
        open_maps(tmp_path / "none.dat")


def test_hdf5_without_maps_lists_what_is_there(tmp_path):
    path = tmp_path / "cube.h5"
    with h5py.File(path, "w") as file:
        file["counts"] = np.zeros((2, 3, 4))
        file["fit/Fe_K"] = np.ones((2, 3))

    with pytest.raises(
        FileFormatError, match=r"cube\.h5.*no maps.*there are: '/fit'.*'/counts' \(2, 3, 4\)"
    ):
        open_maps(path)
    assert open_maps(path, dataset="/fit").shape == (2, 3, 1)


@pytest.mark.parametrize("share", [0.99, 0.5, 0.05])
def test_a_truncated_file(tmp_path, share):
    maps = xr.DataArray(
        np.ones((20, 30, 2)), dims=("y", "x", "element"), coords={"element": ["Fe_K", "Pb_L"]}
    )
    save_maps(maps, tmp_path / "maps.nc")
    whole = (tmp_path / "maps.nc").read_bytes()
    (tmp_path / "cut.nc").write_bytes(whole[: int(share * len(whole))])

    with pytest.raises(FileFormatError, match=r"cut\.nc"):
        open_maps(tmp_path / "cut.nc")


def test_maps_of_other_dimensions(tmp_path):
    path = tmp_path / "maps.nc"
    xr.Dataset({"intensity": (("y", "x"), np.zeros((2, 3)))}).to_netcdf(path, engine="h5netcdf")

    with pytest.raises(FileFormatError, match=r"'intensity' over \('y', 'x'\)"):
        open_maps(path)


def test_elements_of_netcdf(tmp_path):
    maps = xr.DataArray(
        np.arange(3.0)[None, None], dims=("y", "x", "element"), coords={"element": ["a", "b", "c"]}
    )
    save_maps(maps, tmp_path / "maps.nc")

    some = open_maps(tmp_path / "maps.nc", elements={"c": "Fe_K", "a": "Pb_L"})

    assert list(some["element"].to_numpy()) == ["Fe_K", "Pb_L"]
    np.testing.assert_array_equal(some, [[[2, 0]]])
    with pytest.raises(LineGroupError, match=r"maps\.nc holds no map of Hg_L\. It holds: a, b, c"):
        open_maps(tmp_path / "maps.nc", elements=["Hg_L"])


def test_netcdf_with_its_axes_in_any_order(tmp_path):
    values = np.arange(24.0).reshape(2, 3, 4)
    maps = xr.Dataset(
        {
            "intensity": (("element", "x", "y"), values),
            "uncertainty": (("y", "x", "element"), values.T),
        },
        coords={"element": ["Fe_K", "Pb_L"]},
    )
    maps.to_netcdf(tmp_path / "maps.nc", engine="h5netcdf")

    found = open_maps(tmp_path / "maps.nc")

    for variable in found.data_vars.values():
        assert variable.dims == ("y", "x", "element")
        np.testing.assert_array_equal(variable, values.T)
