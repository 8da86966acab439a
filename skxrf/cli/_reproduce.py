"""``skxrf reproduce``: the paper's experiment, on simulated icons or a scan of one's own."""

from __future__ import annotations

from pathlib import Path

import click

from ._options import (
    FILE,
    axis,
    check_output,
    command_line,
    cube_options,
    examples,
    force_option,
    is_quiet,
    names,
    quiet_option,
    say,
)


@click.command(
    epilog=examples("""\
Examples:
  skxrf reproduce -o report                               small simulated icons, about ten minutes
  skxrf reproduce -o report --cube scan.h5                reference maps by the template fit
  skxrf reproduce -o report --cube scan.h5 --maps fit.dat --methods CNN,MLP,Ridge --budget 60
  skxrf reproduce -o table1 --paper --budget 3600         the paper's table at the paper's size
""")
)
@click.option(
    "-o",
    "--output",
    type=FILE,
    required=True,
    help="Folder for report.html, maps.nc and scores.csv.",
)
@click.option("--cube", type=FILE, help="Spectral cube; without, small paintings are simulated.")
@click.option(
    "--maps",
    type=FILE,
    help="Reference maps of the cube's pixels; without, a template fit makes them.",
)
@click.option(
    "--elements", metavar="NAMES", help="Line groups to map, such as Ca_K,Fe_K,Pb_L; default: all."
)
@click.option(
    "--methods", metavar="NAMES", help="Methods to compare, such as CNN,Ridge; default: all."
)
@click.option(
    "--paper",
    is_flag=True,
    help="The paper's table 1 at the paper's size: icons scanned in steps of 1 mm, all six networks. "
    "Takes hours; stored in OUTPUT/checkpoint, from which it goes on. Give --budget.",
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
    help="Largest number of spectra that a fit may use.",
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
@force_option
@quiet_option
@cube_options
def reproduce(
    output: Path,
    cube: Path | None,
    maps: Path | None,
    elements: str | None,
    methods: str | None,
    paper: bool,
    folds: int,
    budget: float,
    max_samples: int,
    random_state: int,
    shape: tuple[int, int] | None,
    force: bool,
    dataset: str | None,
    energy: str | None,
    axes: str | None,
) -> None:
    """Repeat the paper's experiment and write an HTML report.

    Networks and classical regressors are cross-validated: each predicts the parts of a scan (or
    the paintings) that it was not trained on, and is scored against the reference maps.
    """
    if paper:
        _table1(output, methods, budget)
        return
    for file in ("report.html", "maps.nc", "scores.csv"):
        if (output / file).exists():
            check_output(output / file, (), force=force)
    say("preparing the experiment")
    from skxrf.reproduction import reproduce as run
    from skxrf.reproduction import write_report
    from skxrf.utils.files import whole_files

    # The folder first, so that a long run does not end at one that cannot be written to.
    with whole_files(output) as folder:
        result = run(
            cube=cube,
            maps=maps,
            elements=names(elements),
            methods=names(methods),
            n_folds=folds,
            budget=budget,
            max_samples=max_samples,
            random_state=random_state,
            shape=shape,
            dataset=dataset,
            energy=axis(energy),
            axes=None if (order := names(axes)) is None else tuple(order),
            progress=not is_quiet(),
            command=command_line(),
        )
        write_report(result, folder)
    scores = result.table("ssim")["mean"].round(3)
    click.echo(f"mean SSIM of the held-out maps, {result.data.reference_name} as reference:")
    for name, score in scores.items():
        click.echo(f"  {name:<22} {score:.3f}")
    click.echo(f"Report: {output / 'report.html'}")


def _table1(output: Path, methods: str | None, budget: float) -> None:
    from skxrf.exceptions import SkxrfError
    from skxrf.reproduction._paper import reproduce_paper
    from skxrf.reproduction._paper_training import Training

    context = click.get_current_context()
    given = [
        f"--{name.replace('_', '-')}"
        for name in context.params
        if name not in ("paper", "output", "methods", "budget", "quiet", "force")
        and context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
    ]
    if given:
        raise SkxrfError(f"--paper has a set-up of its own: leave out {', '.join(given)}.")
    result = reproduce_paper(
        output, methods=names(methods), training=Training(budget=budget), progress=not is_quiet()
    )
    click.echo("SSIM of the maps of the held-out painting, template fit as reference:")
    click.echo(result.table().round(3).to_string(index_names=False))
    click.echo(f"Page: {output / 'table1.md'}")
