"""Formulas as MathML, which browsers draw themselves: pages need no script and no network."""

from docutils import nodes
from latex2mathml.converter import convert

__all__ = ["setup"]


def _inline(translator, node):
    translator.body.append(convert(node.astext(), display="inline"))
    raise nodes.SkipNode


def _block(translator, node):
    formula = convert(node.astext(), display="block")
    translator.body.append(f'<div class="math notranslate nohighlight">{formula}</div>')
    raise nodes.SkipNode


def setup(app):
    """Register with Sphinx, as ``html_math_renderer = "mathml"``."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True}
