import numpy as np
import pandas as pd
import pytest

from skxrf.exceptions import LineGroupError, SkxrfError
from skxrf.metrics import score_table, ssim_score
from skxrf.report._map_statistics import compare_maps
from skxrf.samples import to_samples


def test_tables_of_samples_are_scored_as_their_maps_are(tiny_paintings):
    _, maps = tiny_paintings
    truth = maps["icon"]
    found = 1.2 * truth + 3
    table = score_table(to_samples(truth), to_samples(found).iloc[::-1])
    pd.testing.assert_frame_equal(table, score_table(truth, found))


def test_scores_are_those_of_their_formulas(tiny_paintings):
    truth = tiny_paintings[1]["icon"].copy()
    truth[2, 3, 0] = np.nan
    rng = np.random.default_rng(0)
    found = 1.2 * truth + 3 + rng.normal(0, 20, truth.shape)
    found[4, 5, 1] = np.nan

    table = score_table(truth, found, sigma=10.0)

    assert table.index.tolist() == ["Fe_K", "Pb_L"]
    assert table.index.name == "element"
    for k, name in enumerate(table.index):
        x, y = truth.to_numpy()[..., k].ravel(), found.to_numpy()[..., k].ravel()
        known = ~np.isnan(x) & ~np.isnan(y)
        x, y = x[known], y[known]
        z = np.abs(y - x) / 10
        expected = {
            "ssim": ssim_score(truth, found, multioutput="raw_values")[k],
            "within_1": np.mean(z <= 1),
            "within_2": np.mean(z <= 2),
            "within_3": np.mean(z <= 3),
            "rmse": np.sqrt(np.mean((y - x) ** 2)),
            "bias": np.mean(y - x),
            "slope": np.polyfit(x, y, 1)[0],
            "correlation": np.corrcoef(x, y)[0, 1],
            "mean": x.mean(),
            "n_pixels": 15 * 18 - 1,
        }
        assert table.columns.tolist() == list(expected)
        np.testing.assert_allclose(table.loc[name], list(expected.values()), rtol=1e-9)


def test_line_groups_in_common_are_scored_in_the_order_of_the_reference(tiny_paintings):
    truth = tiny_paintings[1]["icon"]
    found = (1.2 * truth).assign_coords(element=["S_K", "Pb_L"]).isel(element=[1, 0])
    alone = score_table(truth.sel(element=["Pb_L"]), found)
    pd.testing.assert_frame_equal(score_table(truth, found), alone)
    with pytest.raises(
        LineGroupError,
        match=r"^the maps hold S_K, the reference Fe_K, Pb_L: there is no line group ",
    ):
        score_table(truth, found.sel(element=["S_K"]))
    with pytest.raises(SkxrfError, match=r"^the maps have 15 x 17 pixels, the reference 15 x 18: "):
        score_table(truth, truth[:, 1:])


def test_a_constant_reference_has_no_slope(tiny_paintings):
    truth = tiny_paintings[1]["icon"].copy()
    truth[..., 0] = 5.0
    table = score_table(truth, truth + 1)
    assert table.loc["Fe_K", ["ssim", "slope", "correlation"]].isna().all()
    assert table.loc["Fe_K", "rmse"] == pytest.approx(1)
    nothing = score_table(truth, truth.where(truth["element"] == "Pb_L"))
    assert nothing.loc["Fe_K", "n_pixels"] == 0
    assert nothing.drop(columns="n_pixels").loc["Fe_K"].isna().all()


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
