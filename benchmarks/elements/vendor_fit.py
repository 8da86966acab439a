"""Fit of certified rocks against the fit of the instrument's own program."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import click
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.tables import DATA, RESULTS, write_rows
from skxrf.linear_model import TemplateFitRegressor
from skxrf.spectrum_fit._elements import find_elements
from skxrf.spectrum_fit._tube import infer_tube

__all__ = ["chi_square", "main", "read_epsilon"]

Array = NDArray[np.float64]


def read_epsilon(path: Path) -> tuple[dict[str, str], Array]:
    """Header and table of a spectrum of an Epsilon 1.

    Parameters
    ----------
    path : Path
        Text file.

    Returns
    -------
    header : dict of str to str
        Lines before the table.
    table : ndarray of shape (n_channels, 4)
        Energy [keV], counts, the program's background and fit.
    """
    lines = path.read_text(encoding="latin-1").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("Energy (keV)"))
    header = dict(re.findall(r"^(\S.*?)\s*: (.*?)\s*$", "\n".join(lines[:start]), re.MULTILINE))
    rows = [line.split("\t")[:4] for line in lines[start + 1 :] if line.strip()]
    return header, np.array(rows, dtype=float)


def chi_square(counts: Array, fit: Array) -> float:
    """Mean of Pearson's chi-square over channels; of a channel with at least one count expected."""
    return float(np.mean((counts - fit) ** 2 / np.maximum(fit, 1.0)))


@click.command("vendor-fit")
def main() -> None:
    """Chi-square per channel of certified rocks, ours and that of the instrument's program."""
    rows = []
    for path in sorted((DATA / "epsilon1_crm").glob("*.mp2")):
        header, table = read_epsilon(path)
        energy, counts, _, vendor = table.T
        anode, voltage = header["TubeAnode"].split()[0], float(header["kV"])
        found = find_elements(counts, energy, infer_tube(counts, energy, anode, voltage))
        model = TemplateFitRegressor(energy=energy, **found.pixel_fit(found.present))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(counts[None])
        mine = model.fitted_channels_
        both = vendor[mine] > 0
        rows.append(
            {
                "rock": header["SampleIdent"],
                "condition": f"{voltage:g} kV, {header['Filter']}",
                "channels": int(both.sum()),
                "ours": round(
                    chi_square(counts[mine][both], model.sum_spectrum_fit_.model[both]), 3
                ),
                "vendor": round(chi_square(counts[mine][both], vendor[mine][both]), 3),
                "line_groups": " ".join(found.present),
            }
        )
        print(rows[-1], flush=True)
    write_rows(RESULTS / "vendor_fit.csv", rows)
    print(pd.DataFrame(rows).drop(columns="line_groups").to_string(index=False))
