"""Rivals: those of the experiment, tuned, PyMca's, and an outsider's."""

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from benchmarks import run as run_module
from benchmarks.rivals import ENTRIES, Budget, load_entries, task_of
from benchmarks.run import run
from benchmarks.tables import ROOT
from skxrf.reproduction._rivals import RIVALS

QUICK = Budget(1.0, quick=True)


def tables(folder):
    return pd.read_csv(folder / "runs.csv"), pd.read_csv(folder / "scores.csv")


@pytest.mark.parametrize("name", list(ENTRIES))
def test_every_estimator_runs_on_a_tiny_problem(tiny, name, tmp_path):
    failures = run([tiny], [ENTRIES[name]], QUICK, tmp_path, max_folds=1)
    assert failures == []
    runs, scores = tables(tmp_path)
    assert len(runs) == 1
    assert np.isfinite(scores["rmse"]).all()
    # A second is far too short for the published networks, and enough for all others.
    if not name.startswith("published"):
        truth = scores[scores["reference"] == "truth"]
        spread = tiny.load(True).labels.to_numpy(dtype=float).std(axis=0)
        assert (truth["rmse"].to_numpy() < spread).all()


@pytest.mark.parametrize("name", ["published_cnn_plus", "published_mlp_plus"])
def test_networks_with_templates_are_those_of_the_experiment(name, tiny):
    data = tiny.load(True)
    entry, rival = ENTRIES[name], RIVALS[name]
    here = entry.make(data, QUICK)
    there = rival.make(task_of(data, QUICK))
    np.testing.assert_array_equal(here.templates, there.templates)
    parameters = here.get_params() | {"templates": None}
    assert str(parameters) == str(there.get_params() | {"templates": None})


def test_an_outsider_adds_a_rival_in_a_file_of_twenty_lines(tmp_path):
    guide = (ROOT / "benchmarks" / "README.md").read_text()
    code = guide.split("```python\n")[1].split("```")[0]
    assert len(code.splitlines()) <= 20
    path = tmp_path / "extra_trees.py"
    path.write_text(code)
    (name,) = load_entries(path)
    command = ["-p", "simulated_painting", "-e", name, "--quick", "--rivals", str(path)]
    done = CliRunner().invoke(run_module.main, [*command, "-o", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert pd.read_csv(tmp_path / "runs.csv")["estimator"].tolist() == [name]


def test_files_without_rivals_and_names_that_are_taken_are_refused(tmp_path):
    path = tmp_path / "rivals.py"
    path.write_text("x = 1")
    with pytest.raises(ValueError, match="defines no RIVALS"):
        load_entries(path)
    path.write_text(
        "from benchmarks.rivals import Entry\n"
        "RIVALS = [Entry('ridge', 'Ridge.', lambda data, budget: None)]"
    )
    with pytest.raises(ValueError, match=r"ridge of .* is a rival already"):
        load_entries(path)
