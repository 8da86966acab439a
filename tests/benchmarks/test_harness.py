"""The benchmark harness on problems of a few hundred pixels."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from click.testing import CliRunner
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold

from benchmarks import report as report_module
from benchmarks import run as run_module
from benchmarks.estimators import ESTIMATORS, Budget, Entry
from benchmarks.problems import PROBLEMS, REAL_SCAN, Problem, ProblemData
from benchmarks.report import report
from benchmarks.run import KEYS, run
from benchmarks.scores import SCORES, score_elements
from skxrf.model_selection import block_groups
from skxrf.physics import DetectorResponse, line_group
from skxrf.samples import to_samples
from skxrf.utils.energy import bin_edges

QUICK = Budget(1.0, quick=True)


def load_tiny(quick):
    """Three line groups in waves over 20 x 20 pixels, each block with dark and bright ones."""
    y, x = np.mgrid[:20, :20]
    waves = [
        np.sin(0.9 * y) * np.cos(0.7 * x),
        np.cos(0.8 * y + 0.3 * x),
        np.sin(0.6 * y - 0.9 * x),
    ]
    elements = ["Ca_K", "Fe_K", "Pb_L"]
    maps = xr.DataArray(
        500 * (1.2 + np.stack(waves, axis=-1)),
        dims=("y", "x", "element"),
        coords={"element": elements},
    )
    energy = 0.1 * np.arange(256)
    detector, edges = DetectorResponse(), bin_edges(energy)
    lines = [line_group(name) for name in elements]
    peaks = np.stack([detector.peaks(g.energies, g.intensities, edges) for g in lines])
    continuum = 8 * np.exp(-energy / 8) * (energy > 1)
    counts = np.random.default_rng(0).poisson(maps.values @ peaks + continuum)
    truth = to_samples(maps)
    groups = block_groups(truth, n_blocks=3)
    return ProblemData(
        X=counts.reshape(400, 256).astype(np.float32),
        labels=truth,
        references={"truth": truth, "twice": 2 * truth},
        groups=groups,
        folds=list(GroupKFold(2).split(groups, groups=groups)),
        energy=energy,
        anode="Rh",
    )


TINY = Problem("tiny", "A tiny painting.", load_tiny)


class CountsFits(RegressorMixin, BaseEstimator):
    """Ridge that says in a file how often it was fitted."""

    def __init__(self, log=None):
        self.log = log

    def fit(self, X, y):
        with Path(self.log).open("a") as file:
            file.write("fit\n")
        self.model_ = Ridge(1e3).fit(X, y)
        return self

    def predict(self, X):
        return self.model_.predict(X)


class Fails(RegressorMixin, BaseEstimator):
    """Cannot be fitted."""

    def fit(self, X, y):
        raise ValueError("no idea")


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "fits.log"
    path.touch()
    return path


@pytest.fixture
def counted(log):
    return Entry("counted", "Ridge.", lambda data, budget: CountsFits(str(log)))


def tables(folder):
    return pd.read_csv(folder / "runs.csv"), pd.read_csv(folder / "scores.csv")


def test_each_fold_reference_and_line_group_has_a_row(tmp_path, counted):
    assert run([TINY], [counted], QUICK, tmp_path) == []
    runs, scores = tables(tmp_path)
    assert list(runs[KEYS].itertuples(index=False, name=None)) == [
        ("tiny", "counted", 0),
        ("tiny", "counted", 1),
    ]
    assert (runs["n_train"] + runs["n_test"] == 400).all()
    assert (runs["spectra_per_second"] > 0).all()
    assert runs["quick"].all()
    assert runs["versions"].str.contains("numpy").all()
    assert len(scores) == 2 * 2 * 3
    assert not scores.duplicated([*KEYS, "reference", "element"]).any()
    assert list(scores)[-5:] == list(SCORES)
    truth = scores[scores["reference"] == "truth"]
    assert (truth["correlation"] > 0.8).all()
    twice = scores[scores["reference"] == "twice"]
    np.testing.assert_allclose(twice["slope"], truth["slope"].to_numpy() / 2, rtol=1e-3)


def test_a_second_run_does_only_what_is_missing(tmp_path, counted, log, capsys):
    run([TINY], [counted], QUICK, tmp_path, max_folds=1)
    assert len(log.read_text().split()) == 1
    before = tables(tmp_path)[0]
    run([TINY], [counted], QUICK, tmp_path)
    assert len(log.read_text().split()) == 2
    pd.testing.assert_frame_equal(tables(tmp_path)[0].head(1), before)
    capsys.readouterr()
    # What is done is known without looking at the data.
    missing = dataclasses.replace(TINY, load=None, max_folds=2)
    run([missing], [counted], QUICK, tmp_path)
    assert "nothing left to do" in capsys.readouterr().out


def test_redo_replaces_the_rows(tmp_path, counted, log):
    run([TINY], [counted], QUICK, tmp_path)
    run([TINY], [counted], Budget(7.0, quick=True), tmp_path, max_folds=1, redo=True)
    runs, scores = tables(tmp_path)
    assert runs["budget_seconds"].tolist() == [7.0, 1.0]
    assert len(scores) == 12
    assert len(log.read_text().split()) == 3


def test_a_failure_is_told_and_the_others_run(tmp_path, counted):
    failing = Entry("failing", "Fails.", lambda data, budget: Fails())
    failures = run([TINY], [failing, counted], QUICK, tmp_path, max_folds=1)
    assert failures == ["tiny, failing, fold 0: no idea"]
    assert tables(tmp_path)[0]["estimator"].tolist() == ["counted"]


def test_an_estimator_may_run_fewer_folds(tmp_path, counted):
    run([TINY], [dataclasses.replace(counted, max_folds=1)], QUICK, tmp_path)
    assert tables(tmp_path)[0]["fold"].tolist() == [0]


def test_search_is_tuned_within_the_training_blocks(tmp_path):
    seen = []

    class Remembers(GroupKFold):
        def split(self, X, y=None, groups=None):
            seen.append(set(groups))
            return super().split(X, y, groups)

    entry = Entry(
        "searched",
        "Ridge.",
        lambda data, budget: GridSearchCV(Ridge(), {"alpha": [1e3, 1e12]}, cv=Remembers(3)),
    )
    run([TINY], [entry], QUICK, tmp_path, max_folds=1)
    data = load_tiny(True)
    assert seen == [set(data.groups[data.folds[0][0]])]
    assert json.loads(tables(tmp_path)[0]["tuned"][0]) == {"alpha": "1000.0"}


def test_a_problem_without_its_file_is_left_out(tmp_path, counted, capsys):
    absent = dataclasses.replace(TINY, needs=tmp_path / "scan.h5")
    assert run([absent], [counted], QUICK, tmp_path) == []
    assert "scan.h5 is not there" in capsys.readouterr().out
    assert not (tmp_path / "runs.csv").exists()


def test_nothing_half_written_is_left(tmp_path, counted, monkeypatch):
    run([TINY], [counted], QUICK, tmp_path, max_folds=1)
    before = (tmp_path / "scores.csv").read_text()

    def full_disk(self, path, **kwargs):
        Path(path).write_text("problem,est")
        raise OSError("no space left")

    monkeypatch.setattr(pd.DataFrame, "to_csv", full_disk)
    with pytest.raises(OSError, match="no space"):
        run([TINY], [counted], QUICK, tmp_path)
    assert (tmp_path / "scores.csv").read_text() == before


# Scores


def test_scores_of_a_perfect_and_of_a_wrong_prediction():
    truth = load_tiny(True).labels
    perfect = score_elements(truth, truth.to_numpy())
    assert perfect["element"].tolist() == ["Ca_K", "Fe_K", "Pb_L"]
    for column, value in zip(SCORES, (1, 1, 0, 1, 1), strict=True):
        np.testing.assert_allclose(perfect[column], value, atol=1e-9)
    wrong = score_elements(truth, 3 + 0.5 * truth.to_numpy())
    np.testing.assert_allclose(wrong["slope"], 0.5, rtol=1e-6)
    np.testing.assert_allclose(wrong["correlation"], 1, rtol=1e-6)
    expected = np.sqrt(((3 - 0.5 * truth.to_numpy(dtype=float)) ** 2).mean(axis=0))
    np.testing.assert_allclose(wrong["rmse"], expected, rtol=1e-6)


# Report


def test_report_shows_the_means_over_folds(tmp_path, counted):
    learns_nothing = dataclasses.replace(counted, name="pymca_snip", learns=False)
    run([TINY], [counted, learns_nothing], QUICK, tmp_path)
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


def test_report_leaves_out_a_fold_that_was_stopped_halfway(tmp_path, counted):
    run([TINY], [counted], QUICK, tmp_path)
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
    assert "run python -m benchmarks.run first" in done.output


# What is really run


@pytest.mark.parametrize("name", [n for n in PROBLEMS if n.startswith("simulated")])
def test_simulated_problems_hold_out_whole_groups(name):
    check_problem(PROBLEMS[name].load(True))


def test_real_scan_holds_out_whole_blocks():
    if not REAL_SCAN.exists():
        pytest.skip(f"the real scan is not there: {REAL_SCAN.name}")
    data = PROBLEMS["real_scan"].load(True)
    check_problem(data)
    agree = score_elements(data.references["template fit"], data.references["PyMca"].to_numpy())
    bright = agree.set_index("element").loc[["Ca_K", "Ti_K", "Fe_K", "Cu_K", "Pb_L"]]
    assert (bright["correlation"] > 0.97).all()


def check_problem(data):
    n = len(data.X)
    assert data.X.dtype == np.float32
    assert data.X.shape == (n, len(data.energy))
    assert len(data.labels) == len(data.groups) == n
    for reference in data.references.values():
        assert reference.index.equals(data.labels.index)
        assert list(reference) == list(data.labels)
    tested = np.concatenate([test for _, test in data.folds])
    assert sorted(tested) == list(range(n))
    for train, test in data.folds:
        assert not set(data.groups[train]) & set(data.groups[test])
        assert len(set(data.groups[train])) >= 3


@pytest.mark.parametrize("name", list(ESTIMATORS))
def test_every_estimator_runs_on_a_tiny_problem(name, tmp_path):
    failures = run([TINY], [ESTIMATORS[name]], QUICK, tmp_path, max_folds=1)
    assert failures == []
    runs, scores = tables(tmp_path)
    assert len(runs) == 1
    assert np.isfinite(scores["rmse"]).all()
    # A second is far too short for the published networks, and enough for all others.
    if not name.startswith("published"):
        truth = scores[scores["reference"] == "truth"]
        spread = load_tiny(True).labels.to_numpy(dtype=float).std(axis=0)
        assert (truth["rmse"].to_numpy() < spread).all()


def test_command_runs_from_the_project_root(tmp_path):
    command = [sys.executable, "-m", "benchmarks.run", "--quick", "-p", "simulated_painting"]
    root = Path(run_module.__file__).parents[1]
    done = subprocess.run(
        [*command, "-e", "pls", "-o", str(tmp_path)],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "spectra/s" in done.stdout
    assert (tmp_path / "runs.csv").exists()
    unknown = CliRunner().invoke(run_module.main, ["-e", "oracle"])
    assert unknown.exit_code == 2
    assert "'oracle' is not one of" in unknown.output
