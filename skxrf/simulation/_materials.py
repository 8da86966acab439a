"""Materials of paintings: pigments, metals, grounds, binders, varnishes, supports."""

from __future__ import annotations

import difflib
import functools
import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from types import MappingProxyType
from typing import Any

from skxrf.exceptions import SkxrfError
from skxrf.physics import _xraylib

KINDS = ("pigment", "lake", "metal", "ground", "binder", "varnish", "support")


@dataclass(frozen=True)
class Material:
    """Material with its composition, density and color.

    Parameters
    ----------
    name : str
        Name, in lower case.
    kind : {"pigment", "lake", "metal", "ground", "binder", "varnish", "support"}
        Use; a lake is a transparent pigment.
    pure_fractions : mapping of str to float
        Mass fraction of each element without trace elements; they sum to 1.
    traces : mapping of str to pair of float
        Least and greatest content of each trace element [ppm by mass], on top of what the pure
        material contains of that element.
    density : float
        Density without pores [g/cm3].
    color : str
        sRGB of a thick layer, such as ``"#cf3a24"``.
    source : str
        Where formula and density come from, or the word "assumed".
    """

    name: str
    kind: str
    pure_fractions: Mapping[str, float] = field(repr=False)
    traces: Mapping[str, tuple[float, float]] = field(repr=False)
    density: float
    color: str
    source: str = field(repr=False)

    @property
    def mass_fractions(self) -> Mapping[str, float]:
        """Mass fraction of each element, traces in the geometric middle of their ranges."""
        typical = {symbol: 1e-6 * math.sqrt(a * b) for symbol, (a, b) in self.traces.items()}
        rest = 1 - sum(typical.values())
        total = {symbol: rest * share for symbol, share in self.pure_fractions.items()}
        for symbol, share in typical.items():
            total[symbol] = total.get(symbol, 0.0) + share
        return MappingProxyType(total)

    @property
    def elements(self) -> tuple[str, ...]:
        """Chemical symbols of all elements that it can contain, sorted."""
        return tuple(sorted({*self.pure_fractions, *self.traces}))

    @property
    def rgb(self) -> tuple[float, float, float]:
        """Color as sRGB values from 0 to 1."""
        red, green, blue = (int(self.color[i : i + 2], 16) / 255 for i in (1, 3, 5))
        return red, green, blue


def material(name: str) -> Material:
    """Look up a material by its name.

    Parameters
    ----------
    name : str
        Name, such as ``"lead white"``; upper and lower case are the same.

    Returns
    -------
    Material
        The material.

    Raises
    ------
    SkxrfError
        If there is no such material; the error lists the names nearest to it.

    Examples
    --------
    >>> from skxrf.simulation import material
    >>> vermilion = material("vermilion")
    >>> vermilion.density
    8.1
    >>> round(vermilion.pure_fractions["Hg"], 3)
    0.862
    """
    known = materials()
    found = known.get(name.lower())
    if found is None:
        raise SkxrfError(f"there is no material {name!r}: {close_names(name, known)}.")
    return found


@functools.cache
def materials() -> Mapping[str, Material]:
    """All materials, by name.

    Returns
    -------
    mapping of str to Material
        Read from the package's ``simulation/data/materials.toml``.

    Examples
    --------
    >>> from skxrf.simulation import materials
    >>> sorted(name for name, m in materials().items() if m.kind == "lake")[:3]
    ['bitumen', 'carmine lake', 'copper resinate']
    """
    tables = read_data("materials.toml")
    return MappingProxyType({name: _from_table(name, table) for name, table in tables.items()})


def read_data(file_name: str) -> dict[str, Any]:
    """Read one of the package's TOML files."""
    path = resources.files("skxrf.simulation").joinpath("data", file_name)
    return tomllib.loads(path.read_text(encoding="utf-8"))


def close_names(name: str, known: Iterable[str]) -> str:
    """Name the nearest known names, or all, for an error."""
    names = sorted(known)
    close = difflib.get_close_matches(name.lower(), names, n=5, cutoff=0.5)
    close += [other for other in names if name and name.lower() in other and other not in close]
    if close:
        return "did you mean " + ", ".join(map(repr, close))
    return "there are " + ", ".join(names)


def _from_table(name: str, table: Mapping[str, Any]) -> Material:
    """Material of a table in the file, checked."""
    formula = table["formula"]
    shares = {formula: 1.0} if isinstance(formula, str) else formula
    if table["kind"] not in KINDS:
        raise SkxrfError(f"kind of {name!r} is {table['kind']!r}, not one of {', '.join(KINDS)}.")
    if not math.isclose(sum(shares.values()), 1.0, abs_tol=1e-6) or min(shares.values()) <= 0:
        raise SkxrfError(f"the shares of the formulas of {name!r} do not sum to 1: {shares}.")
    pure: dict[str, float] = {}
    for part, share in shares.items():
        for symbol, fraction in mass_fractions_of(part).items():
            pure[symbol] = pure.get(symbol, 0.0) + share * fraction
    total = sum(pure.values())
    traces = {}
    for symbol, (low, high) in table.get("traces", {}).items():
        if not 0 < low <= high < 1e5 or not _xraylib.atomic_number(symbol):
            raise SkxrfError(f"trace of {name!r} is not a range in ppm: {symbol} {low} to {high}.")
        traces[symbol] = (float(low), float(high))
    return Material(
        name,
        table["kind"],
        MappingProxyType({symbol: value / total for symbol, value in pure.items()}),
        MappingProxyType(traces),
        float(table["density"]),
        table["color"],
        table["source"],
    )


def mass_fractions_of(formula: str) -> dict[str, float]:
    """Mass fraction of each element of a chemical formula.

    `formula`: such as ``"CaSO4(H2O)2"``; numbers may have decimals.
    """
    found = _xraylib.mass_fractions(formula)
    if not found:
        raise SkxrfError(f"not a chemical formula: {formula!r}; expected one like 'CaSO4(H2O)2'.")
    return found
