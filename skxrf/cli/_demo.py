"""``skxrf demo``: from nothing to a report in a minute."""

from __future__ import annotations

import shlex
import time
import webbrowser
from pathlib import Path
from typing import Any

import click

from ._options import FILE, check_output, examples, force_option, say


@click.command(
    epilog=examples("""\
Examples:
  skxrf demo
  skxrf demo -o first-steps --open
""")
)
@click.option(
    "-o",
    "--output",
    type=FILE,
    default=Path("skxrf-demo"),
    show_default=True,
    help="Folder for the scan, its maps, a picture and the report.",
)
@click.option("--open", "show", is_flag=True, help="Open the report in the browser.")
@force_option
@click.pass_context
def demo(context: click.Context, output: Path, show: bool, force: bool) -> None:
    """Simulate the scan of an icon, map its elements and write a report: about a minute.

    It shows that the installation works, and runs the commands that a scan of one's own needs.
    """
    if output.exists() and not output.is_dir():
        raise click.UsageError(f"{output} is a file: name a folder.")
    scan, maps, report = (output / name for name in ("icon.h5", "maps.nc", "report.html"))
    steps = [
        ["simulate", "-o", scan, "--shape", 30, 45, "--random-state", 6],
        ["info", scan],
        ["map", scan, "-o", maps, "--report", report],
        ["figure", maps, "-o", output / "hg_cu_pb.png", "--rgb", "Hg,Cu,Pb"],
    ]
    made = [scan, scan.with_suffix(".truth.nc"), maps, report, output / "hg_cu_pb.png"]
    for file in made if output.exists() else ():
        check_output(file, (), force=force)
    output.mkdir(parents=True, exist_ok=True)
    command: Any = context.find_root().command
    started = time.monotonic()
    for step in steps:
        words = [str(word) for word in step]
        say(f"\n$ skxrf {shlex.join(words)}")
        if force and step[0] != "info":
            words.append("--force")
        command.main(words, prog_name="skxrf", standalone_mode=False)
    click.echo(f"\nDone in {time.monotonic() - started:.0f} s. Open {report} in a browser.")
    if show:
        webbrowser.open(report.resolve().as_uri())
