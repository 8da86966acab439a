"""The command ``skxrf``: a thin shell over the API.

Exit status 0, or 2 with one line that says what is wrong and what to do, or 130 after Ctrl-C.
Each command imports what it needs itself, so that ``skxrf --help`` answers at once.
"""

from __future__ import annotations

import shlex
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import click

import skxrf

__all__ = ["cli", "main"]

# Pixels whose sum spectrum calibrates a template fit.
_CALIBRATION_PIXELS = 50_000
_FILE = click.Path(path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(skxrf.__version__, prog_name="skxrf")
def cli() -> None:
    """Element maps from X-ray fluorescence spectra."""


def _cube_options(command: Any) -> Any:
    """Give a command the options that tell how a file is read."""
    for option in (
        click.option("--dataset", metavar="NAME", help="Dataset of the cube within its file."),
        click.option(
            "--energy",
            metavar="AXIS",
            help="Energy axis: a dataset's name, or OFFSET,GAIN in keV and keV per channel.",
        ),
        click.option(
            "--axes",
            metavar="ORDER",
            help="Order of the stored axes, such as energy,y,x, where the file does not say.",
        ),
    ):
        command = option(command)
    return command


@cli.command()
@click.argument("cube", type=_FILE)
@_cube_options
def info(cube: Path, dataset: str | None, energy: str | None, axes: str | None) -> None:
    """Say what is in the file CUBE: shape, energy axis, counts, dead pixels."""
    from skxrf._summary import summarize_cube
    from skxrf.io import open_cube

    opened = open_cube(cube, dataset=dataset, energy=_energy(energy), axes=_axes(axes))
    for name, value in summarize_cube(opened).items():
        click.echo(f"{name + ':':<14} {value}")


@cli.command()
@click.argument("cube", type=_FILE)
@click.option(
    "-o", "--output", type=_FILE, required=True, help="File for the maps: .nc, .h5, .dat or .csv."
)
@click.option(
    "--elements", metavar="NAMES", help="Line groups, such as Ca_K,Fe_K,Pb_L; default: those found."
)
@click.option(
    "--anode", metavar="SYMBOL", help="Anode of the tube, such as Rh: fits its scattered lines too."
)
@_cube_options
def fit(
    cube: Path,
    output: Path,
    elements: str | None,
    anode: str | None,
    dataset: str | None,
    energy: str | None,
    axes: str | None,
) -> None:
    """Fit line templates to the cube in the file CUBE and write the element maps.

    The maps come with their standard errors.
    """
    from skxrf.inference import predict_maps
    from skxrf.io import open_cube, save_maps
    from skxrf.linear_model import TemplateFitRegressor
    from skxrf.samples import to_samples

    _check_maps_path(output)
    opened = open_cube(cube, dataset=dataset, energy=_energy(energy), axes=_axes(axes))
    axis = opened["energy"].to_numpy()
    model = TemplateFitRegressor(_names(elements), energy=axis, anode=anode)
    _say("refining the model on the sum spectrum")
    # The sum of some pixels calibrates as well as that of all, and fits into memory.
    step = max(1, round((opened.sizes["y"] * opened.sizes["x"] / _CALIBRATION_PIXELS) ** 0.5))
    model.fit(to_samples(opened[::step, ::step]).values)
    _say(f"fitting {', '.join(model.line_groups_)}")
    maps = predict_maps(model, opened, return_std=True, progress=True)
    save_maps(maps, output)
    click.echo(f"Element maps: {output}")


@cli.command()
@click.option(
    "-o",
    "--output",
    type=_FILE,
    required=True,
    help="Folder for report.html, maps.nc and scores.csv.",
)
@click.option("--cube", type=_FILE, help="Spectral cube; without, small paintings are simulated.")
@click.option(
    "--maps",
    type=_FILE,
    help="Reference maps of the cube's pixels; without, a template fit makes them.",
)
@click.option(
    "--elements", metavar="NAMES", help="Line groups to map, such as Ca_K,Fe_K,Pb_L; default: all."
)
@click.option(
    "--methods", metavar="NAMES", help="Methods to compare, such as CNN,Ridge; default: all."
)
@click.option(
    "--folds",
    type=click.IntRange(2),
    default=5,
    show_default=True,
    help="Parts K; each is held out once.",
)
@click.option(
    "--budget",
    type=click.FloatRange(0, min_open=True),
    default=8.0,
    show_default=True,
    help="Training time for each fit of a network [s]. The published ones need hours to converge.",
)
@click.option(
    "--max-samples",
    type=click.IntRange(1),
    default=50_000,
    show_default=True,
    help="Largest number of spectra that a fit may see.",
)
@click.option(
    "--random-state",
    type=click.IntRange(0, 2**32 - 1000),
    default=0,
    show_default=True,
    help="Seed.",
)
@click.option(
    "--shape",
    type=(click.IntRange(8), click.IntRange(8)),
    metavar="ROWS COLUMNS",
    help="Size of each simulated painting.",
)
@click.option("--quiet", is_flag=True, help="Show no progress.")
@_cube_options
def reproduce(
    output: Path,
    cube: Path | None,
    maps: Path | None,
    elements: str | None,
    methods: str | None,
    folds: int,
    budget: float,
    max_samples: int,
    random_state: int,
    shape: tuple[int, int] | None,
    quiet: bool,
    dataset: str | None,
    energy: str | None,
    axes: str | None,
) -> None:
    """Repeat the paper's experiment and write an HTML report.

    Networks and classical regressors are cross-validated: each predicts the parts of a scan (or
    the paintings) that it was not trained on, and is scored against the reference maps.
    """
    from skxrf.report import output_folder, write_report
    from skxrf.reproduction import reproduce as run

    # The folder first, so that a long run does not end at one that cannot be written to.
    with output_folder(output) as folder:
        result = run(
            cube=cube,
            maps=maps,
            elements=_names(elements),
            methods=_names(methods),
            n_folds=folds,
            budget=budget,
            max_samples=max_samples,
            random_state=random_state,
            shape=shape,
            dataset=dataset,
            energy=_energy(energy),
            axes=_axes(axes),
            progress=not quiet,
            command=shlex.join(["skxrf", *sys.argv[1:]]),
        )
        write_report(result, folder)
    scores = result.table("ssim")["mean"].round(3)
    click.echo(f"mean SSIM of the held-out maps, {result.data.reference_name} as reference:")
    for name, score in scores.items():
        click.echo(f"  {name:<22} {score:.3f}")
    click.echo(f"Report: {output / 'report.html'}")


@cli.command()
@click.option("-o", "--output", type=_FILE, required=True, help="File for the cube: .h5 or .hdf5.")
@click.option(
    "--palette",
    default="icon_test",
    show_default=True,
    help="What it is painted with; a wrong name lists them.",
)
@click.option(
    "--step", type=click.FloatRange(0, min_open=True), help="Step of the scan [mm].  [default: 1]"
)
@click.option(
    "--shape",
    type=(click.IntRange(1), click.IntRange(1)),
    metavar="ROWS COLUMNS",
    help="Size in pixels instead of the painting's own.",
)
@click.option(
    "--mean-counts",
    type=click.FloatRange(0, min_open=True),
    default=5000.0,
    show_default=True,
    help="Mean counts per pixel.",
)
@click.option(
    "--count-rate",
    type=click.FloatRange(0),
    default=0.0,
    show_default=True,
    help="Photons per second, which makes pile-up.",
)
@click.option("--energy", metavar="OFFSET,GAIN", help="Energy axis [keV, keV per channel].")
@click.option("--channels", type=click.IntRange(64), help="Number of channels.  [default: 4096]")
@click.option("--elements", metavar="NAMES", help="Line groups of the true maps.")
@click.option("--random-state", type=click.IntRange(0, 2**31), default=0, show_default=True)
@click.option("--quiet", is_flag=True, help="Show no progress.")
def simulate(
    output: Path,
    palette: str,
    step: float | None,
    shape: tuple[int, int] | None,
    mean_counts: float,
    count_rate: float,
    energy: str | None,
    channels: int | None,
    elements: str | None,
    random_state: int,
    quiet: bool,
) -> None:
    """Simulate the scan of a painting, with its true maps beside it.

    The cube goes to OUTPUT, the true net intensities to OUTPUT with the ending .truth.nc.

    Example: skxrf simulate -o icon.h5 --palette icon_1 --step 2
    """
    import numpy as np

    from skxrf.io import save_maps, write_blocks
    from skxrf.simulation import DEFAULT_LINE_GROUPS, Instrument, painting_scan
    from skxrf.utils.progress import ProgressReport

    scanner = Instrument.m6_jetstream()
    axis = _energy(energy)
    if isinstance(axis, str):
        raise click.UsageError(f"--energy {axis}: expected OFFSET,GAIN in keV.")
    offset, gain = axis or (scanner.energy_offset, scanner.energy_gain)
    scan = painting_scan(
        palette,
        shape=shape,
        pixel_size=step,
        elements=_names(elements) or DEFAULT_LINE_GROUPS,
        instrument=scanner.with_axis(offset, gain, channels or scanner.n_channels),
        mean_counts=mean_counts,
        count_rate=count_rate,
        random_state=random_state,
    )
    truth = np.empty((*scan.plan.shape, len(scan.renderer.groups)), np.float32)

    def blocks() -> Iterator[tuple[slice, Any]]:
        n_pixels = scan.plan.shape[0] * scan.plan.shape[1]
        with ProgressReport(n_pixels, "simulating", enabled=not quiet) as progress:
            for rows, counts, intensities in scan.blocks(n_jobs=2):
                truth[rows] = intensities
                yield rows, counts
                progress.advance(counts.shape[0] * counts.shape[1])

    write_blocks(
        output,
        blocks(),
        shape=(*scan.plan.shape, scan.instrument.n_channels),
        dtype=np.uint16,
        energy=scan.instrument.energy,
        positions={"y": scan.plan.y, "x": scan.plan.x},
        attrs=scan.provenance,
    )
    true_maps = output.with_suffix(".truth.nc")
    save_maps(scan.label_maps(truth), true_maps)
    click.echo(f"Cube: {output}\nTrue maps: {true_maps}")


def main() -> NoReturn:
    """Run the command; the entry point of the package."""
    # A job that is told to end removes what it has half written, as with Ctrl-C.
    signal.signal(signal.SIGTERM, _end)
    try:
        cli.main(prog_name="skxrf", standalone_mode=False)
    except click.exceptions.Exit as exit_:
        sys.exit(exit_.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        click.echo("skxrf: interrupted, nothing was written.", err=True)
        sys.exit(130)
    except OSError as error:
        # Raised by the system or by the library: only the former needs its file named.
        _fail(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    except ValueError as error:
        from skxrf.exceptions import SkxrfError
        from skxrf.utils._sklearn import InvalidParameterError

        if not isinstance(error, SkxrfError | InvalidParameterError):
            raise
        _fail(str(error))
    sys.exit(0)


def _fail(message: str) -> NoReturn:
    message = " ".join(message.split())
    # The library speaks of its arguments; here they are options.
    options = [f"--{name}" for name in ("dataset", "energy", "axes") if f" {name}=" in message]
    if options:
        message += f" (On the command line: {', '.join(options)}.)"
    click.echo(f"skxrf: {message}", err=True)
    sys.exit(2)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


def _say(text: str) -> None:
    click.echo(text, err=True)


def _names(text: str | None) -> list[str] | None:
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]


def _axes(text: str | None) -> tuple[str, ...] | None:
    names = _names(text)
    return None if names is None else tuple(names)


def _energy(text: str | None) -> str | tuple[float, float] | None:
    """Read OFFSET,GAIN; anything else is the name of a dataset."""
    if text is None:
        return None
    try:
        offset, gain = (float(part) for part in text.split(","))
    except ValueError:
        return text
    return offset, gain


def _check_maps_path(output: Path) -> None:
    """Refuse what save_maps would refuse, before the work is done and not after it."""
    from skxrf.exceptions import FileFormatError

    known = (".nc", ".h5", ".dat", ".csv")
    if output.suffix.lower() not in known:
        raise FileFormatError(f"cannot write maps as {output}: name it {', '.join(known)}.")
    if not output.absolute().parent.is_dir():
        raise FileNotFoundError(
            f"cannot write {output}: there is no folder {output.absolute().parent}. Make it first."
        )
