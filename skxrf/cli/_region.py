"""``skxrf region``: mean spectrum of a part of a scan, with fit and net areas."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ._options import (
    FILE,
    check_output,
    examples,
    force_option,
    names,
    open_with,
    quiet_option,
    say,
    scan_options,
    write_json,
)
from ._pixels import boxed, masked, read_mask
from ._tube import identified_fit, tube_options

if TYPE_CHECKING:
    import numpy as np
    import xarray as xr
    from numpy.typing import NDArray

    from skxrf.linear_model import TemplateFitRegressor


@click.command(
    epilog=examples("""\
Examples:
  skxrf region scan.h5 --box 10:30,40:60 -o red.csv
  skxrf region scan.h5 --mask red.tif -o red.msa --elements Hg,Pb,Ca
  skxrf region scan.h5 --box 12,40                   one pixel: row 12, column 40
"""),
    short_help="Mean spectrum of a part of a scan, with net areas.",
)
@click.argument("cube", type=FILE)
@click.option("--box", metavar="ROWS,COLUMNS", help="Rows and columns from 0, such as 10:30,40:60.")
@click.option(
    "--mask", type=FILE, help="Picture or map of the scan's size: pixels that are not 0 are taken."
)
@click.option(
    "-o", "--output", type=FILE, help="File for the spectrum: .csv with the fit, or .msa."
)
@click.option(
    "--elements", metavar="NAMES", help="Line groups, such as Ca,Fe_K,Pb_M; default: those found."
)
@tube_options
@force_option
@click.option("--json", "as_json", is_flag=True, help="Print areas and spectrum as JSON.")
@quiet_option
@scan_options
def region(
    cube: Path,
    box: str | None,
    mask: Path | None,
    output: Path | None,
    elements: str | None,
    anode: str | None,
    voltage: float | None,
    force: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Print the net areas of the mean spectrum of a part of the cube in the file CUBE.

    Counts are per pixel, as are the areas and their standard errors. The line groups are fitted
    to the sum of the spectra, as by skxrf fit. Dead pixels are left out.
    """
    if output is not None:
        check_output(output, [cube, *([mask] if mask else [])], (".csv", ".msa"), force=force)
    say(f"reading {cube}")
    opened = open_with(cube, options)
    spectrum = _summed(opened, box, mask, cube)
    say(f"fitting the sum of {spectrum.n_pixels:,} pixels")
    fit, _ = identified_fit(opened, spectrum.total[None], names(elements), anode, voltage)
    areas = {
        name: {
            "counts": fit.sum_spectrum_fit_.areas[name] / spectrum.n_pixels,
            "error": fit.sum_spectrum_fit_.errors[name] / spectrum.n_pixels,
        }
        for name in fit.line_groups_
    }
    if output is not None:
        _write(output, spectrum, fit)
    if as_json:
        said = {"pixels": spectrum.n_pixels, "spectrum": output, "elements": areas}
        write_json(said | _columns(spectrum, fit))
        return
    click.echo(
        f"{spectrum.n_pixels:,} pixel{'s' if spectrum.n_pixels > 1 else ''}, "
        f"{spectrum.counts.sum():,.1f} counts per pixel"
    )
    click.echo(f"{'line group':<18}{'area':>12}{'error':>10}   [counts per pixel]")
    for name, values in areas.items():
        click.echo(f"  {name:<16}{values['counts']:>12,.2f}{values['error']:>10,.2f}")
    if output is not None:
        click.echo(f"Spectrum: {output}")


@dataclass(frozen=True)
class _Region:
    """Sum of the spectra of some pixels."""

    energy: NDArray[np.float64]
    total: NDArray[np.float64]
    n_pixels: int
    live_time: float | None
    source: Path

    @property
    def counts(self) -> NDArray[np.float64]:
        """Mean spectrum [counts per channel and pixel]."""
        return self.total / self.n_pixels


def _summed(cube: xr.DataArray, box: str | None, mask: Path | None, source: Path) -> _Region:
    import numpy as np
    import xarray as xr

    from skxrf.exceptions import CountsError
    from skxrf.spectra import sum_dtype

    if mask is not None:
        cube = masked(cube, read_mask(mask, (cube.sizes["y"], cube.sizes["x"])))
    inside = boxed(cube, box, "--box")
    both = xr.Dataset(
        {
            "total": inside.sum(("y", "x"), dtype=sum_dtype(cube.dtype)),
            "alive": inside.any("energy"),
        }
    ).compute()
    alive = both["alive"].to_numpy()
    if not alive.any():
        raise CountsError("no pixel of the region has counts: choose another --box or --mask.")
    time = None
    if "live_time" in inside.coords:
        time = float(inside["live_time"].to_numpy()[alive].mean())
    energy, total = cube["energy"].to_numpy(), both["total"].to_numpy().astype(np.float64)
    return _Region(energy, total, int(alive.sum()), time, source)


def _columns(spectrum: _Region, fit: TemplateFitRegressor) -> dict[str, NDArray[Any]]:
    """Spectrum, its standard errors, and the fit in the channels that it covers, per pixel."""
    import numpy as np

    n = spectrum.n_pixels
    columns = {
        "energy_keV": spectrum.energy,
        "counts": spectrum.counts,
        "error": np.sqrt(spectrum.total) / n,
    }
    for name in ("model", "background"):
        values = np.full(spectrum.energy.size, np.nan)
        values[fit.fitted_channels_] = getattr(fit.sum_spectrum_fit_, name) / n
        columns["fit" if name == "model" else name] = values
    return columns


def _write(output: Path, spectrum: _Region, fit: TemplateFitRegressor) -> None:
    import pandas as pd

    from skxrf.utils.files import whole_file

    with whole_file(output) as partial:
        if output.suffix.lower() == ".csv":
            pd.DataFrame(_columns(spectrum, fit)).to_csv(partial, index=False, float_format="%.7g")
        else:
            partial.write_text(_msa(spectrum), encoding="ascii", errors="replace")


def _msa(spectrum: _Region) -> str:
    """Mean spectrum as EMSA/MAS text (ISO 22029), of one column."""
    import numpy as np

    energy = spectrum.energy
    steps = np.diff(energy)
    even = bool(np.ptp(steps) < 1e-3 * abs(steps.mean()))
    keys = {
        "FORMAT": "EMSA/MAS Spectral Data File",
        "VERSION": "1.0",
        "TITLE": f"{spectrum.source.name}, mean of {spectrum.n_pixels} pixels"[:64],
        "NPOINTS": str(energy.size),
        "NCOLUMNS": "1",
        "XUNITS": "keV",
        "YUNITS": "counts",
        "DATATYPE": "Y" if even else "XY",
        "XPERCHAN": f"{steps.mean():.9g}",
        "OFFSET": f"{energy[0]:.9g}",
        "SIGNALTYPE": "XRF",
    }
    if spectrum.live_time is not None:
        keys["LIVETIME"] = f"{spectrum.live_time:.9g}"
    lines = [f"#{key:<12}: {value}" for key, value in keys.items()]
    values = (f"{count:.7g}" for count in spectrum.counts)
    if not even:
        values = (f"{at:.9g}, {count}" for at, count in zip(energy, values, strict=True))
    return "\n".join([*lines, "#SPECTRUM    :", *values, "#ENDOFDATA   :", ""])
