import inspect

import numpy as np
import pandas as pd
import pytest

from benchmarks.icon_counts import REFERENCE
from skxrf.exceptions import LineGroupError, SkxrfError
from skxrf.io import save_maps
from skxrf.reproduction import reproduce
from skxrf.reproduction._problem import (
    _own_shape,
    _paintings,
    _without_repeated_elements,
    problem_from_files,
    simulated_problem,
)


def save(maps, path):
    save_maps(maps, path)
    return path


def test_simulated_paintings_are_labeled_by_a_fit_and_know_their_truth(quick_paintings):
    said = []
    elements = ["Ca_K", "Fe_K", "Pb_L"]
    problem = simulated_problem(2, 7, shape=(12, 14), elements=elements, say=said.append)
    assert quick_paintings == [("icon_1", 7), ("icon_test", 13)]
    assert problem.X.shape == (2 * 12 * 14, 512)
    assert problem.X.dtype == np.uint16
    assert list(problem.Y.columns) == list(problem.truth.columns) == elements
    assert problem.Y.index.equals(problem.truth.index)
    # A fit of noisy counts: near the truth, not it.
    assert np.corrcoef(problem.Y["Pb_L"], problem.truth["Pb_L"])[0, 1] > 0.9
    assert not np.allclose(problem.Y, problem.truth)
    assert list(np.unique(problem.groups, return_counts=True)[1]) == [168, 168]
    assert problem.data.simulated
    assert problem.data.shapes == {"icon_1": (12, 14), "icon_test": (12, 14)}
    assert problem.data.counts_per_pixel == pytest.approx(problem.X.sum() / len(problem.X))
    assert "about icon_1; about icon_test" in problem.data.source
    assert len(said) == 3
    maps = problem.maps(problem.truth)
    assert maps["icon_test"].dtype == np.float32
    assert maps["icon_test"]["x"].attrs["units"] == "mm"


def test_paintings_are_those_of_the_paper_the_test_painting_last():
    assert [name for name, _ in _paintings(2, 0)] == ["icon_1", "icon_test"]
    names = [name for name, _ in _paintings(5, 0)]
    assert names == ["icon_1", "icon_2", "icon_3", "icon_1", "icon_test"]
    # The seed of the caller moves all of them.
    assert all(a != b for a, b in zip(_paintings(5, 3), _paintings(5, 0), strict=True))


def test_the_test_icon_of_the_default_run_counts_what_real_icons_do():
    default = inspect.signature(reproduce).parameters["random_state"].default
    problem = simulated_problem(1, default)
    assert problem.data.shapes == {"icon_test": (46, 34)}  # 364 x 274 mm on a step of 8 mm
    means = problem.truth.mean()
    assert set(means.index) == set(REFERENCE)
    for group, counts in REFERENCE.items():
        assert counts / 1.3 < means[group] < 1.3 * counts, group


def test_paintings_have_their_own_proportions():
    assert _own_shape("icon_2") == (32, 50)  # 202 x 318 mm
    rows, columns = _own_shape("icon_3")
    assert rows / columns == pytest.approx(564 / 428, rel=0.02)


def test_given_maps_are_the_labels(scan, scan_files, tmp_path):
    maps = scan[1]
    problem = problem_from_files(
        scan_files / "scan.h5", save(maps, tmp_path / "maps.nc"), n_folds=3
    )
    np.testing.assert_array_equal(problem.Y, maps.to_numpy().reshape(-1, 3))
    np.testing.assert_array_equal(problem.X, scan[0].to_numpy().reshape(-1, 512))
    assert problem.truth is None
    assert not problem.data.simulated
    assert problem.data.reference_name == "reference maps"
    # Blocks, all larger than the window of SSIM but those at the border.
    assert len(np.unique(problem.groups)) >= 3


def test_labels_may_be_missing_and_line_groups_chosen(scan, scan_files, tmp_path):
    maps = scan[1].copy()
    maps[:10, :, 0] = np.nan
    path = save(maps, tmp_path / "maps.nc")
    problem = problem_from_files(scan_files / "scan.h5", path, n_folds=2, elements=["Pb_L", "Ca_K"])
    assert list(problem.Y.columns) == ["Pb_L", "Ca_K"]
    assert problem.data.n_labeled == 14 * 28 == problem.labeled.sum()


def test_without_maps_a_fit_makes_them(scan, scan_files):
    problem = problem_from_files(scan_files / "scan.h5", None, n_folds=2, elements=["Fe_K", "Pb_L"])
    assert problem.data.reference_name == "template fit"
    truth = scan[1].sel(element="Pb_L").to_numpy().ravel()
    assert np.corrcoef(problem.Y["Pb_L"], truth)[0, 1] > 0.9


def test_maps_of_another_shape_are_refused_with_both_files(scan, scan_files, tmp_path):
    path = save(scan[1][:20], tmp_path / "maps.nc")
    with pytest.raises(SkxrfError, match=r"maps\.nc contains maps of 20 x 28 .*scan\.h5 has 24"):
        problem_from_files(scan_files / "scan.h5", path, n_folds=2)


def test_an_empty_map_is_named(scan, scan_files, tmp_path):
    maps = scan[1].copy()
    maps[..., 1] = np.nan
    path = save(maps, tmp_path / "maps.nc")
    with pytest.raises(LineGroupError, match=r"no value for Fe_K"):
        problem_from_files(scan_files / "scan.h5", path, n_folds=2)


def test_infinite_labels_are_refused(scan, scan_files, tmp_path):
    maps = scan[1].copy()
    maps[0, 0, 0] = np.inf
    with pytest.raises(SkxrfError, match="infinite intensities"):
        problem_from_files(scan_files / "scan.h5", save(maps, tmp_path / "maps.nc"), n_folds=2)


def test_too_few_labeled_blocks_are_refused(scan, scan_files, tmp_path):
    maps = scan[1].copy()
    maps[8:] = np.nan
    maps[:, 8:] = np.nan
    path = save(maps, tmp_path / "maps.nc")
    with pytest.raises(SkxrfError, match="64 pixels with a reference make 1 blocks of 8 x 8"):
        problem_from_files(scan_files / "scan.h5", path, n_folds=2)


def test_a_cube_beyond_memory_is_refused_before_it_is_read(scan_files, monkeypatch):
    monkeypatch.setattr("os.sysconf", lambda name: {"SC_PAGE_SIZE": 1, "SC_PHYS_PAGES": 1000}[name])
    with pytest.raises(SkxrfError, match=r"too large .* 24 x 28 pixels of 512 channels"):
        problem_from_files(scan_files / "scan.h5", None, n_folds=2)


def test_one_map_an_element_the_hardest_shell_first():
    found = ["S_K", "Pb_M", "Hg_M", "Ba_L", "Ba_K", "Pb_L"]
    assert _without_repeated_elements(found) == ["S_K", "Hg_M", "Ba_K", "Pb_L"]


def test_maps_of_a_table_over_all_pixels(linear_problem):
    values = np.arange(24 * 32 * 2, dtype=float).reshape(-1, 2)
    maps = linear_problem.maps(pd.DataFrame(values, linear_problem.Y.index, ["Fe_K", "Pb_L"]))
    np.testing.assert_array_equal(maps["scan"].to_numpy().reshape(-1, 2), values)
