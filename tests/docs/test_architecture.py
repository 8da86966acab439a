import runpy
from pathlib import Path

import pytest

import skxrf

DOCS = Path(__file__).parents[2] / "docs"
PACKAGE = Path(skxrf.__file__).parent


@pytest.fixture(scope="module")
def script():
    return runpy.run_path(str(DOCS / "_extensions" / "architecture.py"))


def test_every_public_room_is_in_the_picture(script):
    found = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    found |= {path.stem for path in PACKAGE.glob("[a-z]*.py")}
    # An alias of pretrained.training.
    assert found - {"pretraining"} == set(script["rooms"]()) - {"pretrained.training"}


def test_every_room_has_its_paragraph(script):
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    assert not [room for room in script["rooms"]() if f"**{room}**" not in text]


def test_imports_are_those_of_the_code(script):
    imports, lines = script["imports_of_rooms"]()
    assert "simulation" in imports["datasets"]
    assert "physics" in imports["simulation"]
    assert "datasets" not in imports["simulation"]
    assert all(lines[room] > 10 for room in script["rooms"]())


def test_implied_imports_are_left_out(script):
    assert script["direct"]({"a": set(), "b": {"a"}, "c": {"a", "b"}}) == {
        "a": set(),
        "b": {"a"},
        "c": {"b"},
    }


def test_the_picture_is_the_same_every_time(script, tmp_path):
    first, second = tmp_path / "a.svg", tmp_path / "b.svg"
    script["write_picture"](first)
    script["write_picture"](second)
    assert first.read_bytes() == second.read_bytes()
    assert b"<svg" in first.read_bytes()
