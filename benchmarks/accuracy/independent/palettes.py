"""Palettes of the independent sets, none of which is the package's."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from skxrf.simulation import Palette


def read_palettes(file_name: str) -> dict[str, Palette]:
    """Read a TOML file of this folder: a table a palette, of the fields of :class:`Palette`."""
    text = (Path(__file__).parent / file_name).read_text(encoding="utf-8")
    return {
        name: Palette(name, **{field: _tuples(value) for field, value in table.items()})
        for name, table in tomllib.loads(text).items()
    }


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


PALETTES = read_palettes("palettes.toml")
SECOND_PALETTES = read_palettes("palettes_second.toml")
