"""The learning benchmark on a problem of a few hundred pixels."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold

from benchmarks import run as run_module
from benchmarks.rivals import Budget, Entry
from benchmarks.run import KEYS, run
from benchmarks.scores import SCORES

QUICK = Budget(1.0, quick=True)


def tables(folder):
    return pd.read_csv(folder / "runs.csv"), pd.read_csv(folder / "scores.csv")


class Fails(RegressorMixin, BaseEstimator):
    """Cannot be fitted."""

    def fit(self, X, y):
        raise ValueError("no idea")


def test_each_fold_reference_and_line_group_has_a_row(tiny, tmp_path, counted):
    assert run([tiny], [counted], QUICK, tmp_path) == []
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
    assert list(scores)[-7:] == [*SCORES, "revision", "versions"]
    truth = scores[scores["reference"] == "truth"]
    assert (truth["correlation"] > 0.8).all()
    twice = scores[scores["reference"] == "twice"]
    np.testing.assert_allclose(twice["slope"], truth["slope"].to_numpy() / 2, rtol=1e-3)


def test_a_second_run_does_only_what_is_missing(tiny, tmp_path, counted, log, capsys):
    run([tiny], [counted], QUICK, tmp_path, max_folds=1)
    assert len(log.read_text().split()) == 1
    before = tables(tmp_path)[0]
    run([tiny], [counted], QUICK, tmp_path)
    assert len(log.read_text().split()) == 2
    pd.testing.assert_frame_equal(tables(tmp_path)[0].head(1), before)
    capsys.readouterr()
    # What is done is known without looking at the data.
    missing = dataclasses.replace(tiny, load=None, max_folds=2)
    run([missing], [counted], QUICK, tmp_path)
    assert "nothing left to do" in capsys.readouterr().out


def test_redo_replaces_the_rows(tiny, tmp_path, counted, log):
    run([tiny], [counted], QUICK, tmp_path)
    run([tiny], [counted], Budget(7.0, quick=True), tmp_path, max_folds=1, redo=True)
    runs, scores = tables(tmp_path)
    assert runs["budget_seconds"].tolist() == [7.0, 1.0]
    assert len(scores) == 12
    assert len(log.read_text().split()) == 3


def test_a_failure_is_told_and_the_others_run(tiny, tmp_path, counted):
    failing = Entry("failing", "Fails.", lambda data, budget: Fails())
    failures = run([tiny], [failing, counted], QUICK, tmp_path, max_folds=1)
    assert failures == ["tiny, failing, fold 0: no idea"]
    assert tables(tmp_path)[0]["estimator"].tolist() == ["counted"]


def test_an_estimator_may_run_fewer_folds(tiny, tmp_path, counted):
    run([tiny], [dataclasses.replace(counted, max_folds=1)], QUICK, tmp_path)
    assert tables(tmp_path)[0]["fold"].tolist() == [0]


def test_search_is_tuned_within_the_training_blocks(tiny, tmp_path):
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
    run([tiny], [entry], QUICK, tmp_path, max_folds=1)
    data = tiny.load(True)
    assert seen == [set(data.groups[data.folds[0][0]])]
    assert json.loads(tables(tmp_path)[0]["tuned"][0]) == {"alpha": "1000.0"}


def test_a_problem_without_its_file_is_left_out(tiny, tmp_path, counted, capsys):
    absent = dataclasses.replace(tiny, needs=tmp_path / "scan.h5")
    assert run([absent], [counted], QUICK, tmp_path) == []
    assert "scan.h5 is not there" in capsys.readouterr().out
    assert not (tmp_path / "runs.csv").exists()


def test_nothing_half_written_is_left(tiny, tmp_path, counted, monkeypatch):
    run([tiny], [counted], QUICK, tmp_path, max_folds=1)
    before = (tmp_path / "scores.csv").read_text()

    def full_disk(self, path, **kwargs):
        Path(path).write_text("problem,est")
        raise OSError("no space left")

    monkeypatch.setattr(pd.DataFrame, "to_csv", full_disk)
    with pytest.raises(OSError, match="no space"):
        run([tiny], [counted], QUICK, tmp_path)
    assert (tmp_path / "scores.csv").read_text() == before


def test_command_runs_from_the_project_root(tmp_path):
    command = [sys.executable, "-m", "benchmarks", "run", "--quick", "-p", "simulated_painting"]
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
    assert "no 'oracle': there are" in unknown.output
