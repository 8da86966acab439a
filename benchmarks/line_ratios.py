"""Shares of the lines within each line group, by the library (xraylib) and by fisx."""

from __future__ import annotations

import click
import numpy as np

from benchmarks.accuracy.independent.lines import line_shares
from benchmarks.tables import RESULTS, write_rows
from skxrf.pretrained._axis import LINE_GROUPS

VOLTAGE = 50.0  # kV
# Lines below this share of their group are left out.
_LEAST_SHARE = 0.01


@click.command("line-ratios")
def main() -> None:
    """Lines within each line group of the shipped model against fisx."""
    rows = []
    for name in LINE_GROUPS:
        group, fisx, known = line_shares(name, VOLTAGE)
        own = np.where(known, group.intensities, 0.0)
        own = own / own.sum()
        rows += [
            {
                "line_group": name,
                "line": line,
                "energy_kev": round(float(energy), 4),
                "share": round(float(share), 5),
                "share_fisx": round(float(other), 5),
                "ratio": round(float(other / share), 4),
            }
            for line, energy, share, other in zip(
                group.lines, group.energies, own, fisx, strict=True
            )
            if share > _LEAST_SHARE
        ]
    click.echo(write_rows(RESULTS / "line_ratios.csv", rows).to_string(index=False))
