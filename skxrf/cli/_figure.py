"""``skxrf figure``: a picture of maps for a paper or a slide."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ._options import (
    FILE,
    check_output,
    examples,
    force_option,
    names,
    opened_maps,
    quiet_option,
    say,
)
from ._pixels import boxed, sized

if TYPE_CHECKING:
    import xarray as xr


@click.command(
    epilog=examples("""\
Examples:
  skxrf figure maps.nc -o maps.png                          a grid of all maps
  skxrf figure maps.nc -o fig1.pdf --elements Hg            one map
  skxrf figure maps.nc -o fig2.png --rgb Hg,Cu,Pb           red, green and blue
  skxrf figure maps.nc -o fig3.svg --ratio Hg,Pb            Hg over Pb
  skxrf figure maps.nc -o fig4.png --z reference.nc         where they differ
  skxrf figure maps.nc -o detail.png --crop 0:50,20:80 --pixel-size 0.5
"""),
    short_help="A picture of maps: one, a grid, RGB, a ratio, |z|.",
)
@click.argument("maps", type=FILE)
@click.option(
    "-o", "--output", type=FILE, required=True, help="Picture: .png, .pdf, .svg, .tif or .jpg."
)
@click.option(
    "--elements", metavar="NAMES", help="Maps to draw, such as Ca,Fe_K,Pb_M; default: all."
)
@click.option("--rgb", metavar="NAMES", help="One to three maps in red, green and blue.")
@click.option("--ratio", metavar="A,B", help="Map of A over B, where B is above three errors.")
@click.option("--z", "reference", type=FILE, help="Reference maps: draw |z|, in four colors.")
@click.option(
    "--percentiles",
    metavar="LOW,HIGH",
    default="1,99",
    show_default=True,
    help="Percentiles of a map that the colors span.",
)
@click.option("--columns", type=click.IntRange(1), default=4, show_default=True, help="Of a grid.")
@click.option(
    "--cmap",
    type=click.Choice(["inferno", "viridis", "magma", "cividis", "gray", "gray_r"]),
    default="inferno",
    show_default=True,
    help="Colors of the maps.",
)
@click.option(
    "--dpi",
    type=click.FloatRange(20, 2400),
    default=300.0,
    show_default=True,
    help="Pixels per inch.",
)
@click.option("--no-scale-bar", is_flag=True, help="Without scale bar.")
@click.option("--no-color-bar", is_flag=True, help="Without color bars, or key of the colors.")
@click.option("--crop", metavar="ROWS,COLUMNS", help="Part of the maps, such as 10:60,0:80.")
@click.option("--pixel-size", metavar="MM", help="Step of the scan [mm], or the steps in y and x.")
@force_option
@quiet_option
def figure(
    maps: Path, output: Path, crop: str | None, pixel_size: str | None, force: bool, **options: Any
) -> None:
    """Draw the element maps in the file MAPS for a paper or a slide.

    Without --rgb, --ratio or --z, each map stands on its own, with a color bar. Axes are in mm
    where the file states positions, or with --pixel-size.
    """
    kinds = [name for name in ("rgb", "ratio", "reference") if options[name] is not None]
    if len(kinds) > 1 or (kinds and options["elements"] is not None and kinds != ["reference"]):
        raise click.UsageError("--rgb, --ratio, --z and --elements are different pictures: choose.")
    inputs = [maps, *([options["reference"]] if options["reference"] else [])]
    check_output(output, inputs, force=force)
    say(f"drawing {maps}")
    from skxrf.plotting._figure_file import save_figure

    taken = boxed(sized(opened_maps(maps), pixel_size), crop)
    save_figure(lambda: _display(taken, options), output, dpi=options["dpi"])
    click.echo(f"Figure: {output}")


def _display(maps: xr.Dataset, options: dict[str, Any]) -> Any:
    from skxrf.plotting import CompositeMapDisplay, ElementMapDisplay, ZScoreMapDisplay

    span = _percentiles(options["percentiles"])
    scale_bar, bars = not options["no_scale_bar"], not options["no_color_bar"]
    columns = options["columns"]
    if options["rgb"] is not None:
        return CompositeMapDisplay.from_maps(
            maps["intensity"],
            elements=names(options["rgb"]),
            percentiles=span,
            scale_bar=scale_bar,
            key=bars,
        )
    if options["reference"] is not None:
        reference = opened_maps(options["reference"])["intensity"]
        shown = names(options["elements"])
        return ZScoreMapDisplay.from_maps(
            reference, maps["intensity"], elements=shown, n_columns=columns, key=bars
        )
    drawn: Any = maps
    if options["ratio"] is not None:
        drawn = _ratio(maps, names(options["ratio"]) or [])
    return ElementMapDisplay.from_maps(
        drawn,
        elements=names(options["elements"]),
        n_columns=columns,
        percentiles=span,
        cmap=options["cmap"],
        colorbar=bars,
        scale_bar=scale_bar,
    )


def _ratio(maps: xr.Dataset, wanted: list[str]) -> xr.DataArray:
    """Map of the first over the second; missing where the second is below three errors, or 0."""
    import numpy as np

    from skxrf.plotting._axes import select_elements

    if len(wanted) != 2:
        raise click.UsageError("--ratio takes two elements, such as Hg,Pb.")
    both = select_elements(maps["intensity"], wanted)
    above, below = both.isel(element=0), both.isel(element=1)
    least: Any = 0.0
    if "uncertainty" in maps:
        least = 3 * maps["uncertainty"].sel(element=below["element"])
    ratio = (above / below.where(below > least)).to_numpy()
    if not np.isfinite(ratio).any():
        raise click.UsageError(f"{wanted[1]} is above three standard errors nowhere.")
    name = " / ".join(str(name) for name in both["element"].to_numpy())
    one = both.isel(element=[0]).copy(data=ratio[..., None])
    return one.assign_coords(element=[name]).assign_attrs(units="")


def _percentiles(text: str) -> tuple[float, float]:
    try:
        low, high = (float(word) for word in text.split(","))
    except ValueError:
        low = high = -1.0
    if not 0 <= low < high <= 100:
        raise click.UsageError(f"--percentiles takes LOW,HIGH from 0 to 100, got {text!r}.")
    return low, high
