"""Fluorescence of layer stacks by fisx, the reference for secondary fluorescence in multilayers.

    python -m benchmarks.fisx_reference

writes ``results/fisx_reference.csv``: for each stack and line group the rates by fisx and by the
forward model, for the same photons, angles and compositions. fisx (Sole 2013, MIT licence) takes
seconds a stack, so its numbers are stored; a test compares the forward model with them.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from skxrf.physics import _xraylib
from skxrf.simulation._beam import Beam, tube_beam
from skxrf.simulation._tables import line_tables
from skxrf.simulation._transport import Geometry, fluorescence

__all__ = ["GEOMETRY", "STACKS", "forward_model", "reference_beam"]

RESULTS = Path(__file__).parent / "results" / "fisx_reference.csv"
GEOMETRY = Geometry(incidence=90.0, take_off=45.0)
VOLTAGE = 50.0

AZURITE, MALACHITE, LEAD_WHITE = "Cu3C2H2O8", "Cu2CH2O5", "Pb3C2H2O8"
GYPSUM, CHALK, OCHRE, VERMILION = "CaSH4O6", "CaCO3", "FeHO2", "HgS"
# Layers from above: (shares by weight of formulas, areal mass [mg/cm2]).
STACKS: dict[str, list[tuple[dict[str, float], float]]] = {
    "azurite on gypsum": [({AZURITE: 1}, 10), ({GYPSUM: 1}, 60)],
    "azurite with ochre over lead white": [
        ({AZURITE: 9, "Fe2O3": 1}, 20), ({LEAD_WHITE: 1}, 10), ({GYPSUM: 1}, 60)],
    "thick azurite with iron": [({AZURITE: 95, "Fe2O3": 5}, 80)],
    "lead white over azurite": [({LEAD_WHITE: 1}, 6), ({AZURITE: 1}, 20), ({GYPSUM: 1}, 60)],
    "thin lead white over malachite": [({LEAD_WHITE: 1}, 2), ({MALACHITE: 1}, 15)],
    "chromium oxide over gypsum": [({"Cr2O3": 1}, 4), ({GYPSUM: 1}, 60)],
    "chromium oxide with chalk": [({"Cr2O3": 1, CHALK: 1}, 12), ({CHALK: 1}, 60)],
    "vermilion over lead white": [({VERMILION: 1}, 6), ({LEAD_WHITE: 1}, 10), ({GYPSUM: 1}, 60)],
    "thin vermilion": [({VERMILION: 1}, 0.5), ({CHALK: 1}, 60)],
    "gypsum": [({GYPSUM: 1}, 100)],
    "chalk": [({CHALK: 1}, 100)],
    "hematite, thick": [({"Fe2O3": 1}, 500)],
    "ochre over chalk": [({OCHRE: 1, "SiO2": 1}, 8), ({CHALK: 1}, 80)],
    "gold on bole": [({"Au": 1}, 0.4), ({OCHRE: 1, "Al2Si2H4O9": 3}, 5), ({GYPSUM: 1}, 80)],
    "umber": [({OCHRE: 6, "MnO2": 2, "SiO2": 3, CHALK: 1}, 12), ({GYPSUM: 1}, 80)],
    "chrome yellow": [({"PbCrO4": 1}, 8), ({LEAD_WHITE: 1}, 10)],
    "orpiment over lead white": [({"As2S3": 1}, 6), ({LEAD_WHITE: 1}, 12)],
    "zinc white with titanium white": [({"ZnO": 1, "TiO2": 1}, 10), ({CHALK: 1}, 60)],
    "cobalt blue over barite": [({"CoAl2O4": 1}, 8), ({"BaSO4": 1}, 15)],
    "smalt": [({"SiO2": 65, "K2O": 14, "CoO": 5, "As2O3": 3, "Fe2O3": 1}, 15), ({CHALK: 1}, 60)],
    "strontium yellow": [({"SrCrO4": 1}, 6), ({"ZnO": 1}, 10)],
    "cadmium red": [({"CdS": 3, "CdSe": 1}, 8), ({"BaSO4": 1}, 15)],
    "lead-tin yellow": [({"Pb2SnO4": 1}, 8), ({CHALK: 1}, 60)],
    "varnished malachite": [({"C10H16O": 1}, 3), ({MALACHITE: 1}, 12), ({GYPSUM: 1}, 60)],
    "brass": [({"Cu": 7, "Zn": 3}, 400)],
}  # fmt: skip


def reference_beam() -> Beam:
    """A Rh tube behind 50 um of beryllium-like filter, as 60 single energies."""
    tube = tube_beam("Rh", VOLTAGE)
    energies = tube.binned(tube.energies)
    flux = tube.bin_flux() * np.exp(-((2.0 / energies) ** 3))
    chosen = np.flatnonzero(flux > 2e-4 * flux.sum())
    thinned = np.unique(np.r_[chosen[::2], chosen[energies[chosen] > 20]])
    return Beam(energies[thinned], flux[thinned], np.arange(thinned.size), thinned.size)


def mass_fractions(shares: dict[str, float]) -> dict[str, float]:
    """Mass fractions of elements in a mixture of formulas by weight."""
    total: dict[str, float] = {}
    for formula, share in shares.items():
        for symbol, fraction in _xraylib.mass_fractions(formula).items():
            total[symbol] = total.get(symbol, 0.0) + share * fraction
    whole = sum(total.values())
    return {symbol: value / whole for symbol, value in total.items()}


def forward_model(*, secondary: bool = True) -> dict[tuple[str, str], float]:
    """Rate of each line group of each stack, by the forward model."""
    beam = reference_beam()
    stacks = {
        name: [(mass_fractions(shares), mass / 1000) for shares, mass in layers]
        for name, layers in STACKS.items()
    }
    elements = tuple(sorted({e for layers in stacks.values() for c, _ in layers for e in c}))
    tables = line_tables(elements, beam, VOLTAGE)
    depth = max(len(layers) for layers in stacks.values())
    compositions = np.zeros((len(stacks), depth, len(elements)))
    masses = np.zeros((len(stacks), depth))
    for i, layers in enumerate(stacks.values()):
        for j, (composition, mass) in enumerate(layers):
            compositions[i, j] = [composition.get(symbol, 0.0) for symbol in elements]
            masses[i, j] = mass
    photons = (
        fluorescence(compositions, masses, tables, beam.bin_flux(), GEOMETRY, secondary=secondary)
        / beam.flux.sum()
    )
    rates: dict[tuple[str, str], float] = {}
    for i, name in enumerate(stacks):
        for group in np.unique(tables.groups):
            rate = float(photons[i, tables.groups == group].sum())
            if rate > 0:
                rates[name, str(group)] = rate
    return rates


def fisx_rates(name: str, library: Any, beam: Beam) -> dict[str, tuple[float, float]]:
    """Rate of each line group of one stack by fisx: in total, and without other lines' help."""
    import fisx

    xrf = fisx.XRF()
    n = beam.energies.size
    xrf.setBeam(beam.energies.tolist(), (beam.flux / beam.flux.sum()).tolist(), [1] * n, [1.0] * n)
    layers, symbols = [], set()
    for i, (shares, mass) in enumerate(STACKS[name]):
        composition = mass_fractions(shares)
        symbols |= set(composition)
        material = fisx.Material(f"{name} {i}", 1.0, 1.0)
        material.setComposition(composition)
        library.addMaterial(material, errorOnReplace=0)
        layers.append([f"{name} {i}", 1.0, mass / 1000])
    xrf.setSample(layers)
    xrf.setGeometry(GEOMETRY.incidence, GEOMETRY.take_off)
    families = [f"{s} {shell}" for s in sorted(symbols) for shell in "KLM"]
    result = {}
    for secondary in (2, 0):
        rates = xrf.getMultilayerFluorescence(families, library, secondary, 0, 1)
        for family, by_layer in rates.items():
            total = sum(line["rate"] for lines in by_layer.values() for line in lines.values())
            result.setdefault(family.replace(" ", "_"), []).append(total)
    return {group: (values[0], values[-1]) for group, values in result.items()}


def main() -> None:
    """Compute all stacks with both codes and write the table."""
    import fisx
    from fisx import DataDir

    library = fisx.Elements(DataDir.FISX_DATA_DIR)
    library.initializeAsPyMca()
    beam = reference_beam()
    own, primary = forward_model(), forward_model(secondary=False)
    with RESULTS.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["stack", "line_group", "fisx", "fisx_primary", "forward_model", "forward_primary"]
        )
        for name in STACKS:
            for group, (rate, first) in fisx_rates(name, library, beam).items():
                if rate > 0 and (name, group) in own:
                    row = [rate, first, own[name, group], primary.get((name, group), 0.0)]
                    writer.writerow([name, group, *(f"{value:.6g}" for value in row)])
            print(f"{name} done", flush=True)
    print(f"wrote {RESULTS}")


def stored() -> dict[tuple[str, str], float]:
    """The stored rates by fisx."""
    with RESULTS.open(newline="") as file:
        return {(r["stack"], r["line_group"]): float(r["fisx"]) for r in csv.DictReader(file)}


if __name__ == "__main__":
    main()
