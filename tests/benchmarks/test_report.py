"""Pages made from the result tables."""

import dataclasses

import pandas as pd
from click.testing import CliRunner

from benchmarks import report as report_module
from benchmarks.report import report
from benchmarks.rivals import Budget
from benchmarks.run import run

QUICK = Budget(1.0, quick=True)


def tables(folder):
    return pd.read_csv(folder / "runs.csv"), pd.read_csv(folder / "scores.csv")


def test_report_shows_the_means_over_folds(tiny, tmp_path, counted):
    learns_nothing = dataclasses.replace(counted, name="pymca_snip", learns=False)
    run([tiny], [counted, learns_nothing], QUICK, tmp_path)
    pages = report(tmp_path)
    assert [page.name for page in pages] == ["summary.md", "tiny.md"]
    text = (tmp_path / "tiny.md").read_text()
    scores = tables(tmp_path)[1]
    mine = scores[(scores["estimator"] == "counted") & (scores["reference"] == "truth")]
    mean = mine.groupby("element")["ssim"].mean()
    assert f"| counted | **{mean['Ca_K']:.3f}** | **{mean['Fe_K']:.3f}**" in text
    assert f"| pymca_snip | {mean['Ca_K']:.3f} |" in text
    folds = mine.groupby("fold")["ssim"].mean()
    assert f"{folds.mean():.3f} ± {folds.std():.3f} |" in text
    assert "## Against: twice" in text
    assert "Quick runs" in text
    assert f"{folds.mean():.3f}" in (tmp_path / "summary.md").read_text()


def test_report_leaves_out_a_fold_that_was_stopped_halfway(tiny, tmp_path, counted):
    run([tiny], [counted], QUICK, tmp_path)
    runs, scores = tables(tmp_path)
    runs.head(1).to_csv(tmp_path / "runs.csv", index=False)
    report(tmp_path)
    text = (tmp_path / "tiny.md").read_text()
    one = scores[(scores["fold"] == 0) & (scores["reference"] == "truth")]["ssim"].mean()
    assert f"| {one:.3f} |" in text
    assert "±" not in text


def test_report_without_tables_says_what_to_do(tmp_path):
    done = CliRunner().invoke(report_module.main, [str(tmp_path)])
    assert done.exit_code == 1
    assert "run python -m benchmarks run first" in done.output


def test_report_says_which_rows_are_of_which_revision(tiny, tmp_path, counted):
    run([tiny], [counted], QUICK, tmp_path)
    runs = tables(tmp_path)[0].assign(revision=["0123456789", "abcdef0123-changed"])
    runs.to_csv(tmp_path / "runs.csv", index=False)
    report(tmp_path)
    text = (tmp_path / "tiny.md").read_text()
    assert "| 0123456789, abcdef0123-changed |" in text
    assert "The rows are of several revisions" in text
