"""How good the maps are: ``python -m benchmarks.accuracy``.

Runs what is missing in ``benchmarks/results/accuracy.csv`` and writes the tables from it.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from benchmarks.accuracy.methods import METHODS, Method, maps_by, rivals
from benchmarks.accuracy.paintings import ELEMENTS, PAINTINGS, TestPainting, load_painting
from benchmarks.accuracy.tables import MAIN, RESULTS, write_tables

COUNTS = (500.0, 5000.0, 50_000.0)
# Errors of the axis that the cube claims: 1 % in gain, 20 eV in zero.
WRONG_GAIN, WRONG_ZERO = 1.01, 0.02
_KEYS = ["method", "palette", "instrument", "counts"]
SEED = 1


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=__doc__)
    parser.add_argument("--methods", help="names, separated by semicolons; default: all")
    parser.add_argument("--again", action="store_true", help="repeat what is there")
    parser.add_argument(
        "--seconds",
        type=float,
        default=1200.0,
        help="training of each published network at each dose; 0 leaves them out",
    )
    parser.add_argument(
        "--counts", type=float, help="only paintings of so many counts a pixel; default: all"
    )
    options = parser.parse_args(arguments)
    chosen = [*METHODS, *_wrong_axis(), *rivals(options.seconds)]
    if options.methods:
        wanted = options.methods.split(";")
        chosen = [method for method in chosen if method.name in wanted]
    for method in chosen:
        # Rivals learnt the axis and the beam of the M6: only there can they be compared.
        of_m6 = [(palette, name) for palette, name in PAINTINGS if name == "M6"]
        paintings = PAINTINGS if method in METHODS else of_m6
        for palette, instrument in paintings:
            # The test icon at all doses, the others at the usual one.
            for counts in COUNTS if (palette, instrument) == MAIN else COUNTS[1:2]:
                if options.counts not in (None, counts):
                    continue
                _run(method, palette, instrument, counts, options.again)
    write_tables()


def _wrong_axis() -> list[Method]:
    method = METHODS[0]

    def maps(cube: xr.DataArray, mean_counts: float) -> xr.Dataset:
        energy = WRONG_ZERO + WRONG_GAIN * cube["energy"].to_numpy()
        return method.maps(cube.assign_coords(energy=energy), mean_counts)

    description = "the same, of a cube whose axis is wrong by 1 % in gain and 20 eV in zero"
    return [Method("shipped, wrong axis", description, maps)]


def _run(method: Method, palette: str, instrument: str, counts: float, again: bool) -> None:
    key = (method.name, palette, instrument, counts)
    _, same = _stored(key)
    if same.any() and not again:
        return
    painting = load_painting(palette, instrument)
    cube = painting.counts(counts, SEED)
    maps, seconds = maps_by(method, cube, counts)
    rows = pd.DataFrame(scores(maps, painting, counts))
    rows.insert(0, "seconds", round(seconds, 2))
    for name, value in reversed(list(zip(_KEYS, key, strict=True))):
        rows.insert(0, name, value)
    RESULTS.parent.mkdir(exist_ok=True)
    table, same = _stored(key)  # another run may have written since
    kept = table[~same]
    pd.concat([kept, rows] if len(kept) else [rows]).to_csv(RESULTS, index=False)
    worst = rows.loc[rows["ratio"].idxmax()]
    print(
        f"{method.name}, {palette} {instrument}, {counts:g} counts: {seconds:.0f} s, mean of "
        f"RMSE/bound {rows['ratio'].mean():.2f}, worst {worst['element']} {worst['ratio']:.2f}",
        flush=True,
    )


def _stored(key: tuple[str, str, str, float]) -> tuple[pd.DataFrame, pd.Series]:
    """The results, and which rows are those of a method on a painting at a dose."""
    table = pd.read_csv(RESULTS) if RESULTS.exists() else pd.DataFrame(columns=_KEYS)
    return table, (table[_KEYS].astype(object) == np.array(key, dtype=object)).all(axis=1)


def scores(
    maps: xr.Dataset, painting: TestPainting, counts: float, names: Sequence[str] = ELEMENTS
) -> list[dict[str, object]]:
    """Errors of each of some line groups, the paper's eleven, that the painting holds."""
    bound = painting.bound(counts)
    rows = []
    for name in names:
        if name not in painting.groups:
            continue
        truth = painting.truth[..., painting.groups.index(name)] * counts
        limit = np.sqrt(np.square(bound[..., painting.groups.index(name)]).mean())
        if name in maps["element"].to_numpy():
            values = maps["intensity"].sel(element=name).to_numpy()
        else:
            values = np.zeros_like(truth)  # not found: the map is empty
        error = values - truth
        rmse = float(np.sqrt(np.square(error).mean()))
        row: dict[str, object] = {
            "element": name,
            "mean_counts": round(float(truth.mean()), 3),
            "bound": round(float(limit), 4),
            "rmse": round(rmse, 4),
            "ratio": round(rmse / limit, 4),
            "bias": round(float(error.mean()), 4),
        }
        if "uncertainty" in maps and name in maps["element"].to_numpy():
            sigma = maps["uncertainty"].sel(element=name).to_numpy()
            there = truth > 2 * sigma
            row["pixels_above_two_errors"] = int(there.sum())
            if there.sum() >= 50:
                row["within_one"] = round(float((np.abs(error) < sigma)[there].mean()), 4)
                row["within_two"] = round(float((np.abs(error) < 2 * sigma)[there].mean()), 4)
        rows.append(row)
    return rows


if __name__ == "__main__":
    main()
