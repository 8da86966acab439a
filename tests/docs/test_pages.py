"""Links between pages lead somewhere, here and in a viewer of the repository."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [
        *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")),
        ROOT / "benchmarks" / "README.md",
        *(page for page in (ROOT / "docs").rglob("*.md") if "_build" not in page.parts),
    ]
)
FENCE = re.compile(r"^(`{3,}|~{3,}).*?^\1`*$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!`)!?\[(?:[^\]\[]|\[[^\]]*\])*\]\(([^()\s]+)\)")
HEADING = re.compile(r"^#{1,3} (.+)$", re.MULTILINE)
INCLUDE = re.compile(r"```\{include\} (\S+)")


def prose(text):
    """A page without its code."""
    return re.sub(r"`[^`\n]+`", "`code`", FENCE.sub("", text))


def anchors(page):
    """The anchors of a page's headings, as viewers of repositories and MyST make them."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    return {
        re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")
        for title in HEADING.findall(text)
    }


def source_of(target):
    """The file that a page is made from: those of the gallery are made from scripts."""
    if "auto_examples" not in target.parts:
        return target
    scripts = ROOT / "docs" / "examples"
    return scripts / ("GALLERY_HEADER.rst" if target.stem == "index" else f"{target.stem}.py")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page):
    text = page.read_text(encoding="utf-8")
    broken = []
    for link in [*LINK.findall(prose(text)), *INCLUDE.findall(text)]:
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        name, _, anchor = link.partition("#")
        target = source_of((page.parent / name).resolve()) if name else page
        if not target.is_file() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert not broken


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_places_in_the_code_that_a_page_names_exist(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    places = set(re.findall(r"`((?:skxrf|tests|benchmarks|docs)/[\w/.]+)`", text))
    assert places
    assert not {place for place in places if not (ROOT / place).exists()}


def test_guide_index_names_every_page():
    guide = ROOT / "docs" / "user_guide"
    listed = set(LINK.findall(prose((guide / "index.md").read_text(encoding="utf-8"))))
    pages = {page.name for page in guide.glob("*.md")} - {"index.md"}
    missing = pages - listed
    assert not missing, f"a row in docs/user_guide/index.md for {', '.join(sorted(missing))}"


def test_every_table_of_results_has_its_page():
    pages = (ROOT / "docs" / "benchmarks").glob("*.md")
    included = {
        Path(name).name for page in pages for name in INCLUDE.findall(page.read_text("utf-8"))
    }
    assert {table.name for table in (ROOT / "benchmarks" / "results").glob("*.md")} <= included


def test_the_tools_of_this_file_find_what_is_broken(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# Who's `who`?\n\n```\n[no](link.md)\n```\n[a](b.md#c) `[x](y)`\n", "utf-8")
    assert anchors(page) == {"whos-who"}
    assert LINK.findall(prose(page.read_text(encoding="utf-8"))) == ["b.md#c"]
