"""``skxrf map``: element maps of a cube by a model."""

from __future__ import annotations

import shlex
import sys
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
    holds_errors,
    names,
    open_with,
    output_option,
    reading_options,
    run_options,
    say,
    shape_option,
    write_json,
)
from ._tube import anode_of, tube_options, voltage_of

if TYPE_CHECKING:
    import xarray as xr

    from skxrf.inference._to_file import MapsRun

__all__ = ["check_maps_output", "map_", "tell", "write_report"]


@click.command(
    "map",
    epilog=examples("""\
Examples:
  skxrf map scan.h5 -o maps.nc --report maps.html
  skxrf map scan.h5 -o maps.nc --model my.skxrf --elements Ca_K,Fe_K,Pb_L
  skxrf map scan.h5 -o maps.nc --energy -0.96,0.01    a file without energy axis
  skxrf map scan.h5 -o maps.csv --std --json          for a script
"""),
    short_help="Element maps by a trained model.",
)
@click.argument("cube", type=FILE)
@output_option
@click.option(
    "--model",
    type=FILE,
    help="A model from skxrf train or save_model; default: the one that comes with skxrf.",
)
@elements_option
@tube_options
@click.option("--std", is_flag=True, help="Standard errors too, where the model gives them.")
@run_options
@cube_options
@reading_options
@shape_option
def map_(
    cube: Path,
    output: Path,
    model: Path | None,
    elements: str | None,
    anode: str | None,
    voltage: float | None,
    std: bool,
    report: Path | None,
    restart: bool,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Predict the element maps of the cube in the file CUBE with a trained model.

    Without --model by the one that comes with skxrf: it needs no element list and no exact energy
    calibration, gives standard errors, and lists the line groups that are present.

    Cubes of any size: they are read block by block, and finished blocks are kept in OUTPUT.partial
    until all are done. After Ctrl-C, a crash or a power cut the same command goes on from there.
    """
    from skxrf.inference import predict_maps_to_file

    inputs = [cube, *([] if model is None else [model])]
    check_maps_output(output, inputs, names(elements))
    if report is not None:
        check_output(report, [*inputs, output])
        if output.suffix.lower() == ".png":
            raise click.UsageError("--report reads the maps again, which a .png does not keep.")
    opened = open_with(cube, options)
    estimator = _load(model)
    adapts = {"anode", "tube_voltage"} <= getattr(estimator, "get_params", dict)().keys()
    if adapts and not hasattr(estimator, "energy_"):
        estimator.set_params(
            anode=anode_of(opened, anode),
            tube_voltage=voltage if voltage is not None else voltage_of(opened),
        )
    elif anode is not None or voltage is not None:
        raise click.UsageError(
            "--anode and --voltage are of models that adapt to a painting, which this one does not."
        )
    run = predict_maps_to_file(
        estimator,
        opened,
        output,
        elements=names(elements),
        return_std=std or (model is None and holds_errors(output, quiet)),
        progress=not quiet,
        restart=restart,
    )
    found = _found(run, output)
    unfamiliar = _unfamiliar(run.estimator)
    if not quiet:
        say(f"line groups: {', '.join(run.line_groups)}")
        if found is not None:
            say(f"present: {', '.join(found) or 'no line group'}")
        for reason in unfamiliar or []:
            say(f"outside the training range: {reason}")
    if report is not None:
        write_report(opened, output, report, run.estimator, found)
    tell(run, output, as_json, found, report, unfamiliar)


def _found(run: MapsRun, output: Path) -> list[str] | None:
    """Find the line groups that the maps show, where the model can tell and the file has errors."""
    import xarray as xr

    from skxrf.inference.protocol import BoundModel
    from skxrf.io import open_maps

    if not isinstance(run.estimator, BoundModel) or output.suffix.lower() == ".png":
        return None
    maps = open_maps(output)
    return run.estimator.detected_in(maps) if isinstance(maps, xr.Dataset) else None


def _unfamiliar(estimator: Any) -> list[str] | None:
    """List reasons why the model may do worse on this painting, where it can tell."""
    from skxrf.inference.protocol import BoundModel

    return estimator.unfamiliar_ if isinstance(estimator, BoundModel) else None


def write_report(
    cube: xr.DataArray,
    output: Path,
    report: Path,
    estimator: Any,
    found: Sequence[str] | None = None,
) -> None:
    """Write the report of finished maps, with fitted spectra where the estimator has them.

    Line groups that were found in the painting come first.
    """
    from skxrf.io import open_maps
    from skxrf.report import write_map_report

    maps = open_maps(output)
    facts = {"command": " ".join(["skxrf", *map(shlex.quote, sys.argv[1:])])}
    if unfamiliar := _unfamiliar(estimator):
        facts = {"outside the training range": "; ".join(unfamiliar)} | facts
    if found is not None:
        rest = [str(name) for name in maps["element"].to_numpy() if name not in found]
        maps = maps.sel(element=[*found, *rest])
        facts = {
            "present": ", ".join(found) or "none",
            "not seen": ", ".join(rest),
        } | facts
    write_map_report(
        maps,
        report,
        cube=cube,
        detected=found,
        fit=estimator if _has_fit(estimator, cube) else None,
        provenance=facts,
    )


def _has_fit(estimator: Any, cube: xr.DataArray) -> bool:
    """Tell whether an estimator fits the spectra of a cube in the cube's own channels."""
    from skxrf.inference.protocol import BoundModel, SpectrumComponents
    from skxrf.utils.energy import axes_agree

    if isinstance(estimator, BoundModel):
        return True
    if not isinstance(estimator, SpectrumComponents):
        return False
    # A template fit from a file may be of another axis: its maps are of rebinned spectra.
    energy = cube["energy"].to_numpy() if "energy" in cube.coords else estimator.energy_
    return bool(axes_agree(energy, estimator.energy_))


def check_maps_output(
    output: Path, inputs: Sequence[Path], elements: Sequence[str] | None = None
) -> None:
    """Refuse a file that the maps could not be written to, of the inputs or of no known format."""
    from skxrf.exceptions import FileFormatError
    from skxrf.inference._store import PartialMaps

    if output.suffix.lower() == ".png" and (elements is None or len(elements) != 1):
        raise FileFormatError(
            f"cannot write {output}: one picture shows one map. Choose it, such as --elements Fe_K, "
            "or name an output for all, such as maps.nc or maps.tif."
        )

    check_output(output, inputs)
    partial = PartialMaps(output)
    partial.check()
    check_output(partial.path, inputs)


def tell(
    run: MapsRun,
    output: Path,
    as_json: bool,
    found: list[str] | None = None,
    report: Path | None = None,
    unfamiliar: list[str] | None = None,
) -> None:
    """Print the files that a run wrote."""
    if as_json:
        write_json(
            {
                "maps": output,
                "report": report,
                "line_groups": run.line_groups,
                "found": found,
                "unfamiliar": unfamiliar,
                "rows": run.shape[0],
                "columns": run.shape[1],
                "pixels_from_earlier_run": run.n_resumed,
                "spectra_per_second": round(run.per_second, 1),
            }
        )
        return
    click.echo(f"Element maps: {output}")
    if report is not None:
        click.echo(f"Report: {report}")


def _load(path: Path | None) -> Any:
    if path is not None:
        from skxrf.persistence import load_model

        return load_model(path)
    from skxrf.pretrained import load_pretrained

    return load_pretrained()
