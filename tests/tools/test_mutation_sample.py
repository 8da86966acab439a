"""Sample of mutants and its score."""

import json
import runpy
from pathlib import Path

SCRIPT = runpy.run_path(str(Path(__file__).parents[2] / "tools" / "mutation_sample.py"))


def test_a_sample_is_of_every_package_and_repeats():
    names = [
        f"skxrf.{package}._a.x_f__mutmut_{i}" for package in ("io", "samples") for i in range(9)
    ]
    drawn = SCRIPT["draw"](names, 4, 3)
    assert [name.split(".")[1] for name in drawn] == ["io"] * 4 + ["samples"] * 4
    assert len(set(drawn)) == 8
    assert SCRIPT["draw"](names[::-1], 4, 3) == drawn
    assert sorted(SCRIPT["draw"](names, 20, 3)) == sorted(names)


def test_score_of_statuses_that_mutmut_has_written(tmp_path):
    (tmp_path / "io").mkdir()
    for path, statuses in [
        ("io/a.meta", {"skxrf.io.a": 1, "skxrf.io.b": 0, "skxrf.io.c": 36}),
        ("b.meta", {"skxrf.samples.d": 33, "skxrf.samples.e": None}),
    ]:
        (tmp_path / path).write_text(json.dumps({"exit_code_by_key": statuses}))
    assert SCRIPT["score"](SCRIPT["results"](tmp_path)) == [
        *("skxrf.samples.d: 33", "skxrf.samples.e: None", "skxrf.io.b: 0"),
        "samples: 0 of 2 found, 0.0 %",
        "io: 2 of 3 found, 66.7 %",
        "all: 2 of 5 found, 40.0 %",
    ]


def test_survivors_are_tried_with_all_tests_of_their_package(tmp_path):
    (tmp_path / "pyproject.toml").write_text(
        '[tool.mutmut]\npytest_add_cli_args = ["-p", "no:cacheprovider"]\n'
    )
    (tmp_path / "tests" / "io").mkdir(parents=True)
    (tmp_path / "tests" / "io" / "test_a.py").write_text(
        "import os\ndef test():\n    assert os.environ['MUTANT_UNDER_TEST'] != 'skxrf.io.b'\n"
    )
    (tmp_path / "a.meta").write_text(
        json.dumps({"exit_code_by_key": {"skxrf.io.a": 0, "skxrf.io.b": 0}, "other": 1})
    )
    assert SCRIPT["retry"](tmp_path, "skxrf.io.b") == 1
    assert SCRIPT["retry"](tmp_path, "skxrf.io.a") == 0
    assert SCRIPT["results"](tmp_path) == {"skxrf.io.a": 0, "skxrf.io.b": 1}
