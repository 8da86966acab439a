"""The exciting beam: the tube's continuum and lines, as they arrive at the object."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from skxrf.exceptions import SkxrfError
from skxrf.physics import line_group
from skxrf.utils.typing import Array

# Edges of the coarse bins of the continuum [keV]: fine where attenuation changes fast.
_COARSE = np.concatenate(
    [np.arange(1.0, 20.0, 0.25), np.arange(20.0, 30.0, 0.5), np.arange(30.0, 50.5, 1.0)]
)


@dataclass(frozen=True)
class Beam:
    """Photons by energy, on a fine grid, and the coarse bins that physics is done in."""

    energies: Array  # (n_fine,): photon energies [keV]: the continuum's grid, then the tube's lines
    flux: Array = field(repr=False)  # (n_fine,): photons per bin or line, relative
    bins: NDArray[np.intp] = field(repr=False)
    """(n_fine,): coarse bin of each: many fine continuum bins share one, each line has its
    own."""
    n_continuum: int  # number of fine energies of the continuum

    @property
    def n_bins(self) -> int:
        """Number of coarse bins."""
        return int(self.bins.max()) + 1

    def binned(self, values: Array) -> Array:
        """Averages over the photons of each coarse bin, (..., n_fine) -> (..., n_bins)."""
        weights = np.zeros((self.energies.size, self.n_bins))
        weights[np.arange(self.energies.size), self.bins] = np.maximum(self.flux, 1e-300)
        return np.asarray(values @ (weights / weights.sum(axis=0)))

    def bin_flux(self) -> Array:
        """Photons of each coarse bin."""
        return np.bincount(self.bins, self.flux, self.n_bins).astype(np.float64)

    def times(self, transmission: Array) -> Beam:
        """Beam behind an absorber of the given transmission, (n_fine,)."""
        return Beam(self.energies, self.flux * transmission, self.bins, self.n_continuum)


def available_tubes() -> dict[tuple[str, float], str]:
    """Anode and voltage [kV] of the shipped tables, with their file names."""
    found = {}
    for entry in resources.files("skxrf.simulation").joinpath("data").iterdir():
        if entry.name.startswith("tube_"):
            _, anode, voltage = entry.name.removesuffix(".csv").split("_")
            found[anode.capitalize(), float(voltage.removesuffix("kv"))] = entry.name
    return found


def tube_beam(anode: str, voltage: float) -> Beam:
    """The spectrum that leaves the anode, from a shipped table.

    `voltage`: tube voltage [kV]. Returns photons per mAs and cm2 at 1 m, continuum of 0.1 keV and
    the anode's K and L lines.
    """
    tubes = available_tubes()
    if (anode, float(voltage)) not in tubes:
        known = ", ".join(f"{symbol} at {kilovolt:g} kV" for symbol, kilovolt in sorted(tubes))
        raise SkxrfError(
            f"no table for an {anode} tube at {voltage:g} kV: there are {known}; make another "
            "with tools/make_tube_table.py of the source code."
        )
    text = (
        resources.files("skxrf.simulation")
        .joinpath("data", tubes[anode, float(voltage)])
        .read_text(encoding="utf-8")
    )
    energies, flux, line_energies, line_flux = [], [], [], []
    for row in text.splitlines():
        if row.startswith("#"):
            continue
        kind, name, value = row.split(",")
        if kind == "continuum":
            energies.append(float(name))
            flux.append(float(value))
        else:
            group = line_group(name, tube_voltage=voltage)
            line_energies += group.energies.tolist()
            line_flux += (group.intensities * float(value)).tolist()
    step = energies[1] - energies[0]
    coarse = np.clip(np.digitize(energies, _COARSE) - 1, 0, None)
    _, coarse = np.unique(coarse, return_inverse=True)
    lines = coarse.max() + 1 + np.arange(len(line_energies))
    return Beam(
        np.array(energies + line_energies),
        np.array([*(step * np.array(flux)), *line_flux]),
        np.concatenate([coarse, lines]),
        len(energies),
    )
