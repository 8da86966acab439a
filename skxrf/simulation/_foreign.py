"""Random chemistry outside any palette: compounds of random elements in random mixtures.

A model trained on palettes alone learns their correlations, such as calcium with sulfur; these
compounds break them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from skxrf.exceptions import SkxrfError
from skxrf.physics import _xraylib
from skxrf.utils.typing import Array

from ._materials import mass_fractions_of

# "Metals" of random compounds: all elements from sodium to uranium that occur in objects, without
# the noble gases and the radioactive ones but U and Th.
FOREIGN_ELEMENTS = (
    *("Na", "Mg", "Al", "Si", "P", "S", "Cl", "K", "Ca", "Sc", "Ti", "V", "Cr", "Mn", "Fe"),
    *("Co", "Ni", "Cu", "Zn", "Ga", "Ge", "As", "Se", "Br", "Rb", "Sr", "Y", "Zr", "Nb", "Mo"),
    *("Ru", "Rh", "Pd", "Ag", "Cd", "In", "Sn", "Sb", "Te", "I", "Cs", "Ba", "La", "Ce", "Pr"),
    *("Nd", "Sm", "Gd", "Dy", "Er", "Yb", "Hf", "Ta", "W", "Re", "Ir", "Pt", "Au", "Hg", "Tl"),
    *("Pb", "Bi", "Th", "U"),
)

# Anions: formula, molar mass [g/mol], charge and relative frequency (assumed); an empty formula
# stands for the metal itself.
_ANIONS = (
    ("", 0.0, 1, 3.0),
    ("O", 16.0, 2, 4.0),
    ("OH", 17.01, 1, 1.5),
    ("S", 32.06, 2, 2.0),
    ("SO4", 96.06, 2, 1.0),
    ("CO3", 60.01, 2, 1.5),
    ("SiO3", 76.08, 2, 1.0),
    ("Cl", 35.45, 1, 1.0),
    ("PO4", 94.97, 3, 1.0),
    ("C2H3O2", 59.04, 1, 1.0),
    ("C18H35O2", 283.5, 1, 0.7),
)


class ForeignChemistry:
    """Mixtures of one to three compounds of random elements, more or less bound.

    `metals`: chemical symbols of the elements whose compounds are drawn. `elements`: chemical
    symbols of all that the mixtures can contain, sorted.
    """

    def __init__(self, metals: Sequence[str] = FOREIGN_ELEMENTS) -> None:
        numbers = [_xraylib.atomic_number(symbol) for symbol in metals]
        unknown = [symbol for symbol, z in zip(metals, numbers, strict=True) if not 3 <= z <= 92]
        if unknown or not numbers:
            raise SkxrfError(
                "foreign_elements must be chemical symbols from Li to U, "
                f"got {', '.join(map(repr, unknown)) or 'none'}."
            )
        self.metals = tuple(metals)
        self._weights = np.array([_xraylib.atomic_weight(z) for z in numbers])
        self._anions = [mass_fractions_of(formula) if formula else {} for formula, *_ in _ANIONS]
        # Mass of an anion for each positive charge [g/mol].
        self._per_charge = np.array([mass / charge for _, mass, charge, _ in _ANIONS])
        self._binder = mass_fractions_of("C5H8O2")
        parts = {symbol for fractions in [*self._anions, self._binder] for symbol in fractions}
        self.elements = tuple(sorted({*metals} | parts))

    def mixtures(
        self, n: int, elements: Sequence[str], rng: np.random.Generator
    ) -> tuple[Array, Array]:
        """Random mixtures.

        `elements`: chemical symbols of the last axis, which must contain :attr:`elements`. `rng`:
        source of the random numbers. Returns `compositions` (n, n_elements): mass fractions;
        `densities` (n,): densities [g/cm3], drawn log-uniformly from 1.2 to 9 with the share of the
        metals.
        """
        column = {symbol: i for i, symbol in enumerate(elements)}
        missing = [symbol for symbol in self.elements if symbol not in column]
        if missing:
            raise SkxrfError(f"elements lacks {', '.join(missing)} of the random chemistry.")
        anions = np.zeros((len(_ANIONS) + 1, len(elements)))
        for row, fractions in zip(anions, [*self._anions, self._binder], strict=True):
            row[[column[symbol] for symbol in fractions]] = list(fractions.values())
        metal_columns = np.array([column[symbol] for symbol in self.metals])
        # Up to three compounds, some of two metals each, and a binder.
        shape = (n, 3)
        share = rng.standard_exponential(shape)
        share *= np.arange(3) < rng.integers(1, 4, size=(n, 1))
        bound = rng.uniform(0, 0.5, size=(n, 1)) * (rng.random((n, 1)) < 0.8)
        share *= (1 - bound) / share.sum(axis=1, keepdims=True)
        metals = rng.integers(len(self.metals), size=(*shape, 2))
        atoms = np.stack([np.ones(shape), rng.random(shape) * (rng.random(shape) < 0.3)], axis=-1)
        frequency = np.array([weight for *_, weight in _ANIONS])
        anion = rng.choice(len(_ANIONS), size=shape, p=frequency / frequency.sum())
        charge = rng.integers(1, 5, size=shape)
        metal_mass = atoms * self._weights[metals]
        anion_mass = atoms.sum(axis=-1) * charge * self._per_charge[anion]
        total = metal_mass.sum(axis=-1) + anion_mass
        compositions = np.zeros((n, len(elements)))
        rows = np.arange(n)
        for i in range(3):
            scale = share[:, i] / total[:, i]
            compositions += (scale * anion_mass[:, i])[:, None] * anions[anion[:, i]]
            for j in range(2):
                np.add.at(
                    compositions,
                    (rows, metal_columns[metals[:, i, j]]),
                    scale * metal_mass[:, i, j],
                )
        compositions += bound * anions[-1]
        metal_share = (share[..., None] * metal_mass / total[..., None]).sum(axis=(1, 2))
        densities = 1.2 * (7.5 ** (metal_share * rng.random(n)))
        return compositions, densities
