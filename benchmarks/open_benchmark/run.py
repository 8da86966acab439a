"""Command of the open benchmark: all methods, or yours, on all scans; one table, one page."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from queue import Queue
from typing import Any

import click
import pandas as pd

from benchmarks.open_benchmark.measured import MEASURED_SCANS, MeasuredScan
from benchmarks.open_benchmark.methods import METHODS, load_methods
from benchmarks.open_benchmark.page import write_page
from benchmarks.open_benchmark.scans import SCANS
from benchmarks.open_benchmark.worker import MethodSource, ScanResult, run_scans
from benchmarks.run import chosen
from benchmarks.tables import RESULTS, ResultTable
from skxrf.audit import CommandMethod
from skxrf.exceptions import SkxrfError

KEYS = ["method", "scan"]


@click.command("open")
@click.option("--method", "-m", multiple=True, help="Name of a method. Default: all.")
@click.option("--scan", multiple=True, help="Name of a scan. Default: all.")
@click.option(
    "--methods",
    "file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Python file that defines METHODS, further methods.",
)
@click.option(
    "--command",
    "commands",
    metavar="NAME=COMMAND",
    multiple=True,
    help="Another program; {cube} and {maps} stand for its files. May be repeated.",
)
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True, help="Processes.")
@click.option("--again", is_flag=True, help="Repeat what is there.")
@click.option(
    "--output", "-o", type=click.Path(path_type=Path, file_okay=False), help="Folder of the tables."
)
def main(
    method: tuple[str, ...],
    scan: tuple[str, ...],
    file: Path | None,
    commands: tuple[str, ...],
    jobs: int,
    again: bool,
    output: Path | None,
) -> None:
    """Score any method from cubes to maps on frozen scans of two simulators, and on measured ones.

    Methods are those built in, those of a Python file and commands. Resumes where it was stopped;
    methods whose package is not installed are left out, and named.
    """
    folder = output or RESULTS
    there = {one.name: one for one in (*SCANS, *_measured(scan))}
    scans = [one.name for one in chosen(there, scan, "--scan")]
    waiting = _sources(method, file, commands)
    runs = ResultTable(folder / "open_runs.csv", KEYS, float_format="%.4g")
    scores = ResultTable(folder / "open_scores.csv", KEYS)
    measured = ResultTable(folder / "open_measured.csv", KEYS, float_format="%.4g")
    done = set() if again else runs.done() | measured.done()
    left = {one: [name for name in scans if (one.name, name) not in done] for one in waiting}
    # One thread each: the order of sums, and so the last bits, are then the same everywhere.
    os.environ["OMP_NUM_THREADS"] = "1"
    for name in (one.name for one in SCANS if one.name in scans and any(left.values())):
        next(one for one in SCANS if one.name == name).load()  # once, not in two processes
    for name, result in _results({one: todo for one, todo in left.items() if todo}, jobs):
        if result.measured:
            _keep_measured(name, result, measured)
        else:
            _keep(name, result, runs, scores)
    write_page(folder, [one.find() for one in waiting if one.file or one.command])
    click.echo(f"Page: {folder / 'open.md'}")


def _results(
    left: Mapping[MethodSource, Sequence[str]], jobs: int
) -> Iterator[tuple[str, ScanResult]]:
    """Run each method in a process of its own: results as they come, so that a stop loses one scan."""
    context = multiprocessing.get_context("spawn")
    with (
        context.Manager() as manager,
        ProcessPoolExecutor(jobs, mp_context=context, max_tasks_per_child=1) as pool,
    ):
        finished = manager.Queue()
        running = [pool.submit(_send, one, scans, finished) for one, scans in left.items()]
        for future in running:
            future.add_done_callback(lambda _: finished.put(None))
        for _ in running:
            while (found := finished.get()) is not None:
                yield found
        for future in running:
            future.result()  # raises what ended a process


def _send(source: MethodSource, scans: Sequence[str], finished: Queue[Any]) -> None:
    for result in run_scans(source, scans):
        finished.put((source.name, result))


def _measured(wanted: Sequence[str]) -> list[MeasuredScan]:
    for one in MEASURED_SCANS:
        if not one.available and (not wanted or one.name in wanted):
            click.echo(f"{one.name}: left out, {one.file} is not beside the project.")
    return [one for one in MEASURED_SCANS if one.available]


def _sources(
    names: Sequence[str], file: Path | None, commands: Sequence[str]
) -> list[MethodSource]:
    known = {}
    for one in METHODS:
        if one.available:
            known[one.name] = MethodSource(one.name)
        elif not names or one.name in names:
            click.echo(f"{one.name}: left out, {one.needs} is not installed.")
    own = {}
    if file is not None:
        try:
            own = {one.name: MethodSource(one.name, file) for one in load_methods(file)}
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--methods") from None
    for text in commands:
        name, sign, command = text.partition("=")
        if not sign or not command or name in known:
            raise click.BadParameter(
                f"takes NAME=COMMAND with a new name, got {text!r}.", param_hint="--command"
            )
        try:
            CommandMethod(command)
        except SkxrfError as error:
            raise click.BadParameter(str(error), param_hint="--command") from None
        own[name] = MethodSource(name, command=command)
    if own and not names:
        return list(own.values())  # yours; the others are in the table already
    return list(chosen(known | own, names, "--method"))


def _keep_measured(name: str, result: ScanResult, measured: ResultTable) -> None:
    measured.put((name, result.scan), result.scores.assign(error=result.error))
    said = f"failed, {result.error}" if result.error else "scored"
    click.echo(f"{name}, {result.scan}: {said}, {result.seconds:.0f} s")


def _keep(name: str, result: ScanResult, runs: ResultTable, scores: ResultTable) -> None:
    key = (name, result.scan)
    # Scores first: a row of runs marks the scan as done.
    scores.put(key, result.scores)
    row = {
        "seconds": result.seconds,
        "spectra_per_second": result.n_pixels / result.seconds,
        "peak_mib": result.peak_mib,
        "error": result.error,
    }
    runs.put(key, pd.DataFrame([row]))
    ratio = result.scores["ratio"].mean()
    said = f"failed, {result.error}" if result.error else f"RMSE/bound {ratio:.2f}"
    click.echo(f"{name}, {result.scan}: {said}, {result.seconds:.0f} s")
