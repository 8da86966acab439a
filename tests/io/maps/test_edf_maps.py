"""Maps as EDF images: PyMca's own files."""

import numpy as np
import pytest

from skxrf.exceptions import FileFormatError
from skxrf.io import open_maps

save = pytest.importorskip("PyMca5.PyMcaIO.ArraySave").save2DArrayListAsEDF

NAMES = ["Fe_K", "Pb_L", "s(Fe_K)"]
VALUES = np.random.default_rng(2).random((3, 4, 6)).astype(np.float32)


@pytest.mark.parametrize("titles", [NAMES, None])
def test_a_folder_of_a_file_a_map(tmp_path, titles):
    for i, name in enumerate(NAMES):
        label = None if titles is None else [name]
        save([VALUES[i]], str(tmp_path / f"IMAGES_{name}.edf"), labels=label)

    maps = open_maps(tmp_path)

    assert list(maps.element.values) == ["Fe_K", "Pb_L"]
    np.testing.assert_array_equal(maps.intensity.transpose("element", "y", "x"), VALUES[:2])
    np.testing.assert_array_equal(maps.uncertainty.sel(element="Fe_K"), VALUES[2])


def test_a_file_of_all_maps(tmp_path):
    save(list(VALUES[:2]), str(tmp_path / "images.edf"), labels=["Fe K", "S-K"])

    maps = open_maps(tmp_path / "images.edf")

    assert list(maps.element.values) == ["Fe_K", "S_K"]
    np.testing.assert_array_equal(maps.sel(element="S_K"), VALUES[1])


@pytest.mark.parametrize("label", [["Array_0"], [""]])
def test_images_without_names_are_refused(tmp_path, label):
    save([VALUES[0]], str(tmp_path / "scan_01.edf"), labels=label)

    with pytest.raises(FileFormatError, match="expected maps, images with a Title"):
        open_maps(tmp_path)


def test_two_images_of_a_name_are_refused(tmp_path):
    save(list(VALUES[:2]), str(tmp_path / "images.edf"), labels=["Fe_K", "Fe_K"])

    with pytest.raises(FileFormatError, match="two maps called 'Fe_K'"):
        open_maps(tmp_path / "images.edf")
