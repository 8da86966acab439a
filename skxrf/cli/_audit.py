"""``skxrf audit``: errors of maps of a scan of one's own, without truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from ._options import (
    FILE,
    check_apart,
    check_output,
    command_line,
    examples,
    force_option,
    is_quiet,
    json_option,
    open_with,
    print_table,
    quiet_option,
    say,
    scan_options,
    write_json,
)

if TYPE_CHECKING:
    import xarray as xr

    from skxrf.audit import Audit

# Name of the shipped model among the methods.
_SHIPPED = "skxrf map"
# Files of maps that have room for standard errors.
_WITH_ERRORS = (".nc", ".h5", ".nxs", ".tif", ".tiff", ".csv", ".dat")


@click.command(
    epilog=examples("""\
The first columns are of the scan: mean intensity of each line group [counts], and the photon noise
of the best fit of single pixels, which is the least error without help of neighbors or paints.
Then the error of each method: root mean square over the pixels, with its own standard error.

Examples:
  skxrf audit scan.h5
  skxrf audit scan.h5 --maps pymca.h5 --report audit.html
  skxrf audit scan.h5 --model my.skxrf --precision 3 --dwell 0.04
  skxrf audit scan.h5 --corrected maps.nc
  skxrf audit scan.h5 --command "fit=skxrf fit {cube} -o {maps} --quiet"
"""),
    short_help="Errors of maps, without knowing the truth.",
)
@click.argument("cube", type=FILE)
@click.option(
    "--maps",
    type=FILE,
    multiple=True,
    help="Finished maps of the scan by any program; limits of their errors. May be repeated.",
)
@click.option("--model", type=FILE, multiple=True, help="A model to audit. May be repeated.")
@click.option(
    "--command",
    "commands",
    metavar="NAME=COMMAND",
    multiple=True,
    help="A program to audit; {cube} and {maps} stand for its files. May be repeated.",
)
@click.option(
    "--precision",
    type=click.FloatRange(0.01, 100),
    default=5.0,
    show_default=True,
    help="Relative error [%] for which the needed dwell is given.",
)
@click.option(
    "--dwell",
    type=click.FloatRange(0, min_open=True),
    help="Time per pixel [s], where the file does not state it.",
)
@click.option(
    "--pixels",
    type=click.IntRange(256),
    default=20_000,
    show_default=True,
    help="Pixels that are looked at, in tiles spread over the scan.",
)
@click.option("--report", type=FILE, help="HTML page of the audit.")
@click.option(
    "--corrected",
    type=FILE,
    help="Maps of the whole scan by the model that comes with skxrf, whose standard errors are "
    "multiplied by the factors of the audit.",
)
@force_option
@json_option
@quiet_option
@scan_options
def audit(
    cube: Path,
    maps: tuple[Path, ...],
    model: tuple[Path, ...],
    commands: tuple[str, ...],
    precision: float,
    dwell: float | None,
    pixels: int,
    report: Path | None,
    corrected: Path | None,
    force: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Estimate how wrong element maps of the cube in the file CUBE are, without knowing the truth.

    Each method makes maps of the counts with a tenth of them held out, several times, and is
    compared with what a linear fit finds in all of them and in those held out. The model that
    comes with skxrf is always among the methods.

    Counts must be as measured: where they do not scatter as Poisson counts, no errors are given.
    """
    inputs = [cube, *maps, *model]
    check_apart(report, corrected)
    if report is not None:
        check_output(report, inputs, (".html", ".htm"), force=force)
    if corrected is not None:
        check_output(corrected, inputs, _WITH_ERRORS, force=force)
    # A word at once: what follows loads libraries for a second.
    say(f"opening {cube}")
    from skxrf.audit import CommandMethod, audit_scan
    from skxrf.audit._finished_maps import maps_of_scan
    from skxrf.inference import bind
    from skxrf.io import open_maps
    from skxrf.persistence import load_model
    from skxrf.pretrained import load_pretrained

    finished = {path.name: open_maps(path) for path in maps}
    methods: dict[str, Any] = {path.name: load_model(path) for path in model}
    for text in commands:
        name, sign, command = text.partition("=")
        if not sign or not command:
            raise click.UsageError(
                "--command takes NAME=COMMAND, such as 'fit=skxrf fit {cube} -o {maps}', got "
                f"{text!r}."
            )
        methods[name] = CommandMethod(command)
    opened = open_with(cube, options)
    for name, found_maps in finished.items():
        maps_of_scan(found_maps, name, opened)  # before what takes long
    say("binding the shipped model to the scan")
    bound = bind(load_pretrained(), opened)
    found = audit_scan(
        opened,
        {_SHIPPED: bound, **methods},
        maps=finished,
        fit=bound.spectrum_fit(),
        max_pixels=pixels,
        precision=precision / 100,
        dwell=dwell,
        progress=not is_quiet(),
    )
    if corrected is not None:
        _write_corrected(found, bound, opened, corrected)
    if report is not None:
        from skxrf.report import write_audit_report

        facts = {"command": command_line()}
        write_audit_report(found, report, title=cube.name, provenance=facts)
    if as_json:
        write_json(_content(found, cube, report) | {"corrected": corrected})
        return
    _tell(found, cube)
    if report is not None:
        click.echo(f"\nReport: {report}")
    if corrected is not None:
        click.echo(f"Element maps, standard errors corrected: {corrected}")


def _write_corrected(found: Audit, bound: Any, cube: xr.DataArray, output: Path) -> None:
    """Write maps of the whole scan with the factors of the audit in their standard errors."""
    from skxrf.audit import corrected_errors
    from skxrf.exceptions import SkxrfError
    from skxrf.inference import predict_maps_to_file

    coverage = found.coverage.get(_SHIPPED)
    if coverage is None or coverage.empty:
        reason = (
            found.refused or found.failures.get(_SHIPPED) or "too few pixels contain an element."
        )
        raise SkxrfError(f"standard errors cannot be corrected, {output} is not written: {reason}")
    say("predicting maps with corrected standard errors")
    run = predict_maps_to_file(
        bound,
        cube,
        output,
        return_std=True,
        restart=True,
        progress=not is_quiet(),
        finish=lambda maps: corrected_errors(cast("xr.Dataset", maps), coverage),
    )
    if rest := [name for name in run.line_groups if name not in coverage.index]:
        say(f"standard errors as the model states them, for lack of signal: {', '.join(rest)}")


def _content(found: Audit, cube: Path, report: Path | None) -> dict[str, Any]:
    def records(table: Any) -> Any:
        return table.to_dict(orient="index")

    return {
        "cube": cube,
        "report": report,
        "rows": found.shape[0],
        "columns": found.shape[1],
        "pixels_audited": found.tiles.shape[0] * found.tiles.shape[1],
        "counts_per_pixel": found.counts_per_pixel,
        "variance_over_mean": found.dispersion.ratio,
        "refused": found.refused,
        "errors": {name: records(of.table) for name, of in found.errors.items()},
        "coverage": {name: records(table) for name, table in found.coverage.items()},
        "finished_maps": {name: records(table) for name, table in found.finished.items()},
        "comparisons": [
            {"first": one, "second": two, "elements": records(table)}
            for (one, two), table in found.comparisons.items()
        ],
        "dwell": {"wanted": found.precision, "elements": records(found.dwell)},
        "failures": found.failures,
        "not_seen": found.not_seen,
    }


def _tell(found: Audit, cube: Path) -> None:
    from skxrf.audit._tables import coverage_table, difference_rows, dwell_lines, error_table

    looked_at = found.tiles.shape[0] * found.tiles.shape[1]
    click.echo(
        f"{cube.name}: {looked_at:,} of {found.shape[0] * found.shape[1]:,} pixels, "
        f"{found.counts_per_pixel:,.0f} counts a pixel; variance over mean "
        f"{found.dispersion.ratio:.3f}"
    )
    for name, reason in found.failures.items():
        click.echo(f"{name} is left out: {reason}")
    if found.refused is not None:
        click.echo(f"\nNo errors are given: {found.refused}")
    else:
        click.echo("\nError of a pixel [counts], without truth")
        print_table(error_table(found), indent="  ")
        if rows := coverage_table(found):
            click.echo(
                "\nStated standard errors: pixels within one (68.3 % if right), factor that corrects "
                "them, pixels within one after it"
            )
            print_table(rows, indent="  ")
    if lines := dwell_lines(found):
        click.echo(
            "\nRelative photon noise of a typical pixel that contains the element, and dwell for "
            f"{100 * found.precision:g} %"
        )
        for line in lines:
            click.echo(f"  {line}")
    for (one, two), table in found.comparisons.items():
        click.echo(
            f"\nDifferences [counts], {two} less {one}; in brackets: part that the reason explains"
        )
        print_table(difference_rows(table), indent="  ", ends_in_words=True)
    click.echo(f"\nNot seen: {found.not_seen}")
