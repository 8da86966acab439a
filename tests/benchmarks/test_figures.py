"""README and guide show what the stored results contain."""

import re

import pandas as pd
import pytest

from benchmarks.figures import TABLES, marked_pages, refreshed
from benchmarks.report import report
from benchmarks.rivals import ENTRIES, Budget
from benchmarks.tables import RESULTS, ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", marked_pages(), ids=lambda page: page.name)
def test_pages_show_the_stored_results(page):
    text = page.read_text(encoding="utf-8")
    assert refreshed(text) == text, "run python -m benchmarks report --readme"


def test_each_table_is_on_a_page():
    found = [
        name
        for page in marked_pages()
        for name in re.findall(r"<!-- benchmarks: ([\w-]+) -->", page.read_text(encoding="utf-8"))
    ]
    assert sorted(found) == sorted(TABLES)


def test_pages_of_the_results_are_those_of_the_tables(tmp_path):
    for name in ("runs.csv", "scores.csv"):
        (tmp_path / name).write_bytes((RESULTS / name).read_bytes())
    for page in report(tmp_path):
        assert page.read_text() == (RESULTS / page.name).read_text(), (
            "run python -m benchmarks report"
        )


@pytest.mark.parametrize("problem", ["real_scan", "simulated_painting"])
def test_the_best_that_learns_is_in_the_readme(problem):
    scores = pd.read_csv(RESULTS / "scores.csv").query("problem == @problem")
    means = scores.groupby("estimator")["ssim"].mean()
    best = means[[name for name in means.index if ENTRIES[name].learns]].idxmax()
    title = ENTRIES[best].title
    table = TABLES[problem.replace("_", "-")](RESULTS)
    assert f"| {title}".lower() in table.lower()
    assert table in README


def test_tables_are_means_over_all_folds_that_were_run():
    scores = pd.read_csv(RESULTS / "scores.csv").query("problem == 'real_scan'")
    mine = scores.query("estimator == 'pls' and reference == 'PyMca' and element == 'Zn_K'")
    assert len(mine) == 3
    row = next(line for line in README.splitlines() if line.startswith("| PLS, tuned"))
    cell = row.split("|")[2 + ["Ca", "Ti", "Fe", "Cu", "Zn"].index("Zn")]
    assert cell.strip().endswith(f"({mine['ssim'].mean():.3f})".replace("(0", "("))


def test_default_budget_is_that_of_the_readme():
    said = re.search(r"`make benchmark`, (\d+) s of training", README)
    runs = pd.read_csv(RESULTS / "runs.csv")
    shown = runs["problem"].isin(["real_scan", "simulated_painting"])
    limited = runs["estimator"].str.startswith("published") | runs["estimator"].isin(["cnn", "mlp"])
    assert set(runs["budget_seconds"][shown & limited]) == {float(said[1])}
    assert Budget().seconds == float(said[1])


def test_a_table_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="no table 'nothing'"):
        refreshed("<!-- benchmarks: nothing -->\n\n<!-- end -->")
