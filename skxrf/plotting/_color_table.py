"""Color map as an array, for pictures that are not drawn by matplotlib."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray


def color_table(cmap: str = "inferno", n_colors: int = 256) -> NDArray[np.uint8]:
    """Colors of a color map, from the least to the largest value.

    Returns (n_colors, 3), uint8: red, green and blue.

    Examples
    --------
    >>> from skxrf.plotting._color_table import color_table
    >>> color_table("gray", 3).tolist()
    [[0, 0, 0], [127, 127, 127], [255, 255, 255]]
    """
    colors = mpl.colormaps[cmap].resampled(n_colors)(np.arange(n_colors), bytes=True)
    return np.asarray(colors[:, :3], dtype=np.uint8)
