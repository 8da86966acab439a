r"""What reads well in a docstring or a terminal and would be markup in reStructuredText.

A shape such as ``(n_features_in_,)`` ends like a hyperlink, ``|z|`` is written like a substitution,
and what stands below the help of a command is laid out for a terminal.
"""

import re

__all__ = ["as_printed", "escape_shapes", "setup"]

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


def as_printed(lines):
    """Make a literal block of lines, some of which sphinx-click has marked with a bar, in place."""
    if any(lines):
        text = [line.removeprefix("| ") for line in lines]
        lines[:] = [".. code-block:: text", "", *(f"   {line}".rstrip() for line in text), ""]


def _process(app, what, name, obj, options, lines):
    escape_shapes(lines)


def _process_epilog(app, context, lines):
    as_printed(lines)


def _define(app, config):
    config.rst_epilog = (config.rst_epilog or "") + _SUBSTITUTIONS


def setup(app):
    """Register with Sphinx, after numpydoc has made its sections."""
    app.setup_extension("sphinx_click")
    app.connect("autodoc-process-docstring", _process, priority=900)
    app.connect("sphinx-click-process-epilog", _process_epilog)
    app.connect("config-inited", _define)
    return {"parallel_read_safe": True}
