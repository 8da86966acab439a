r"""What reads well in a docstring and would be markup in reStructuredText.

A shape such as ``(n_features_in_,)`` ends like a hyperlink, ``|z|`` is written like a substitution.
"""

import re

__all__ = ["escape_shapes", "setup"]

_SHAPE = re.compile(r"(?<=shape )\([^()]*\)")
_TRAILING_UNDERSCORE = re.compile(r"(?<=\w)_(?=[,)\s])")
_SUBSTITUTIONS = r"""
.. |z| replace:: \|z\|
"""


def escape_shapes(lines):
    r"""Escape trailing underscores within shapes, ``(n_features_in_,)``, in place."""
    for number, line in enumerate(lines):
        lines[number] = _SHAPE.sub(
            lambda shape: _TRAILING_UNDERSCORE.sub(r"\\_", shape.group()), line
        )


def _process(app, what, name, obj, options, lines):
    escape_shapes(lines)


def _define(app, config):
    config.rst_epilog = (config.rst_epilog or "") + _SUBSTITUTIONS


def setup(app):
    """Register with Sphinx, after numpydoc has made its sections."""
    app.connect("autodoc-process-docstring", _process, priority=900)
    app.connect("config-inited", _define)
    return {"parallel_read_safe": True}
