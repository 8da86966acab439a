"""Fluorescence of layer stacks by fisx, the reference for secondary fluorescence in multilayers.

``results/fisx_reference.csv`` contains for each stack and line group the rates by fisx and by the
forward model, for the same photons, angles and compositions. fisx (Sole 2013, MIT licence) takes
seconds a stack, so its numbers are stored; a test compares the forward model with them.

``results/fisx_l_production.csv`` contains what single atoms do: the production cross section of
each L group by fisx (yields and Coster-Kronig rates of Chen, Crasemann & Mark 1981, Phys. Rev. A
24, 177) and by xraylib (Krause 1979, J. Phys. Chem. Ref. Data 8, 307, some replaced by later
measurements). With fisx's put into the forward model, column ``forward_fisx_l``, what is left is
transport.
"""

from __future__ import annotations

import csv
from dataclasses import replace
from typing import Any

import click
import numpy as np

from benchmarks.tables import RESULTS as FOLDER
from benchmarks.tables import write_rows
from skxrf.physics import _xraylib
from skxrf.simulation._beam import Beam, tube_beam
from skxrf.simulation._tables import LineTables, line_tables
from skxrf.simulation._transport import Geometry, fluorescence

RESULTS = FOLDER / "fisx_reference.csv"
L_PRODUCTION = RESULTS.with_name("fisx_l_production.csv")
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


def forward_model(*, secondary: bool = True, fisx_l: bool = False) -> dict[tuple[str, str], float]:
    """Rate of each line group of each stack, by the forward model.

    With `fisx_l`, single atoms emit as many L photons as fisx states.
    """
    beam = reference_beam()
    stacks = {
        name: [(mass_fractions(shares), mass / 1000) for shares, mass in layers]
        for name, layers in STACKS.items()
    }
    elements = tuple(sorted({e for layers in stacks.values() for c, _ in layers for e in c}))
    tables = line_tables(elements, beam, VOLTAGE)
    if fisx_l:
        tables = with_production(tables, l_production())
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


def with_production(
    tables: LineTables, production: dict[str, list[tuple[float, float, float]]]
) -> LineTables:
    """Tables whose L groups have fisx's production cross sections, shares of lines as they are."""
    at_bins, at_lines = tables.production_bins.copy(), tables.production_lines.copy()
    for group, rows in production.items():
        energy, fisx, own = np.array(rows).T
        mine = tables.groups == group
        at_bins[mine] *= np.interp(tables.bin_energies, energy, fisx / own)
        at_lines[mine] *= np.interp(tables.energies, energy, fisx / own)
    return replace(tables, production_bins=at_bins, production_lines=at_lines)


def l_production() -> dict[str, list[tuple[float, float, float]]]:
    """Stored energies [keV] and L production cross sections [cm2/g] of fisx and xraylib."""
    found: dict[str, list[tuple[float, float, float]]] = {}
    with L_PRODUCTION.open(newline="") as file:
        for row in csv.DictReader(file):
            values = (float(row[name]) for name in ("energy_kev", "fisx", "xraylib"))
            found.setdefault(row["line_group"], []).append(tuple(values))
    return found


def write_l_production(library: Any, beam: Beam) -> None:
    """Compute and store the L production of all elements of the stacks that have lines in use."""
    elements = sorted(
        {e for layers in STACKS.values() for c, _ in layers for e in mass_fractions(c)}
    )
    tables = line_tables(tuple(elements), beam, VOLTAGE)
    rows = []
    for group in np.unique(tables.groups):
        if not group.endswith("_L"):
            continue
        lines = np.flatnonzero(tables.groups == group)
        symbol, softest = group.split("_")[0], float(tables.energies[lines].min()) - 0.05
        own = tables.production_bins[lines].sum(axis=0)
        for energy, value in zip(tables.bin_energies, own, strict=True):
            factors = library.getExcitationFactors(symbol, [float(energy)], [1.0])
            rate = sum(
                line["rate"]
                for name, line in factors.items()
                if name.startswith("L") and line["energy"] > softest
            )
            if rate > 0 and value > 0:
                named = {"fisx": rate, "xraylib": value, "ratio": value / rate}
                rounded = {column: f"{v:.5g}" for column, v in named.items()}
                rows.append({"line_group": group, "energy_kev": f"{energy:.4f}", **rounded})
    write_rows(L_PRODUCTION, rows)


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


@click.command("fisx")
@click.option("--keep-fisx", is_flag=True, help="Take the stored rates by fisx, which are slow.")
def main(keep_fisx: bool) -> None:
    """Fluorescence of layer stacks by the forward model and by fisx."""
    import fisx
    from fisx import DataDir

    library = fisx.Elements(DataDir.FISX_DATA_DIR)
    library.initializeAsPyMca()
    beam = reference_beam()
    write_l_production(library, beam)
    own, primary = forward_model(), forward_model(secondary=False)
    same_l = forward_model(fisx_l=True)
    known = stored() if keep_fisx else {}
    rows = []
    for name in STACKS:
        rates = (
            {group: pair for (stack, group), pair in known.items() if stack == name}
            if known
            else fisx_rates(name, library, beam)
        )
        for group, (rate, first) in rates.items():
            key = name, group
            if rate > 0 and key in own:
                values = {
                    "fisx": rate,
                    "fisx_primary": first,
                    "forward_model": own[key],
                    "forward_primary": primary.get(key, 0.0),
                    "forward_fisx_l": same_l[key],
                }
                rounded = {column: f"{value:.6g}" for column, value in values.items()}
                rows.append({"stack": name, "line_group": group, **rounded})
        print(f"{name} done", flush=True)
    write_rows(RESULTS, rows)


def stored() -> dict[tuple[str, str], tuple[float, float]]:
    """The stored rates by fisx, with and without secondary fluorescence."""
    with RESULTS.open(newline="") as file:
        return {
            (r["stack"], r["line_group"]): (float(r["fisx"]), float(r["fisx_primary"]))
            for r in csv.DictReader(file)
        }
