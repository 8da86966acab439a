"""Two commits compared."""

import subprocess

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from benchmarks import compare
from benchmarks.compare import ratios, summary


def frame(rmse, revision="a"):
    return pd.DataFrame(
        {
            "method": ["fit", "fit", "network"],
            "counts": [500.0, 5000.0, 500.0],
            "rmse": rmse,
            "revision": revision,
        }
    )


def test_rows_are_paired_by_name_and_as_many_numbers_as_it_takes():
    after = frame([2.0, 2.0, 3.0], "b").iloc[::-1]
    found = ratios(frame([1.0, 2.0, 3.0]), after)
    assert list(found) == ["rmse"]
    assert found["rmse"].to_dict() == {
        ("fit", 500.0): 2.0,
        ("fit", 5000.0): 1.0,
        ("network", 500.0): 1.0,
    }


def test_rows_of_one_side_only_and_zeros_have_no_ratio():
    found = ratios(frame([0.0, 2.0, 3.0]), frame([1.0, 3.0, 3.0]).iloc[:2])
    assert np.isnan(found["rmse"].iloc[0])
    assert found["rmse"].iloc[1:].tolist() == [1.5]


def test_summary_has_a_line_for_each_column_of_each_table(tmp_path):
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder, scale in zip(folders, (1, 2), strict=True):
        folder.mkdir()
        frame([1.0 * scale, 2.0, 3.0 / scale]).to_csv(folder / "accuracy.csv", index=False)
    (folders[0] / "other.csv").write_text("a,b\n1,2\n")
    table = summary(folders)
    assert table.to_dict("list") == {
        "table": ["accuracy.csv"],
        "column": ["rmse"],
        "rows": [3],
        "lowest": [0.5],
        "median": [1.0],
        "highest": [2.0],
    }


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project of two commits whose only benchmark writes one number."""
    root = tmp_path / "project"
    (root / "benchmarks").mkdir(parents=True)
    (root / "benchmarks" / "__init__.py").touch()

    def git(*arguments):
        identity = ["-c", "user.name=A", "-c", "user.email=a@b.example"]
        subprocess.run(["git", "-C", str(root), *identity, *arguments], check=True)

    git("init", "-q")
    for tag, value in (("first", 2.0), ("second", 3.0)):
        (root / "benchmarks" / "__main__.py").write_text(
            "import os, sys, pathlib\n"
            "assert sys.argv[1:] == ['accuracy', '-m', 'fit']\n"
            "folder = pathlib.Path(os.environ['SKXRF_BENCHMARK_RESULTS'])\n"
            f"(folder / 'accuracy.csv').write_text('method,rmse\\nfit,{value}\\n')\n"
        )
        git("add", ".")
        git("commit", "-qm", tag)
        git("tag", tag)
    monkeypatch.setattr(compare, "ROOT", root)
    return root


def test_one_command_compares_two_commits(project, tmp_path):
    path = tmp_path / "table.md"
    arguments = ["--save", str(path), "first", "second", "accuracy", "-m", "fit"]
    done = CliRunner().invoke(compare.main, arguments)
    assert done.exit_code == 0, done.output
    assert "| accuracy.csv | rmse | 1 | 1.500 | 1.500 | 1.500 |" in done.output
    assert path.read_text().strip() in done.output
    listed = subprocess.run(
        ["git", "-C", str(project), "worktree", "list"], capture_output=True, text=True, check=True
    )
    assert len(listed.stdout.splitlines()) == 1


def test_an_unknown_commit_is_refused(project):
    done = CliRunner().invoke(compare.main, ["first", "third", "accuracy", "-m", "fit"])
    assert done.exit_code == 1
    assert "git knows no 'third'" in done.output
