"""Result tables: where they are, resumable rows, the code that made them, Markdown."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from skxrf.utils.files import whole_file
from skxrf.utils.provenance import git_revision, machine, versions

ROOT = Path(__file__).parents[1]
# Tables are under version control; `compare` sends those of a run elsewhere.
RESULTS = Path(os.environ.get("SKXRF_BENCHMARK_RESULTS", ROOT / "benchmarks" / "results"))
CACHE = ROOT / "benchmarks" / "cache"
IMAGES = ROOT / "docs" / "images"
# Measured data may not be republished: they lie beside the project, and only numbers come out.
DATA = ROOT.parent / "shared" / "data"
REAL_SCAN = DATA / "maxrf_painting_a.h5"


@functools.cache
def provenance() -> dict[str, str]:
    """Git revision and versions that a new row carries.

    Returns ``revision``, with the mark ``-changed`` where the library or the benchmarks differ from
    it, and ``versions`` of the packages and the kind of machine.
    """
    found = versions(("numpy", "scikit-learn", "torch"))
    named = [f"{name} {version}" for name, version in found.items()]
    revision = git_revision(ROOT, ("skxrf", "benchmarks/*.py"))
    return {"revision": revision or "unknown", "versions": "; ".join([*named, machine()])}


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]] | pd.DataFrame) -> pd.DataFrame:
    """Write a table that is made in one go, each row with its provenance.

    `path`: the CSV file, written whole or not at all. `rows`: rows; what one of them lacks is left
    empty. Returns the rows as they were given.
    """
    table = pd.DataFrame(rows)
    _write_csv(path, table.assign(**provenance()))
    print(f"wrote {path}", flush=True)
    return table


class ResultTable:
    """CSV file of rows that are added key by key, so that a run can be resumed.

    `keys`: columns that identify the run. `float_format`: format of the numbers, such as
    ``"%.5g"``. New rows get the columns of :func:`provenance`.
    """

    def __init__(self, path: Path, keys: Sequence[str], *, float_format: str | None = None) -> None:
        self.path, self.keys, self.float_format = path, list(keys), float_format

    def read(self) -> pd.DataFrame:
        """Rows of the file; none where there is no file."""
        return pd.read_csv(self.path) if self.path.exists() else pd.DataFrame(columns=self.keys)

    def done(self) -> set[tuple[Any, ...]]:
        """Keys that have rows."""
        return set(self.read()[self.keys].itertuples(index=False, name=None))

    def put(self, key: Sequence[Any], rows: pd.DataFrame) -> None:
        """Add the rows of a key in place of older ones.

        `key`: values of the key columns.
        """
        new = rows.assign(**provenance())
        for name, value in reversed(list(zip(self.keys, key, strict=True))):
            new.insert(0, name, value)
        # Read again: another process may have added rows since.
        table = self.read()
        same = (table[self.keys].astype(object) == np.array(key, dtype=object)).all(axis=1)
        place = int(np.argmax(same)) if same.any() else len(table)
        parts = [table[:place][~same[:place]], new, table[place:][~same[place:]]]
        joined = pd.concat([part for part in parts if len(part)], ignore_index=True)
        _write_csv(self.path, joined, self.float_format)


def _write_csv(path: Path, table: pd.DataFrame, float_format: str | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as partial:
        table.to_csv(partial, index=False, float_format=float_format)


def write_text(path: Path, text: str) -> None:
    """Write a page, whole or not at all."""
    with whole_file(path) as partial:
        partial.write_text(text, encoding="utf-8")


def markdown(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Format a table in Markdown."""
    header = list(header)
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines
    )
