"""The shipped model on measured scans, which lie beside the project."""

from __future__ import annotations

import click
import h5py
import numpy as np
import pandas as pd
import xarray as xr

from benchmarks.tables import DATA, REAL_SCAN, RESULTS, write_rows
from skxrf.inference import predict_maps
from skxrf.linear_model import TemplateFitRegressor
from skxrf.pretrained import load_pretrained
from skxrf.pretrained._axis import LINE_GROUPS

PAINTING = (
    "Ca_K",
    "Ti_K",
    "Fe_K",
    "Cu_K",
    "Zn_K",
    "Hg_L",
    "Pb_L",
    "S_K",
    "K_K",
    "Cr_K",
    "Mn_K",
    "Sr_K",
)
ROCK = {
    "S_K": "SO3",
    "K_K": "K2O",
    "Ca_K": "CaO",
    "Ti_K": "TiO2",
    "Cr_K": "Cr2O3",
    "Mn_K": "MnO",
    "Fe_K": "FeO-T",
}


def painting() -> list[dict[str, object]]:
    """Shipped model on the axis that the instrument wrote, template fit on the true one."""
    with h5py.File(REAL_SCAN) as file:
        counts = file["counts"][()]
        true_axis = file["energy_keV"][()]
        offset = file.attrs["energy_offset_keV_from_file"]
        slope = file.attrs["energy_slope_keV_from_file"]
    X = counts.reshape(-1, counts.shape[2])
    fit = TemplateFitRegressor(energy=true_axis, anode="Ag").fit(X)
    areas = fit.predict(X)
    nominal = offset + slope * np.arange(counts.shape[2])
    cube = xr.DataArray(counts, dims=("y", "x", "energy"), coords={"energy": nominal})
    rows = []
    for averaged in (True, False):
        model = load_pretrained().set_params(template_fit=averaged).calibrated(X, nominal)
        maps = predict_maps(model, cube, return_std=True)
        values = maps["intensity"].to_numpy().reshape(len(X), -1)
        errors = maps["uncertainty"].to_numpy().reshape(len(X), -1)
        found = model.detected(values, errors)
        axis_error = np.abs(model.painting_.calibrator.calibrated_energy_ - true_axis)
        inside = (true_axis > 2) & (true_axis < 15)
        for name in PAINTING:
            row = {
                "scan": "maxrf_painting_a",
                "method": "shipped" if averaged else "shipped, network alone",
                "element": name,
                "reference": "template fit",
                "found": name in found,
                "all_found": " ".join(found),
                "worst_axis_error_eV": round(1000 * float(axis_error[inside].max()), 1),
            }
            if name in fit.line_groups_:
                row |= _agreement(
                    values[:, LINE_GROUPS.index(name)], areas[:, fit.line_groups_.index(name)]
                )
            rows.append(row)
    return rows


def rock() -> list[dict[str, object]]:
    """121 points on Mars, two detectors, against PIQUANT's net intensities."""
    rows = []
    with h5py.File(DATA / "pixl_rock_maps.h5") as file:
        group = file["naltsos_sol125"]
        for detector in "AB":
            X = group[f"counts_{detector}"][()]
            axis = (
                group.attrs[f"eV_offset_{detector}"] / 1000,
                group.attrs[f"eV_per_channel_{detector}"] / 1000,
            )
            table = piquant_intensities(detector)
            values = load_pretrained().calibrated(X, axis).predict(X)
            for name in ROCK:
                reference = table[name].to_numpy()
                rows.append(
                    {
                        "scan": f"naltsos_sol125 {detector}",
                        "method": "shipped",
                        "element": name,
                        "reference": "PIQUANT",
                        **_agreement(values[:, LINE_GROUPS.index(name)], reference),
                    }
                )
    return rows


def piquant_intensities(detector: str) -> pd.DataFrame:
    """Net intensities by PIQUANT of the rock on Mars: a row for each point, columns of `ROCK`."""
    with h5py.File(DATA / "pixl_rock_maps.h5") as file:
        group = file["naltsos_sol125"]
        fitted = group["piquant_21el"][detector]
        columns = [c.decode() if isinstance(c, bytes) else str(c) for c in fitted.attrs["columns"]]
        table = pd.DataFrame(fitted["table"][()], columns=columns, index=fitted["pmc"][()])
        table = table.loc[group["pmc"][()]]
    return pd.DataFrame({name: table[f"{oxide}_int"] for name, oxide in ROCK.items()})


def _agreement(values: np.ndarray, reference: np.ndarray) -> dict[str, float]:
    """Correlation, and the slope of values on the reference through all pixels."""
    slope = np.polyfit(reference, values, 1)[0] if np.ptp(reference) > 0 else np.nan
    return {
        "correlation": round(float(np.corrcoef(values, reference)[0, 1]), 4),
        "slope": round(float(slope), 4),
        "mean": round(float(values.mean()), 2),
        "mean_reference": round(float(reference.mean()), 2),
    }


@click.command("measured-scans")
def main() -> None:
    """The shipped model on measured scans, which lie beside the project."""
    table = pd.DataFrame([*painting(), *rock()])
    write_rows(RESULTS / "accuracy_real.csv", table)
    print(table.drop(columns="all_found").to_string())
    print(table["all_found"].dropna().unique())
