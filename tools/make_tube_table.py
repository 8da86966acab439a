"""Make the table of a tube spectrum with SpekPy; the table is package data.

    python -m pip install spekpy
    python tools/make_tube_table.py Rh 50

writes ``skxrf/simulation/data/tube_rh_50kv.csv``. SpekPy: Poludniowski, Omar, Bujila & Andreo 2021, Med. Phys. 48,
3630 (MIT licence); it knows tungsten, molybdenum, rhodium and silver anodes, among others.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from skxrf.exceptions import LineGroupError
from skxrf.physics import line_group

DATA = Path(__file__).parents[1] / "skxrf" / "simulation" / "data"
STEP = 0.1  # keV
# Angle between the anode's surface and the beam [degrees]; 12 is SpekPy's own default.
ANODE_ANGLE = 12.0
# SpekPy gives photons per cm2, mAs and keV at this distance [cm], before any window.
DISTANCE = 100.0


def main(arguments: list[str] | None = None) -> Path:
    """Make one table; return its path."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("anode", help="chemical symbol, such as Rh")
    parser.add_argument("voltage", type=float, help="tube voltage [kV]")
    parser.add_argument("--angle", type=float, default=ANODE_ANGLE, help="anode angle [degrees]")
    options = parser.parse_args(arguments)
    return write_table(options.anode, options.voltage, options.angle)


def write_table(anode: str, voltage: float, angle: float) -> Path:
    """Write continuum and lines of a tube to the package's data folder."""
    import spekpy

    settings = {
        "kvp": voltage, "th": angle, "targ": anode, "dk": STEP, "physics": "kqp",
        "mu_data_source": "pene", "z": DISTANCE, "mas": 1.0,
    }  # fmt: skip
    energies, total = spekpy.Spek(**settings).get_spectrum(edges=False)
    _, continuum = spekpy.Spek(**settings, char=False).get_spectrum(edges=False)
    lines = np.maximum(total - continuum, 0) * STEP
    path = DATA / f"tube_{anode.lower()}_{voltage:g}kv.csv"
    rows = [
        f"# {anode} tube, {voltage:g} kV, anode angle {angle:g} degrees, no window or filter",
        f"# SpekPy {spekpy.__version__}, physics kqp, PENELOPE attenuation",
        f"# photons per cm2, mAs (and keV) at {DISTANCE:g} cm",
    ]
    # SpekPy bins its lines; the table holds exact energies and the intensity of each shell.
    for shell in "KL":
        try:
            group = line_group(f"{anode}_{shell}", tube_voltage=voltage)
        except LineGroupError:
            continue  # this voltage does not excite the shell
        low, high = group.energies.min() - 2 * STEP, group.energies.max() + 2 * STEP
        inside = (energies > low) & (energies < high)
        rows.append(f"line,{group.name},{lines[inside].sum():.5g}")
    rows += [
        f"continuum,{energy:.2f},{flux:.5g}"
        for energy, flux in zip(energies, continuum, strict=True)
    ]
    path.write_text("\n".join(rows) + "\n")
    return path


if __name__ == "__main__":
    print(main())
