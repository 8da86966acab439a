import dataclasses

import numpy as np
import pytest

from skxrf.reproduction.report._tables import Cell, cost_table, element_table, fold_table


def rows_of(table):
    return {row.name: row for row in table.rows}


def test_element_table_holds_the_scores_mean_first(simulated_result):
    table = element_table(simulated_result, "ssim", "reference")
    assert table.columns == ["mean", "K K", "Fe K", "Au L", "Hg L", "Pb L"]
    expected = simulated_result.table("ssim")
    for name, row in rows_of(table).items():
        assert [c.text for c in row.cells] == [f"{v:.2f}" for v in expected.loc[name]]


def test_mean_is_that_of_the_line_groups(simulated_result):
    scores = simulated_result.table("ssim")
    np.testing.assert_allclose(scores["mean"], scores[simulated_result.elements].mean(axis=1))


def test_best_of_a_column_is_a_rival_not_the_reference_itself(simulated_result):
    rows = rows_of(element_table(simulated_result, "ssim", "reference"))
    assert rows["Template fit"].aside
    assert not any(cell.best for cell in rows["Template fit"].cells)
    assert rows["CNN"].cells[0].best
    # Against the truth it competes like any other.
    truth = rows_of(element_table(simulated_result, "ssim", "truth"))
    assert not truth["Template fit"].aside
    assert truth["Template fit"].cells[0].best


def test_lower_is_better_for_errors(simulated_result):
    rows = rows_of(element_table(simulated_result, "rmse", "truth", decimals=1))
    values = simulated_result.table("rmse", "truth")["mean"]
    best = [name for name, row in rows.items() if row.cells[0].best]
    assert values.idxmin() in best
    assert "published CNN" not in best
    assert rows["Template fit"].cells[0].shade > rows["published CNN"].cells[0].shade


def test_groups_are_named_once_each(simulated_result):
    groups = [row.group for row in element_table(simulated_result, "ssim", "reference").rows]
    assert [bool(g) for g in groups] == [True, False, True, True, False]


def test_undefined_scores_are_dashes(simulated_result):
    scores = simulated_result.scores.copy()
    scores.loc[(scores["element"] == "K_K") & (scores["metric"] == "ssim"), "value"] = np.nan
    changed = dataclasses.replace(simulated_result, scores=scores)
    column = [row.cells[1] for row in element_table(changed, "ssim", "reference").rows]
    assert {cell.text for cell in column} == {"–"}
    assert not any(cell.style for cell in column)


def test_fold_table_gives_mean_spread_and_a_dot_for_each_fold(simulated_result):
    row = rows_of(fold_table(simulated_result))["Ridge"]
    values = next(m for m in simulated_result.methods if m.name == "Ridge").folds["ssim"]
    assert row.cells[0].text == f"{values.mean():.3f} ± {values.std(ddof=1):.3f}"
    np.testing.assert_allclose(row.cells[0].dots, values)


def test_costs(simulated_result):
    table = cost_table(simulated_result)
    rows = rows_of(table)
    cnn = dict(zip(table.columns, rows["published CNN"].cells, strict=True))
    method = next(m for m in simulated_result.methods if m.name == "published CNN")
    hours = 1500 / 30 * method.folds["fit_seconds"].mean() / 60
    assert cnn["1,500 epochs would take"].text == f"{hours:.0f} min"
    assert cnn["parameters"].text == "68,300"
    ridge = dict(zip(table.columns, rows["Ridge"].cells, strict=True))
    assert ridge["epochs"].text == "–"


def test_columns_that_no_method_fills_are_left_out(simulated_result):
    classical = [m for m in simulated_result.methods if m.kind == "classical"]
    table = cost_table(dataclasses.replace(simulated_result, methods=classical))
    assert table.columns == ["fit [s]", "spectra/s, predicting"]


@pytest.mark.parametrize(("shade", "lightness"), [(0.0, 98), (1.0, 68)])
def test_shade_is_a_background(shade, lightness):
    assert Cell("", shade).style.endswith(f"{lightness}%)")
    assert Cell("").style == ""
