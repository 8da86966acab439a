"""Palettes: materials and mixtures of paintings of a time and place."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from skxrf.exceptions import SkxrfError
from skxrf.simulation._materials import close_names, material, read_data

ROLES = ("training", "test", "general", "held_out")

# Areas of a painting that every palette has a paint for.
AREAS = (
    *("white", "dark", "flesh", "hair", "robe", "cloak", "second"),
    *("background", "landscape", "border", "inscription"),
)

Mixture = Mapping[str, float]


@dataclass(frozen=True)
class Palette:
    """Materials of one kind of painting, layer by layer.

    Parameters
    ----------
    name, title : str
        Name, and a description.
    role : {"training", "test", "general", "held_out"}
        Use: the paper's three training paintings, its test painting, further palettes to train
        on, and palettes for tests alone.
    paints : mapping of str to mapping
        Mixture of pigments by weight of each area of a painting, without binder.
    binders, varnishes : tuple of str
        Materials; one is drawn.
    supports : tuple of (str, float)
        Materials and thickness [um]; one is drawn.
    grounds : tuple of (mapping, float)
        Mixtures by weight, binder included, and thickness [um]; one is drawn.
    retouchings : tuple of mapping
        Mixtures of pigments by weight, without binder.
    more_pigments : tuple of str
        Pigments for random stacks that no paint contains.
    leaf : str or None
        Metal leaf.
    bole : mapping
        Mixture by weight below the leaf, binder included.
    gilded : tuple of str
        Areas that are gilded: "background" and "halo".
    layout : str or None
        Composition of the painting.
    size_mm : pair of float or None
        Height and width of the painting [mm].
    varnish_um : float
        Thickness of the varnish of a painting [um].
    """

    name: str
    title: str
    role: str
    paints: Mapping[str, Mixture] = field(repr=False)
    binders: tuple[str, ...] = field(repr=False)
    varnishes: tuple[str, ...] = field(repr=False)
    supports: tuple[tuple[str, float], ...] = field(repr=False)
    grounds: tuple[tuple[Mixture, float], ...] = field(repr=False)
    retouchings: tuple[Mixture, ...] = field(repr=False)
    more_pigments: tuple[str, ...] = field(default=(), repr=False)
    leaf: str | None = field(default=None, repr=False)
    bole: Mixture = field(default_factory=dict, repr=False)
    gilded: tuple[str, ...] = field(default=(), repr=False)
    layout: str | None = field(default=None, repr=False)
    size_mm: tuple[float, float] | None = None
    varnish_um: float = 18.0

    @property
    def pigments(self) -> tuple[str, ...]:
        """Pigments of all paints, sorted."""
        return tuple(sorted({*_names(self.paints.values()), *self.more_pigments}))

    @property
    def materials(self) -> tuple[str, ...]:
        """All materials of all layers, sorted."""
        return self._materials_and_elements[0]

    @property
    def elements(self) -> tuple[str, ...]:
        """Chemical symbols of everything in it, traces included, sorted."""
        return self._materials_and_elements[1]

    @functools.cached_property
    def _materials_and_elements(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        found = {*self.pigments, *self.binders, *self.varnishes, *_names(self.retouchings)}
        found |= {name for name, _ in self.supports} | {*self.bole}
        found |= _names(mixture for mixture, _ in self.grounds)
        found |= {self.leaf} if self.leaf else set()
        held = {symbol for name in found for symbol in material(name).elements}
        return tuple(sorted(found)), tuple(sorted(held))


def palette(name: str) -> Palette:
    """Look up a palette by its name.

    Parameters
    ----------
    name : str
        Name, such as ``"icon_1"``.

    Returns
    -------
    Palette
        The palette.

    Raises
    ------
    SkxrfError
        If there is no such palette; the error lists the names.

    Examples
    --------
    >>> from skxrf.simulation import palette
    >>> palette("icon_1").size_mm
    (536.0, 404.0)
    """
    found = palettes().get(name.lower())
    if found is None:
        raise SkxrfError(f"there is no palette {name!r}: {close_names(name, palettes())}.")
    return found


@functools.cache
def palettes() -> Mapping[str, Palette]:
    """All palettes, by name.

    Returns
    -------
    mapping of str to Palette
        Read from the package's ``simulation/data/palettes.toml``.

    Examples
    --------
    >>> from skxrf.simulation import palettes
    >>> [name for name, found in palettes().items() if found.role == "test"]
    ['icon_test']
    """
    tables = read_data("palettes.toml")
    return MappingProxyType({name: _from_table(name, table) for name, table in tables.items()})


def check_palettes(
    chosen: str | Palette | Sequence[str | Palette] | None = None,
    elements: Iterable[str] = (),
) -> tuple[Palette, ...]:
    """Look up palettes that a caller names or passes.

    `chosen`: one or several palettes; None for all with role "training" or "general". `elements`:
    chemical symbols that together they must contain, if only as traces.
    """
    if chosen is None:
        found = [one for one in palettes().values() if one.role in ("training", "general")]
    else:
        asked = [chosen] if isinstance(chosen, str | Palette) else list(chosen)
        found = [one if isinstance(one, Palette) else palette(one) for one in asked]
    if not found:
        raise SkxrfError("no palette was given; there are " + ", ".join(palettes()) + ".")
    held = {symbol for one in found for symbol in one.elements}
    for symbol in elements:
        if symbol not in held:
            others = [n for n, one in palettes().items() if symbol in one.elements]
            raise SkxrfError(
                f"{' and '.join(one.name for one in found)} contain no {symbol}: "
                + (f"palettes that do are {', '.join(others)}." if others else "no palette does.")
            )
    return tuple(found)


def _names(mixtures: Iterable[Mixture]) -> set[str]:
    return {name for mixture in mixtures for name in mixture}


def _from_table(name: str, table: Mapping[str, Any]) -> Palette:
    """Palette of a table in the file, checked."""
    paints = table["paints"]
    missing = [area for area in AREAS if area not in paints]
    if missing:
        raise SkxrfError(f"palette {name!r} has no paint for {', '.join(missing)}.")
    if table["role"] not in ROLES or (table["role"] == "held_out") != name.startswith("held_out_"):
        raise SkxrfError(f"palette {name!r} has role {table['role']!r}, of {', '.join(ROLES)}.")
    height_width = tuple(float(length) for length in table.get("size_mm", ()))
    found = Palette(
        name,
        table["title"],
        table["role"],
        MappingProxyType({area: MappingProxyType(mix) for area, mix in paints.items()}),
        tuple(table["binders"]),
        tuple(table["varnishes"]),
        tuple((one["material"], float(one["thickness_um"])) for one in table["supports"]),
        tuple((one["mixture"], float(one["thickness_um"])) for one in table["grounds"]),
        tuple(MappingProxyType(mixture) for mixture in table["retouchings"]),
        tuple(table.get("pigments", ())),
        table.get("leaf"),
        MappingProxyType(table.get("bole", {})),
        tuple(table.get("gilded", ())),
        table.get("layout"),
        (height_width[0], height_width[1]) if height_width else None,
        float(table.get("varnish_um", 18.0)),
    )
    for one in found.materials:
        material(one)
    return found
