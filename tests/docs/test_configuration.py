"""The configuration of the documentation and its small extensions."""

import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from skxrf.neural_network import SpectrumCNNRegressor

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def extensions(monkeypatch):
    """The folder of the extensions on the path, as conf.py puts it there."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    return runpy.run_path(str(DOCS / "conf.py"))


def test_configuration_runs_and_needs_no_network(extensions):
    assert "sphinx.ext.intersphinx" not in extensions["extensions"]
    assert extensions["nitpicky"] is True
    for own in DOCS.joinpath("_extensions").glob("*.py"):
        assert own.stem in (*extensions["extensions"], "gallery_order")
    for name in extensions["html_css_files"]:
        assert (DOCS / "_static" / name).is_file()


def test_names_of_other_packages_have_an_address():
    address = runpy.run_path(str(DOCS / "_extensions" / "external_links.py"))["address"]
    assert address("xarray.DataArray").endswith("/generated/xarray.DataArray.html")
    assert address("skimage.metrics.structural_similarity").endswith(
        "/api/skimage.metrics.html#skimage.metrics.structural_similarity"
    )
    assert address("skxrf.io.open_cube") is None
    assert address("DataArray") is None


def test_shapes_are_escaped_and_nothing_else():
    escape = runpy.run_path(str(DOCS / "_extensions" / "docstring_text.py"))["escape_shapes"]
    lines = ["ndarray of shape (n_features_in_,)", "``energy_``, (a_, b)", "shape (n_samples, 2)"]
    escape(lines)
    assert lines == [r"ndarray of shape (n_features_in\_,)", *lines[1:]]


def test_what_is_laid_out_for_a_terminal_stays_as_it_is():
    show = runpy.run_path(str(DOCS / "_extensions" / "docstring_text.py"))["as_printed"]
    lines = ["| Examples:", "|   skxrf info a.h5 --json | jq .shape", ""]
    show(lines)
    assert lines[:2] == [".. code-block:: text", ""]
    assert lines[3] == "     skxrf info a.h5 --json | jq .shape"
    nothing = [""]
    show(nothing)
    assert nothing == [""]


def test_only_methods_of_the_library_are_shown():
    skip = runpy.run_path(str(DOCS / "_extensions" / "inherited_members.py"))["skip_foreign"]

    def skipped(name):
        member = getattr(SpectrumCNNRegressor, name)
        return skip(None, "class", name, member, False, {})

    assert skipped("fit") is None
    assert skipped("predict") is None
    assert skipped("get_params") is True
    assert skipped("score") is True
    assert skipped("set_score_request") is True


def test_formulas_become_mathml():
    pytest.importorskip("latex2mathml", reason="installed with the docs extra")
    pytest.importorskip("docutils", reason="installed with the docs extra")
    mathml = runpy.run_path(str(DOCS / "_extensions" / "mathml.py"))
    from docutils import nodes

    translator = SimpleNamespace(body=[])
    with pytest.raises(nodes.SkipNode):
        mathml["_block"](translator, nodes.math_block("", r"\sqrt{y + 1}"))
    assert "<msqrt>" in translator.body[0]
    assert 'display="block"' in translator.body[0]
