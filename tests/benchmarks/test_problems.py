import numpy as np
import pytest

from benchmarks import problems
from benchmarks.problems import PROBLEMS, REAL_SCAN
from benchmarks.scores import score_elements


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
    # Each spectrum is tested once; those of paintings that are only trained on, never.
    trained_on = [set(train) for train, _ in data.folds]
    assert len(set(tested)) == len(tested)
    assert {*range(n)} - {*tested} <= set.intersection(*trained_on)
    for train, test in data.folds:
        assert not set(data.groups[train]) & set(data.groups[test])
        assert len(set(data.groups[train])) >= 3


def test_descriptions_say_what_is_run(monkeypatch):
    class Asked(Exception):
        pass

    def make_painting(shape, **_):
        raise Asked(shape)

    monkeypatch.setattr(problems, "make_painting", make_painting)
    with pytest.raises(Asked, match=r"^\(60, 120\)$"):
        PROBLEMS["simulated_painting"].load(False)
    assert "60 x 120 pixels" in PROBLEMS["simulated_painting"].description
