"""Accuracy of the energy axis and of the resolution found from a painting's own lines.

One row for each simulated painting and each measured file, and a summary.
"""

from __future__ import annotations

import pickle
import time
import warnings
from pathlib import Path
from typing import Any

import click
import h5py
import numpy as np
from numpy.typing import NDArray

from benchmarks.calibration_problems import Problem, draw_problem
from benchmarks.measured_files import acrylic, m6_spectrum, pure_element
from benchmarks.tables import DATA, REAL_SCAN, RESULTS, write_rows
from skxrf.exceptions import EnergyAxisError
from skxrf.preprocessing import EnergyCalibrator
from skxrf.spectrum_fit._axis_fit import fit_energy_axis

ENERGIES = (2.0, 6.4, 10.5, 15.0, 22.0)
# The dose from which on the library promises an accuracy.
ENOUGH = 1e6

Array = NDArray[np.float64]


@click.command("calibration")
@click.option("--problems", default=120, show_default=True, help="Number of simulated paintings.")
@click.option("--keep", type=click.Path(path_type=Path), help="Folder to keep the spectra in.")
def main(problems: int, keep: Path | None) -> None:
    """Errors of the energy axis and of the resolution found in a painting's own lines."""
    rows = []
    for seed in range(problems):
        rows.append(simulated(seed, problem(seed, keep)))
        print("  ".join(str(value) for value in rows[-1].values()), flush=True)
    summary = summarized(rows)
    write_rows(RESULTS / "calibration.csv", [*rows, *measured_rows()])
    click.echo(write_rows(RESULTS / "calibration_summary.csv", summary).to_string(index=False))


def problem(seed: int, folder: Path | None) -> Problem:
    """The problem of a seed, from the folder if it is there."""
    if folder is None:
        return draw_problem(seed)
    path = folder / f"p_{seed}.pkl"
    if path.exists():
        with path.open("rb") as file:
            kept: Problem = pickle.load(file)
            return kept
    drawn = draw_problem(seed)
    folder.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        pickle.dump(drawn, file)
    return drawn


def calibrated(counts: Array, nominal: Array, true: Array | None, fwhm: float) -> dict[str, Any]:
    """Errors before and after, empty where the axis does not reach or nothing is known."""
    start = time.process_time()
    fit = fit_energy_axis(counts, nominal)
    row: dict[str, Any] = {}
    for energy in ENERGIES:
        name = f"error_ev_{energy:g}"
        reached = true is not None and true[-1] > energy
        if fit is None or not reached:
            row[name] = ""
        else:
            row[name] = round(1000 * float(np.interp(energy, true, fit.energy - true)), 2)
    if fit is None:
        return row | {"fwhm_ev": "", "fwhm_error_percent": "", "standard_error_ev_6.4": ""}
    found = float(fit.resolution.fwhm(5.895))
    return row | {
        "moved_ev_6.4": round(1000 * float(np.interp(6.4, fit.energy, fit.energy - nominal)), 1),
        "fwhm_ev": round(1000 * found, 1),
        "fwhm_error_percent": "" if np.isnan(fwhm) else round(100 * (found / fwhm - 1), 2),
        "standard_error_ev_6.4": round(1000 * fit.errors["6.4 keV"], 2),
        "chi_square": round(fit.chi_square, 2),
        "anode_found": fit.scatter or "",
        "n_groups": len(fit.groups),
        "brightest": " ".join(fit.groups[:6]),
        "cpu_s": round(time.process_time() - start, 2),
    }


def simulated(seed: int, drawn: Problem) -> dict[str, Any]:
    """One simulated painting."""
    row = calibrated(drawn.counts, drawn.nominal, drawn.true, drawn.fwhm)
    found = {"searched_axis": searched(drawn.counts, drawn.true)}
    return {"case": f"simulated {seed}"} | drawn.settings | row | found


def searched(counts: Array, true: Array) -> str:
    """Outcome without any nominal axis: right to 20 eV over 2-15 keV, wrong, or refused."""
    try:
        with warnings.catch_warnings(action="ignore"):
            found = EnergyCalibrator().fit(counts[None]).calibrated_energy_
    except EnergyAxisError:
        return "refused"
    lines = (true > 2.0) & (true < 15.0)
    return "right" if np.max(np.abs(found - true)[lines]) < 0.02 else "wrong"


def measured_rows() -> list[dict[str, Any]]:
    """The measured files; where no truth is known, how far the axis moved from the nominal."""
    if not DATA.exists():
        return []
    cases: list[tuple[str, Array, Array, Array | None]] = []
    with h5py.File(REAL_SCAN) as file:
        counts = file["counts"][:].sum(axis=(0, 1), dtype=np.float64)
        offset = file.attrs["energy_offset_keV_from_file"]
        gain = file.attrs["energy_slope_keV_from_file"]
        true = file["energy_keV"][:].astype(np.float64)
        cases.append(("real scan", counts, offset + gain * np.arange(counts.size), true))
    with h5py.File(DATA / "pixl_rock_maps.h5") as file:
        for name in ("naltsos_sol125", "laguna_salinas"):
            for detector in "AB":
                group = file[name]
                counts = group[f"counts_{detector}"][:].sum(axis=0, dtype=np.float64)
                offset = float(group.attrs[f"eV_offset_{detector}"]) / 1000
                gain = float(group.attrs[f"eV_per_channel_{detector}"]) / 1000
                nominal = offset + gain * np.arange(counts.size)
                cases.append((f"PIXL {name} {detector}", counts, nominal, None))
    with h5py.File(DATA / "orbis_garnet.h5") as file:
        counts = file["counts"][:].sum(axis=(0, 1), dtype=np.float64)
        cases.append(("Orbis garnet", counts, 0.01 * np.arange(counts.size), None))
    singles = [m6_spectrum(), acrylic("Mo", "f1"), acrylic("Rh", "f1")]
    singles += [pure_element(name) for name in ("Steel", "Cu", "Fe", "Ti", "Zr", "Sn", "S")]
    # The instruments calibrate themselves to a few eV: their axis is taken as true.
    cases += [(f"Bruker {m.name}", m.counts, m.energy, m.energy) for m in singles]
    return [
        {"case": name, "total_counts": round(float(counts.sum()))}
        | calibrated(counts, nominal, true, np.nan)
        for name, counts, nominal, true in cases
    ]


def summarized(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Median, 95th percentile and worst error; shares above 5 and 20 eV, or 3 and 6 %."""
    table = []
    for least, named in ((0.0, "all"), (ENOUGH, "1e6 counts or more")):
        chosen = [row for row in rows if row["total_counts"] >= least]
        columns = [f"error_ev_{energy:g}" for energy in ENERGIES] + ["fwhm_error_percent"]
        for column in columns:
            found = np.array([abs(row[column]) for row in chosen if row[column] != ""])
            missed = sum(row["fwhm_ev"] == "" for row in chosen)
            limits = (3.0, 6.0) if column.startswith("fwhm") else (5.0, 20.0)
            table.append(
                {
                    "paintings": named,
                    "quantity": column,
                    "n": found.size,
                    "not_calibrated": missed,
                    "median": round(float(np.median(found)), 2),
                    "95th_percentile": round(float(np.percentile(found, 95)), 2),
                    "worst": round(float(found.max()), 2),
                    "share_above_5_eV_or_3_percent": round(float(np.mean(found > limits[0])), 3),
                    "share_above_20_eV_or_6_percent": round(float(np.mean(found > limits[1])), 3),
                }
            )
    for answer in ("right", "refused", "wrong"):
        share = sum(row["searched_axis"] == answer for row in rows) / len(rows)
        table.append(
            {"paintings": "all", "quantity": f"no nominal axis: {answer}", "n": round(share, 4)}
        )
    return table
