"""Code in pages and in the gallery: it compiles, what it imports is there, options exist."""

import ast
import importlib
import re
import shlex
from pathlib import Path

import pytest

from skxrf.cli._main import cli

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES += sorted((ROOT / "docs" / "user_guide").glob("*.md"))
EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.py"))
# Only where it is installed; the examples that use it say so.
OPTIONAL = {"PyMca5"}


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def blocks(page, language):
    """The code blocks of a page in one language."""
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def missing_imports(tree):
    """What a piece of code imports and is not there."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                importlib.import_module(alias.name)
        elif isinstance(node, ast.ImportFrom) and node.module.split(".")[0] not in OPTIONAL:
            module = importlib.import_module(node.module)
            for alias in node.names:
                if not hasattr(module, alias.name):
                    try:
                        importlib.import_module(f"{node.module}.{alias.name}")
                    except ImportError:
                        yield f"{node.module}.{alias.name}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_python_of_a_page_compiles_and_imports_what_is_there(page):
    for block in blocks(page, "python"):
        assert not list(missing_imports(ast.parse(block, str(page))))


@pytest.mark.parametrize("example", EXAMPLES, ids=name_of)
def test_example_compiles_and_imports_what_is_there(example):
    tree = ast.parse(example.read_text(encoding="utf-8"), str(example))
    assert not list(missing_imports(tree))
    title, line = ast.get_docstring(tree).splitlines()[:2]
    assert title
    assert line == "=" * len(title)


@pytest.mark.parametrize(
    "recipe", sorted((ROOT / "docs" / "examples").glob("plot_recipe_*.py")), ids=name_of
)
def test_a_recipe_is_short(recipe):
    tree = ast.parse(recipe.read_text(encoding="utf-8"))
    lines, others = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt):
            text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            kind = others if text or isinstance(node, ast.Import | ast.ImportFrom) else lines
            kind.update(range(node.lineno, node.end_lineno + 1))
    assert len(lines - others) < 30


def command_lines(page):
    """The calls of skxrf that a page shows, without prompt and comment."""
    for language in ("console", "sh", "powershell", "bash"):
        for block in blocks(page, language):
            for line in block.replace("\\\n", " ").splitlines():
                words = shlex.split(line.removeprefix("$ "), comments=True)
                if words[:1] == ["skxrf"]:
                    yield words[1:]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_command_lines_of_a_page_are_understood(page):
    for words in command_lines(page):
        if words == ["--version"] or words[-1] in ("-h", "--help"):
            continue
        command = cli.get_command(None, words[0])
        assert command is not None, words
        command.make_context(words[0], words[1:])


def test_gallery_has_all_its_parts():
    from runpy import run_path

    order = run_path(str(ROOT / "docs" / "_extensions" / "gallery_order.py"))
    assert set(order["ORDER"]) <= {example.name for example in EXAMPLES}
    key = order["GalleryOrder"]("examples")
    assert sorted(["zz.py", *reversed(order["ORDER"])], key=key) == [*order["ORDER"], "zz.py"]


def test_the_tools_of_this_file_find_what_is_missing(tmp_path):
    assert list(missing_imports(ast.parse("from skxrf.io import open_cube, opened_cube"))) == [
        "skxrf.io.opened_cube"
    ]
    page = tmp_path / "page.md"
    page.write_text("```console\n$ skxrf fit a.h5 \\\n  -o b.nc  # maps\n```\n", encoding="utf-8")
    assert list(command_lines(page)) == [["fit", "a.h5", "-o", "b.nc"]]
