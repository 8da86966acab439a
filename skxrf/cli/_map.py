"""``skxrf map``: element maps of a cube by a model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ._options import (
    FILE,
    check_output,
    cube_options,
    elements_option,
    examples,
    names,
    open_with,
    say,
    write_json,
)

if TYPE_CHECKING:
    from skxrf.inference import MapsRun

__all__ = ["check_maps_output", "map_", "tell"]

_EXAMPLES = """\
Examples:
  skxrf map scan.h5 -o maps.nc
  skxrf map scan.h5 -o maps.nc --model my.skxrf --elements Ca_K,Fe_K,Pb_L
  skxrf map scan.h5 -o maps.nc --energy -0.96,0.01    a file without energy axis
  skxrf map scan.h5 -o maps.csv --std --json          for a script
"""


@click.command("map", epilog=examples(_EXAMPLES), short_help="Element maps by a trained model.")
@click.argument("cube", type=FILE)
@click.option(
    "-o", "--output", type=FILE, required=True, help="File for the maps: .nc, .h5, .dat or .csv."
)
@click.option(
    "--model",
    type=FILE,
    help="A model from skxrf train or save_model; default: the one that comes with skxrf.",
)
@elements_option
@click.option("--std", is_flag=True, help="Standard errors too, where the model gives them.")
@click.option("--restart", is_flag=True, help="Begin anew where an earlier run was interrupted.")
@click.option("--json", "as_json", is_flag=True, help="Say what was done as JSON.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
@cube_options
def map_(
    cube: Path,
    output: Path,
    model: Path | None,
    elements: str | None,
    std: bool,
    restart: bool,
    as_json: bool,
    quiet: bool,
    **options: str | None,
) -> None:
    """Predict the element maps of the cube in the file CUBE with a trained model.

    Cubes of any size: they are read block by block, and finished blocks are kept in OUTPUT.partial
    until all are done. After Ctrl-C, a crash or a power cut the same command goes on from there.
    """
    from skxrf.inference import predict_maps_to_file

    check_maps_output(output, [cube, *([] if model is None else [model])])
    opened = open_with(cube, options)
    estimator = _load(model)
    run = predict_maps_to_file(
        estimator,
        opened,
        output,
        elements=names(elements),
        return_std=std,
        progress=not quiet,
        restart=restart,
    )
    if not quiet:
        # Those in the maps; what of them the painting holds is for run.estimator to say.
        say(f"line groups: {', '.join(run.line_groups)}")
    tell(run, output, as_json)


def check_maps_output(output: Path, inputs: Sequence[Path]) -> None:
    """Refuse a file that the maps could not be written to, of the inputs or of no known format."""
    from skxrf.io import PartialMaps

    check_output(output, inputs)
    partial = PartialMaps(output)
    partial.check()
    check_output(partial.path, inputs)


def tell(run: MapsRun, output: Path, as_json: bool) -> None:
    """Say what a run wrote."""
    if as_json:
        write_json(
            {
                "maps": output,
                "line_groups": run.line_groups,
                "rows": run.shape[0],
                "columns": run.shape[1],
                "pixels_from_earlier_run": run.n_resumed,
                "spectra_per_second": round(run.per_second, 1),
            }
        )
        return
    click.echo(f"Element maps: {output}")


def _load(path: Path | None) -> Any:
    if path is not None:
        from skxrf.persistence import load_model

        return load_model(path)
    import importlib

    try:
        pretrained = importlib.import_module("skxrf.pretrained")
    except ModuleNotFoundError as error:
        raise click.UsageError(
            "this installation has no model of its own: name one with --model, or fit the cube "
            "with skxrf fit."
        ) from error
    return pretrained.load_pretrained()
