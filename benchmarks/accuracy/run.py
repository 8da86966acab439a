"""Accuracy of maps: the shipped model and rivals on paintings that no training saw; resumable."""

from __future__ import annotations

import click
import pandas as pd
import xarray as xr

from benchmarks.accuracy.errors import map_errors
from benchmarks.accuracy.methods import METHODS, Method, maps_by, rivals
from benchmarks.accuracy.paintings import PAINTINGS, load_painting
from benchmarks.accuracy.tables import MAIN, write_accuracy_page
from benchmarks.run import chosen
from benchmarks.tables import RESULTS, ResultTable

COUNTS = (500.0, 5000.0, 50_000.0)
# Errors of the axis that the cube claims: 1 % in gain, 20 eV in zero.
WRONG_GAIN, WRONG_ZERO = 1.01, 0.02
KEYS = ["method", "palette", "instrument", "counts"]
SEED = 1


@click.command("accuracy")
@click.option("--method", "-m", multiple=True, help="Name of a method. Default: all.")
@click.option("--again", is_flag=True, help="Repeat what is there.")
@click.option(
    "--seconds",
    default=1200.0,
    show_default=True,
    help="Training of each published network at each dose [s]; 0 leaves them out.",
)
@click.option("--counts", type=float, help="Only this dose [counts a pixel]. Default: all.")
def main(method: tuple[str, ...], again: bool, seconds: float, counts: float | None) -> None:
    """Errors of maps in units of the Cramer-Rao bound, on held-out palettes and scanners.

    Resumes where it was stopped.
    """
    methods = {one.name: one for one in [*METHODS, _wrong_axis(), *rivals(seconds)]}
    table = ResultTable(RESULTS / "accuracy.csv", KEYS)
    for one in chosen(methods, method, "--method"):
        # Rivals learned the axis and the beam of the M6: only there can they be compared.
        for palette, instrument in PAINTINGS:
            if instrument != "M6" and one not in METHODS:
                continue
            # The test icon at all doses, the others at the usual one.
            for dose in COUNTS if (palette, instrument) == MAIN else COUNTS[1:2]:
                key = (one.name, palette, instrument, dose)
                if counts in (None, dose) and (again or key not in table.done()):
                    _run(table, one, key)
    write_accuracy_page(RESULTS)


def _wrong_axis() -> Method:
    """The first method on a cube whose axis is wrong."""
    method = METHODS[0]

    def maps(cube: xr.DataArray, mean_counts: float) -> xr.Dataset:
        energy = WRONG_ZERO + WRONG_GAIN * cube["energy"].to_numpy()
        return method.maps(cube.assign_coords(energy=energy), mean_counts)

    description = "the same, of a cube whose axis is wrong by 1 % in gain and 20 eV in zero"
    return Method("shipped, wrong axis", description, maps)


def _run(table: ResultTable, method: Method, key: tuple[str, str, str, float]) -> None:
    _, palette, instrument, counts = key
    painting = load_painting(palette, instrument)
    maps, seconds = maps_by(method, painting.counts(counts, SEED), counts)
    rows = pd.DataFrame(map_errors(maps, painting, counts))
    rows.insert(0, "seconds", round(seconds, 2))
    table.put(key, rows)
    worst = rows.loc[rows["ratio"].idxmax()]
    print(
        f"{method.name}, {palette} {instrument}, {counts:g} counts: {seconds:.0f} s, mean of "
        f"RMSE/bound {rows['ratio'].mean():.2f}, worst {worst['element']} {worst['ratio']:.2f}",
        flush=True,
    )
