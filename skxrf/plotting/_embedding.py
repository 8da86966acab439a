"""Pictures as bytes, for pages: drawn without pyplot, in one style, the same every time."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Literal

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure


def picture_bytes(
    draw: Callable[[Axes], object],
    width: float,
    height: float,
    *,
    kind: Literal["png", "svg"] = "png",
    dpi: float = 150.0,
) -> bytes:
    """Draw a picture into memory.

    `draw`: given the one Axes of an empty figure, draws; such as a Display's ``plot``. `width`,
    `height`: size of the figure [inch]. `kind` {"png", "svg"}: file format: maps as PNG, curves as
    SVG. `dpi`: pixels per inch of a PNG, and of maps within an SVG. Returns content of the file;
    the same picture gives the same bytes.

    Examples
    --------
    >>> from skxrf.plotting import SpectrumDisplay
    >>> from skxrf.plotting._embedding import picture_bytes
    >>> display = SpectrumDisplay((0.0, 0.1), {"sum": [1.0, 5.0, 2.0]})
    >>> picture_bytes(lambda ax: display.plot(ax=ax), 6, 3)[1:4]
    b'PNG'
    """
    buffer = io.BytesIO()
    # Letters as outlines: a page looks the same where a font is missing. The salt makes the names
    # within an SVG, which are drawn at random otherwise, the same in every run.
    with rc_context({"svg.fonttype": "path", "svg.hashsalt": "skxrf", "font.size": 10.0}):
        figure = Figure(figsize=(width, height), layout="constrained")
        draw(figure.subplots())
        metadata = {"Date": None} if kind == "svg" else None
        figure.savefig(buffer, format=kind, dpi=dpi, metadata=metadata)
    return buffer.getvalue()
