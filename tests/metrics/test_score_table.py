import numpy as np
import pandas as pd
import pytest

from skxrf.exceptions import SkxrfError
from skxrf.metrics import score_table
from skxrf.report._map_statistics import compare_maps
from skxrf.samples import to_samples


def test_tables_of_samples_are_scored_as_their_maps_are(tiny_paintings):
    _, maps = tiny_paintings
    truth = maps["icon"]
    found = 1.2 * truth + 3
    table = score_table(to_samples(truth), to_samples(found).iloc[::-1])
    pd.testing.assert_frame_equal(table, score_table(truth, found))


def test_maps_smaller_than_the_window_of_ssim_have_the_other_scores(tiny_paintings):
    _, maps = tiny_paintings
    truth = maps["icon"].isel(y=slice(5), x=slice(5))
    table = score_table(truth, truth + 1)
    assert table["ssim"].isna().all()
    np.testing.assert_allclose(table["bias"], 1)


def test_the_origin_in_mm_does_not_matter(tiny_paintings):
    truth = tiny_paintings[1]["icon"]
    found = 1.2 * truth
    moved = found.assign_coords(y=found["y"] + 40.0, x=found["x"] - 7.0)
    errors = np.sqrt(moved + 1)

    table = score_table(truth, moved, sigma=errors)

    pd.testing.assert_frame_equal(table, score_table(truth, found, sigma=np.sqrt(found + 1)))
    compared, _, _ = compare_maps(moved, truth, errors)
    assert {name: one.ssim for name, one in compared.items()} == table["ssim"].to_dict()


def test_other_rows_are_refused_by_table_and_report_alike(tiny_paintings):
    truth = tiny_paintings[1]["icon"]
    rows = truth.assign_coords(y=np.arange(truth.sizes["y"]))
    others = rows.assign_coords(y=rows["y"] + 3)
    with pytest.raises(SkxrfError, match="different parts"):
        score_table(rows, others)
    with pytest.raises(SkxrfError, match="different parts"):
        compare_maps(others, rows)
