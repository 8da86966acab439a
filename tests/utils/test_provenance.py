import datetime
import platform
import subprocess

import numpy as np

import skxrf
from skxrf.utils.provenance import git_revision, machine, now, processor, versions


def test_versions_of_what_is_installed():
    found = versions(["numpy", "no-such-package"])

    assert found == {
        "skxrf": skxrf.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
    }


def test_a_revision_says_whether_the_tree_is_clean(tmp_path):
    def git(*arguments):
        identity = ("-c", "user.name=A", "-c", "user.email=a@example.org")
        subprocess.run(
            ["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True
        )

    git("init")
    (tmp_path / "code.py").write_text("1")
    git("add", ".")
    git("commit", "-m", "first")

    clean = git_revision(tmp_path)
    (tmp_path / "code.py").write_text("2")

    assert len(clean) == 10
    assert git_revision(tmp_path) == f"{clean}-changed"
    assert git_revision(tmp_path, ["*.txt"]) == clean


def test_no_revision_outside_a_working_tree_or_without_git(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert git_revision(tmp_path) is None
    monkeypatch.setenv("PATH", "")
    assert git_revision(tmp_path) is None


def test_the_machine_is_described_without_its_name():
    assert platform.machine() in machine()
    assert " cores" in machine()
    assert platform.node() not in machine()
    assert processor()


def test_the_date_tells_its_time_zone():
    then = datetime.datetime.fromisoformat(now())
    assert then.tzinfo is not None
    assert abs((datetime.datetime.now(datetime.UTC) - then).total_seconds()) < 60
