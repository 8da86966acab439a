"""Two commits compared: the same benchmark in a working tree of each, one table of ratios."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from benchmarks.tables import ROOT, markdown, write_text

# Text columns that describe how a row was made, not which row it is.
_NO_KEYS = {"revision", "versions", "tuned"}


def ratios(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Ratios of the numbers of two tables with the same rows.

    Rows are paired by their text columns and, where these are not unique, by as many of the
    leftmost numeric columns as it takes.

    `before`, `after`: tables as a benchmark writes them. Returns ``after / before`` of the other
    numeric columns, over the paired rows.
    """
    shared = [name for name in before.columns if name in after.columns]
    numeric = [n for n in shared if is_numeric_dtype(before[n]) and not is_bool_dtype(before[n])]
    keys = [n for n in shared if n not in numeric and n not in _NO_KEYS]
    while numeric and (not keys or before.duplicated(keys).any() or after.duplicated(keys).any()):
        keys.append(numeric.pop(0))
    first, second = (one.set_index(keys)[numeric] for one in (before, after))
    rows = first.index.intersection(second.index, sort=False)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = second.loc[rows] / first.loc[rows]
    return found.replace([np.inf, -np.inf], np.nan)


def summary(folders: Sequence[Path]) -> pd.DataFrame:
    """Median and extreme ratio of each numeric column of each table in two folders.

    `folders`: results of the first and of the second commit. Returns columns ``table``, ``column``,
    ``rows``, ``lowest``, ``median`` and ``highest`` ratio.
    """
    names = sorted({path.name for path in folders[0].glob("*.csv")})
    rows = []
    for name in names:
        if not (folders[1] / name).exists():
            continue
        found = ratios(*(pd.read_csv(folder / name) for folder in folders))
        for column in found:
            values = found[column].dropna()
            if len(values):
                rows.append(
                    [name, column, len(values), values.min(), values.median(), values.max()]
                )
    return pd.DataFrame(rows, columns=["table", "column", "rows", "lowest", "median", "highest"])


@contextmanager
def working_tree(revision: str, folder: Path) -> Iterator[Path]:
    """Check out a revision beside the project, and remove it again."""
    git = ["git", "-C", str(ROOT), "worktree"]
    done = subprocess.run(
        [*git, "add", "--detach", str(folder), revision],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise click.ClickException(f"git knows no {revision!r}: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run([*git, "remove", "--force", str(folder)], check=True)


@click.command(
    "compare", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False}
)
@click.option("--save", type=click.Path(path_type=Path), help="Markdown file for the table.")
@click.argument("revisions", nargs=2)
@click.argument("command", nargs=-1, type=click.UNPROCESSED, required=True)
def main(save: Path | None, revisions: tuple[str, str], command: tuple[str, ...]) -> None:
    """Run one benchmark on two commits, and print the ratios of the second to the first.

    COMMAND is a subcommand with its options, such as `compare v0.1 HEAD accuracy -m shipped`. Each
    commit runs its own benchmarks on its own library, with empty results, in this environment;
    test paintings are simulated anew.
    """
    with tempfile.TemporaryDirectory() as temporary:
        folders = []
        for place, revision in enumerate(revisions):
            folders.append(Path(temporary) / f"results-{place}")
            with working_tree(revision, Path(temporary) / f"tree-{place}") as tree:
                _run(tree, folders[-1], command)
        table = summary(folders)
    if table.empty:
        raise click.ClickException("the two commits left no table with rows in common.")
    shown = table.astype(object).map(lambda v: f"{v:.3f}" if isinstance(v, float) else str(v))
    text = markdown(shown.columns, shown.to_numpy().tolist())
    click.echo(text)
    if save:
        write_text(save, text + "\n")


def _run(tree: Path, results: Path, command: Sequence[str]) -> None:
    results.mkdir()
    environment = os.environ | {
        "PYTHONPATH": str(tree),
        "SKXRF_BENCHMARK_RESULTS": str(results),
    }
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *command], cwd=tree, env=environment, check=False
    )
    if done.returncode:
        raise click.ClickException(f"python -m benchmarks {' '.join(command)} failed in {tree}.")
