"""The report within a notebook, and small maps for its outputs."""

from __future__ import annotations

import base64
import html
import io
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skxrf.plotting._axes import map_extent
from skxrf.plotting._color_table import color_table
from skxrf.utils.html import label

from ._map_planes import color_limits, map_arrays
from ._map_report import write_map_report


class PageFrame:
    """Report page that a notebook shows in a frame.

    `height`: height of the frame [CSS pixels].
    """

    def __init__(self, page: str, height: int) -> None:
        self.page = page
        self.height = height

    def _repr_html_(self) -> str:
        # The page is part of the output: it needs no server and stays in a saved notebook.
        return (
            f'<iframe srcdoc="{html.escape(self.page)}" title="Element maps and their spectra" '
            f'style="width: 100%; height: {self.height}px; border: 1px solid #888"></iframe>'
        )

    def __repr__(self) -> str:
        return f"<report page of {len(self.page) / 1e6:.1f} MB, shown by notebooks>"


def explore_maps(
    maps: xr.DataArray | xr.Dataset,
    cube: xr.DataArray | None = None,
    *,
    height: int = 760,
    max_bytes: int = 10_000_000,
    **options: Any,
) -> Any:
    """Show element maps and their spectra in a notebook: Jupyter, VS Code or Colab.

    Parameters
    ----------
    maps : DataArray of dims (y, x, element), or Dataset
        Intensities [counts], and perhaps their standard errors.
    cube : DataArray of dims (y, x, energy), optional
        The counts that the maps were made from.
    height : int
        Height of the frame [CSS pixels].
    max_bytes : int
        Size of the page, which a saved notebook contains: spectra are summed to stay below it.
    **options : dict
        Further arguments of :func:`write_map_report`, such as ``fit=`` and ``reference=``.

    Returns
    -------
    object
        A notebook shows it as the page of :func:`write_map_report`.

    Examples
    --------
    >>> from skxrf.datasets import make_painting
    >>> from skxrf.report import explore_maps
    >>> cube, maps = make_painting((12, 16), random_state=0)
    >>> explore_maps(maps, cube)._repr_html_()[:16]
    '<iframe srcdoc="'
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / "maps.html"
        write_map_report(maps, path, cube=cube, max_bytes=max_bytes, **options)
        return PageFrame(path.read_text(encoding="utf-8"), height)


def small_maps(maps: xr.DataArray | xr.Dataset, *, width: int = 150) -> str:
    """Small maps with their ranges as HTML.

    `maps` (y, x, element): intensities [counts]. `width`: width of a map [CSS pixels].
    """
    array = map_arrays(maps, "maps")["intensity"]
    extent = map_extent(array)
    height = max(round(width * min(max(extent.aspect, 0.05), 3.0)), 8)
    figures = []
    for k, name in enumerate(array["element"].to_numpy()):
        plane = array[..., k].to_numpy()
        low, high = color_limits(plane)["most"]
        text = html.escape(label(name))
        figures.append(
            f'<figure style="margin: 0; width: {width}px"><img alt="Map of {text}" '
            f'src="data:image/png;base64,{_png(plane, low, high)}" style="width: {width}px; '
            f'height: {height}px; image-rendering: pixelated"><figcaption><b>{text}</b> '
            f"{low:.3g} to {high:.3g} counts</figcaption></figure>"
        )
    size = f"{array.sizes['y']:,} × {array.sizes['x']:,} pixels"
    return (
        f"<div>{len(figures)} element maps, {size}</div>"
        f'<div style="display: flex; flex-wrap: wrap; gap: 8px; font-size: 0.8em">'
        f"{''.join(figures)}</div>"
    )


def _png(plane: NDArray[Any], low: float, high: float) -> str:
    """Base64 of a picture, of at most about 300 pixels to a side."""
    from PIL import Image

    step = -(-max(plane.shape) // 300)
    shares = (plane[::step, ::step].astype(np.float64) - low) / (high - low)
    colors = color_table()[np.clip(np.nan_to_num(shares) * 256, 0, 255).astype(np.uint8)]
    # Gray where nothing is known.
    colors[~np.isfinite(shares)] = 207
    buffer = io.BytesIO()
    Image.fromarray(colors).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode("ascii")
