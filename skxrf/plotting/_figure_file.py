"""Figures of maps in files, for papers and slides: PNG, PDF, SVG or TIFF, without a screen."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl

from skxrf.exceptions import SkxrfError
from skxrf.utils.files import whole_file

SUFFIXES = (".png", ".pdf", ".svg", ".tif", ".tiff", ".jpg", ".jpeg")


def save_figure(
    draw: Callable[[], Any], path: str | os.PathLike[str], *, dpi: float = 300.0
) -> None:
    """Draw a Display and save its figure; the file appears whole or not at all.

    `draw`: draws and returns the Display. `path`: the file; its suffix chooses the format. `dpi`:
    pixels per inch; of vector formats, for the maps in them.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise SkxrfError(f"cannot draw {path}: name it {', '.join(SUFFIXES)}.")
    import matplotlib.pyplot as plt

    with _without_screen():
        figure = draw().figure_
        try:
            with whole_file(path) as partial:
                figure.savefig(partial, format=suffix[1:], dpi=dpi, bbox_inches="tight")
        finally:
            plt.close(figure)


@contextmanager
def _without_screen() -> Iterator[None]:
    """Draw without windows, and with text that stays text in PDF and SVG."""
    import matplotlib.pyplot as plt

    before = mpl.get_backend()
    plt.switch_backend("agg")
    try:
        with mpl.rc_context({"pdf.fonttype": 42, "svg.fonttype": "none"}):
            yield
    finally:
        plt.switch_backend(before)
