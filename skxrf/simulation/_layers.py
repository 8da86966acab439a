"""Layers of a painting, and stacks of them as arrays."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from skxrf.exceptions import Argument, SkxrfError
from skxrf.utils.typing import Array

from ._materials import Material, material

UM_TO_CM = 1e-4


@dataclass(frozen=True)
class Layer:
    """A layer: a mixture of materials, and how much of it there is.

    Parameters
    ----------
    mixture : mapping of str to float
        Shares of materials by weight; they need not sum to 1.
    thickness_um : float, optional
        Thickness [um] of the dense layer; its areal mass follows from the densities.
    areal_mass : float, optional
        Areal mass [g/cm2]; give this or the thickness.

    Raises
    ------
    SkxrfError
        If a material is not known, a share or the thickness is negative, or both or none of
        thickness and areal mass is given.

    Examples
    --------
    >>> from skxrf.simulation import Layer
    >>> paint = Layer({"vermilion": 0.8, "egg yolk": 0.2}, thickness_um=30)
    >>> round(paint.density, 2), round(paint.mass, 4)
    (3.5, 0.0105)
    """

    mixture: Mapping[str, float]
    thickness_um: float | None = None
    areal_mass: float | None = None
    _materials: tuple[Material, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if (self.thickness_um is None) == (self.areal_mass is None):
            raise SkxrfError("a layer needs either thickness_um [um] or areal_mass [g/cm2].")
        for name in ("thickness_um", "areal_mass"):
            value = getattr(self, name)
            if value is not None and not (value >= 0 and math.isfinite(value)):
                raise SkxrfError(f"{name} of a layer must not be negative, got {value!r}.")
        shares = list(self.mixture.values())
        if not shares or min(shares) < 0 or not 0 < sum(shares) < math.inf:
            raise SkxrfError(
                f"a layer needs shares of materials that are not negative, got {self.mixture!r}."
            )
        object.__setattr__(self, "_materials", tuple(material(name) for name in self.mixture))

    @property
    def density(self) -> float:
        """Density of the mixture [g/cm3], the volumes of its parts added up."""
        shares = list(self.mixture.values())
        volume = sum(s / m.density for s, m in zip(shares, self._materials, strict=True))
        return sum(shares) / volume

    @property
    def mass(self) -> float:
        """Areal mass [g/cm2]."""
        if self.areal_mass is not None:
            return float(self.areal_mass)
        assert self.thickness_um is not None  # one of the two is given
        return self.thickness_um * UM_TO_CM * self.density


class MaterialTable:
    """Some materials as arrays: what they are made of, and how dense they are.

    `names`: names of materials, n_materials of them. `elements`: chemical symbols of the last axis;
    by default all that the materials can contain, sorted. `fractions` (n_materials, n_elements):
    mass fractions, with typical traces. `densities` (n_materials,): densities [g/cm3].
    """

    def __init__(self, names: Sequence[str], elements: Sequence[str] | None = None) -> None:
        self.names = tuple(names)
        known = [material(name) for name in names]
        held = {symbol for one in known for symbol in one.elements}
        self.elements = tuple(sorted(held) if elements is None else elements)
        missing = sorted(held - {*self.elements})
        if missing:
            raise SkxrfError(
                f"the materials contain {', '.join(missing)}, which ",
                Argument("elements", self.elements),
                " lacks.",
            )
        self.fractions = self._matrix([one.mass_fractions for one in known])
        self.densities = np.array([one.density for one in known])
        self._pure = self._matrix([one.pure_fractions for one in known])
        self._set_traces(known)

    def _matrix(self, rows: Sequence[Mapping[str, float]]) -> Array:
        column = {symbol: i for i, symbol in enumerate(self.elements)}
        matrix = np.zeros((len(rows), len(self.elements)))
        for row, fractions in zip(matrix, rows, strict=True):
            row[[column[symbol] for symbol in fractions]] = list(fractions.values())
        return matrix

    def _set_traces(self, known: Sequence[Material]) -> None:
        """Column, least content and logarithm of the range of each trace, zeros to fill up."""
        shape = len(known), max((len(one.traces) for one in known), default=0)
        self._trace_columns = np.zeros(shape, dtype=np.intp)
        self._trace_low, self._trace_span = np.zeros(shape), np.zeros(shape)
        for row, one in enumerate(known):
            for i, (symbol, (low, high)) in enumerate(one.traces.items()):
                self._trace_columns[row, i] = self.elements.index(symbol)
                self._trace_low[row, i] = 1e-6 * low
                self._trace_span[row, i] = math.log(high / low)

    def compositions(self, shares: Array, rng: np.random.Generator | None = None) -> Array:
        """Mass fractions of mixtures.

        `shares` (n_mixtures, n_materials): mass shares; a row that sums to zero is an empty layer.
        `rng`: draws the traces of every material in every mixture, log-uniformly in their ranges;
        without it they are the typical ones. Returns (n_mixtures, n_elements): mass fractions,
        which sum to 1, or to 0 for an empty layer.
        """
        total = shares.sum(axis=1, keepdims=True)
        shares = np.divide(shares, total, out=np.zeros_like(shares), where=total > 0)
        if rng is None:
            return np.asarray(shares @ self.fractions)
        rows, used = np.nonzero(shares)
        low, span = self._trace_low[used], self._trace_span[used]
        contents = low * np.exp(span * rng.random(span.shape))
        weights = shares[rows, used]
        found = shares @ self._pure
        # Traces come on top of the pure materials, which give way.
        given_way = np.bincount(rows, weights * contents.sum(axis=1), len(shares))
        flat = rows[:, None] * len(self.elements) + self._trace_columns[used]
        added = np.bincount(flat.ravel(), (weights[:, None] * contents).ravel(), found.size)
        return np.asarray(found * (1 - given_way)[:, None] + added.reshape(found.shape))


@functools.lru_cache(maxsize=64)
def material_table(names: tuple[str, ...], elements: tuple[str, ...]) -> MaterialTable:
    """A :class:`MaterialTable`, made once for the same materials and elements."""
    return MaterialTable(names, elements)


def stack_elements(stacks: Sequence[Sequence[Layer]]) -> tuple[str, ...]:
    """Chemical symbols of everything in some stacks, sorted.

    Parameters
    ----------
    stacks : sequence of sequence of Layer
        Stacks of layers.

    Returns
    -------
    tuple of str
        Chemical symbols.
    """
    used = {name for stack in stacks for layer in stack for name in layer.mixture}
    return tuple(sorted({symbol for name in used for symbol in material(name).elements}))


def stack_arrays(
    stacks: Sequence[Sequence[Layer]],
    elements: Sequence[str] | None = None,
    *,
    random_state: np.random.Generator | int | None = None,
) -> tuple[Array, Array]:
    """Stacks of layers as arrays of mass fractions and areal masses.

    Parameters
    ----------
    stacks : sequence of sequence of Layer
        Stacks, the uppermost layer first; they need not have equally many layers.
    elements : sequence of str, optional
        Chemical symbols of the last axis; by default :func:`stack_elements` of these stacks.
    random_state : numpy Generator or int, optional
        Draws the trace elements in their ranges; without it they are the typical ones.

    Returns
    -------
    compositions : ndarray of shape (n_stacks, n_layers, n_elements)
        Mass fractions; they sum to 1, or to 0 where a stack has no more layers.
    masses : ndarray of shape (n_stacks, n_layers)
        Areal masses [g/cm2]; 0 where a stack has no more layers.

    Raises
    ------
    SkxrfError
        If the stacks contain an element that `elements` lacks.

    Examples
    --------
    >>> from skxrf.simulation import Layer, stack_arrays
    >>> paint = Layer({"azurite": 0.8, "egg yolk": 0.2}, thickness_um=40)
    >>> ground = Layer({"gypsum": 0.9, "animal glue": 0.1}, thickness_um=500)
    >>> compositions, masses = stack_arrays([[paint, ground], [ground]])
    >>> masses.shape, masses.round(4).tolist()
    ((2, 2), [[0.0101, 0.1068], [0.1068, 0.0]])
    """
    symbols = stack_elements(stacks) if elements is None else tuple(elements)
    names = sorted({material(n).name for stack in stacks for layer in stack for n in layer.mixture})
    table = MaterialTable(names, symbols)
    n_layers = max((len(stack) for stack in stacks), default=0)
    shares = np.zeros((len(stacks), n_layers, len(names)))
    masses = np.zeros((len(stacks), n_layers))
    for i, stack in enumerate(stacks):
        for j, layer in enumerate(stack):
            masses[i, j] = layer.mass
            for name, share in layer.mixture.items():
                shares[i, j, names.index(material(name).name)] += share
    rng = None if random_state is None else np.random.default_rng(random_state)
    compositions = table.compositions(shares.reshape(-1, len(names)), rng)
    return compositions.reshape(len(stacks), n_layers, len(symbols)), masses
