"""``skxrf train``: a model from scans and their reference maps."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Any, Literal

import click

from ._options import (
    FILE,
    check_output,
    cube_options,
    elements_option,
    examples,
    force_option,
    is_quiet,
    names,
    open_with,
    opened_maps,
    quiet_option,
    reading_options,
    say,
)


@click.command(
    epilog=examples("""\
Examples:
  skxrf fit scan.h5 -o fit.nc
  skxrf train scan.h5 --maps fit.nc -o my.skxrf
  skxrf train a.h5 b.h5 --maps a.dat --maps b.dat -o ab.skxrf --max-time 600
  skxrf train scan.h5 --maps fit.nc -o ridge.skxrf --network ridge --elements Fe_K,Pb_L
"""),
    short_help="Train a model on scans with reference maps.",
)
@click.argument("cubes", metavar="CUBE...", type=FILE, nargs=-1, required=True)
@click.option(
    "--maps",
    type=FILE,
    multiple=True,
    required=True,
    help="Reference maps, one --maps for each CUBE, in the same order.",
)
@click.option("-o", "--output", type=FILE, required=True, help="File for the model.")
@click.option(
    "--network",
    type=click.Choice(["cnn", "mlp", "ridge"]),
    default="cnn",
    show_default=True,
    help="Convolutional network, dense network, or a ridge regression.",
)
@elements_option
@click.option(
    "--max-samples",
    type=click.IntRange(20),
    default=100_000,
    show_default=True,
    help="Most pixels to draw, from all scans together.",
)
@click.option(
    "--max-time",
    type=click.FloatRange(0, min_open=True),
    help="Budget of a network's training [s]; it also ends after 30 epochs.",
)
@click.option(
    "--random-state", type=click.IntRange(0, 2**31), default=0, show_default=True, help="Seed."
)
@force_option
@quiet_option
@cube_options
@reading_options
def train(
    cubes: tuple[Path, ...],
    maps: tuple[Path, ...],
    output: Path,
    network: Literal["cnn", "mlp", "ridge"],
    elements: str | None,
    max_samples: int,
    max_time: float | None,
    random_state: int,
    force: bool,
    **options: Any,
) -> None:
    """Train a model on the scans in the files CUBE... and their reference maps.

    The maps may come from PyMca (.dat, .csv) or from skxrf fit; pixels with a missing value are
    left out. The file of the model is safe to share: opening it runs no code from it.

    The scores at the end are of pixels that were kept back from the same scans. How a model does
    on another painting they do not tell: try it there, and compare with skxrf evaluate.
    """
    if len(cubes) != len(maps):
        raise click.UsageError(
            f"{len(cubes)} cubes and {len(maps)} --maps: give one for each, in the same order."
        )
    check_output(output, [*cubes, *maps], force=force)
    # A word at once: what follows loads libraries for seconds.
    say(f"opening {', '.join(map(str, cubes))}")
    from skxrf.persistence import save_model

    from ._pipeline_training import train_on_scans

    scans = {}
    for cube_path, maps_path in zip(cubes, maps, strict=True):
        reference = opened_maps(maps_path)["intensity"]
        scans[f"{cube_path} ({maps_path})"] = (open_with(cube_path, options), reference)
    say(f"training on {', '.join(map(str, cubes))}")
    # The output of the networks is progress.
    with contextlib.redirect_stdout(sys.stderr):
        trained = train_on_scans(
            scans,
            network=network,
            elements=names(elements),
            max_samples=max_samples,
            max_time=max_time,
            random_state=random_state,
            verbose=not is_quiet(),
        )
    save_model(trained.estimator, output)
    click.echo(
        f"trained on {trained.n_samples:,} spectra in {trained.seconds:.1f} s; R2 on pixels that "
        "were kept back:"
    )
    for name, score in trained.scores.items():
        click.echo(f"  {name:<8} {score:6.3f}")
    click.echo(f"Model: {output}")
