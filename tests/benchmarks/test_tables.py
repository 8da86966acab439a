"""Result tables: resumed, replaced in place, stamped with the code that made them."""

import re

import pandas as pd
import pytest

from benchmarks import tables
from benchmarks.accuracy.methods import METHODS, rivals
from benchmarks.tables import RESULTS, ResultTable, markdown, provenance, write_rows

# Made before rows said so; their next run does, and takes them off this list: the published networks,
# which are trained for 20 minutes each.
UNSTAMPED = {"accuracy_learning_curves.csv"}
UNSTAMPED_METHODS = {"published cnn", "published cnn plus", "published mlp", "published mlp plus"}


@pytest.fixture
def table(tmp_path):
    return ResultTable(tmp_path / "new" / "results.csv", ["method", "counts"])


def rows(*values):
    return pd.DataFrame({"element": ["Fe_K", "Pb_L"][: len(values)], "rmse": values})


def test_rows_are_added_and_replaced_in_place(table):
    assert table.done() == set()
    table.put(["fit", 500.0], rows(1.0, 2.0))
    table.put(["network", 500.0], rows(3.0))
    table.put(["fit", 500.0], rows(5.0, 6.0))
    assert table.done() == {("fit", 500.0), ("network", 500.0)}
    assert table.read()["rmse"].tolist() == [5, 6, 3]
    assert list(table.read())[:2] == ["method", "counts"]


def test_rows_of_older_code_need_no_provenance(table):
    table.path.parent.mkdir()
    table.path.write_text("method,counts,element,rmse\nold,500.0,Fe_K,7\n")
    table.put(["fit", 500.0], rows(1.0))
    assert table.read()["revision"].isna().tolist() == [True, False]


def test_each_new_row_says_which_code_made_it(table, tmp_path):
    table.put(["fit", 500.0], rows(1.0, 2.0))
    write_rows(tmp_path / "other.csv", [{"a": 1}, {"a": 2, "b": 3}])
    for path in (table.path, tmp_path / "other.csv"):
        found = pd.read_csv(path)
        assert found["revision"].str.fullmatch(r"[0-9a-f]{10}(-changed)?|unknown").all()
        assert found["versions"].str.contains("numpy ").all()


@pytest.mark.parametrize("path", sorted(RESULTS.glob("*.csv")), ids=lambda path: path.name)
def test_each_table_says_which_code_made_it(path):
    rows = pd.read_csv(path)
    if path.name in UNSTAMPED:
        assert "revision" not in rows
        return
    unknown = rows[rows[["revision", "versions"]].isna().any(axis=1)]
    assert set(unknown.get("method", unknown.index)) <= UNSTAMPED_METHODS


def test_rows_are_of_methods_that_there_are():
    known = {one.name for one in [*METHODS, *rivals(1.0)]} | {"shipped, wrong axis"}
    assert set(pd.read_csv(RESULTS / "accuracy.csv")["method"]) == known


def test_a_changed_tree_is_marked(monkeypatch):
    provenance.cache_clear()
    monkeypatch.setattr(tables, "git_revision", lambda folder, paths: "0123456789-changed")
    assert provenance()["revision"] == "0123456789-changed"
    provenance.cache_clear()
    monkeypatch.setattr(tables, "git_revision", lambda folder, paths: None)
    assert provenance()["revision"] == "unknown"
    provenance.cache_clear()


def test_markdown_escapes_the_sign_between_cells():
    lines = markdown(["", "|z|"], [["a", "1"]]).splitlines()
    assert lines == [r"|  | \|z\| |", "| --- | --- |", "| a | 1 |"]
    assert not re.search("None", lines[0])
