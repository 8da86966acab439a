"""Pictures of README and guide, all from simulated data."""

from __future__ import annotations

import importlib

import click

PICTURES = ("icon", "accuracy", "learning-curves", "calibration")


@click.command("pictures")
@click.argument("names", nargs=-1, type=click.Choice(PICTURES))
def main(names: tuple[str, ...]) -> None:
    """Draw pictures into docs/images: NAMES, by default all."""
    import matplotlib as mpl

    mpl.use("Agg")
    for name in names or PICTURES:
        importlib.import_module(f"benchmarks.pictures.{name.replace('-', '_')}").draw()
        click.echo(f"drew {name}")
