"""Every public name has its place in the API pages, and every name there is public."""

import importlib
import re
from pathlib import Path

import pytest

from skxrf.utils.discovery import public_modules

API = Path(__file__).parents[2] / "docs" / "api"
# The command line is documented by its own help; utils is for the library itself.
MODULES = [
    module
    for module in public_modules()
    if hasattr(module, "__all__") and not re.match(r"skxrf\.(utils|cli)\b", module.__name__)
]


def listed_names(page):
    """Names in the autosummaries of a page, and those that it describes itself."""
    text = page.read_text(encoding="utf-8")
    found = re.findall(r"^\.\. data:: (\w+)$", text, re.MULTILINE)
    for block in re.findall(r"^\.\. autosummary::\n((?:(?:   .*)?\n)+)", text, re.MULTILINE):
        found += re.findall(r"^   (\w+)$", block, re.MULTILINE)
    return found


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_page_lists_every_public_name(module):
    page = API / f"{module.__name__}.rst"
    assert page.is_file(), f"write docs/api/{page.name}, and its row in docs/api/index.md"
    listed = listed_names(page)
    assert len(set(listed)) == len(listed)
    missing = sorted({*module.__all__} - {*listed})
    assert not missing, f"add to an autosummary of docs/api/{page.name}: {', '.join(missing)}"
    assert all(hasattr(module, name) for name in listed)


@pytest.mark.parametrize("page", sorted(API.glob("skxrf.*.rst")), ids=lambda page: page.stem)
def test_page_is_of_a_module_and_in_the_index(page):
    assert importlib.import_module(page.stem).__doc__
    assert f"]({page.name})" in (API / "index.md").read_text(encoding="utf-8")


def test_listed_names_are_found(tmp_path):
    page = tmp_path / "page.rst"
    page.write_text(
        ".. autosummary::\n   :toctree: generated\n\n   one\n   two\n\nText.\n\n.. data:: THREE\n",
        encoding="utf-8",
    )
    assert listed_names(page) == ["THREE", "one", "two"]
