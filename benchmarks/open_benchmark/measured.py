"""Measured scans of the open benchmark: audited without truth, or held against a vendor's fit.

They lie beside the project (``../shared/data``) and are left out where they are not; only scores
come out of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import h5py
import numpy as np
import pandas as pd
import xarray as xr

from benchmarks.accuracy.measured_scans import ROCK, piquant_intensities
from benchmarks.open_benchmark.methods import Method
from benchmarks.open_benchmark.scans import Task, load_training
from benchmarks.tables import DATA
from skxrf.audit import audit_scan
from skxrf.exceptions import SkxrfError
from skxrf.utils.validation import as_map_dataset

# Learned methods meet these scans as trained for the scans of 5,000 counts.
_TRAINING_COUNTS = 5000.0


@dataclass(frozen=True)
class MeasuredScan:
    """One measured scan."""

    name: str  # name in the tables
    file: str  # file in the folder of measured data
    anode: str  # tube
    line_groups: tuple[str, ...]
    """Line groups that are scored, and told to methods that must be told."""
    vendor: bool = False
    """True where the vendor's net intensities are the reference; else the scan is audited."""

    @property
    def available(self) -> bool:
        """True where the file is there."""
        return (DATA / self.file).exists()

    def load(self) -> xr.DataArray:
        """Counts of dims (y, x, energy), on the axis that the file states."""
        with h5py.File(DATA / self.file) as file:
            if self.vendor:
                group = file["naltsos_sol125"]
                counts = group["counts_A"][()][None]
                gain, offset = group.attrs["eV_per_channel_A"], group.attrs["eV_offset_A"]
                energy = (offset + gain * np.arange(counts.shape[2])) / 1000
            elif "energy_keV" in file:
                counts, energy = file["counts"][()], file["energy_keV"][()]
            else:
                counts = file["counts"][:72, :88]
                gain = file["counts"].attrs["energy_slope_keV"]
                energy = gain * np.arange(counts.shape[2])
        return xr.DataArray(
            counts, dims=("y", "x", "energy"), coords={"energy": energy}, name="counts"
        )


MEASURED_SCANS = (
    MeasuredScan(
        "mock-up, Ag in air", "maxrf_painting_a.h5", "Ag",
        ("Ca_K", "Ti_K", "Fe_K", "Cu_K", "Zn_K", "Hg_L", "Pb_L"),
    ),
    MeasuredScan(
        "garnet, Rh 30 kV", "orbis_garnet.h5", "Rh", ("Si_K", "K_K", "Ca_K", "Ti_K", "Mn_K", "Fe_K")
    ),
    MeasuredScan("Mars rock, PIQUANT", "pixl_rock_maps.h5", "Rh", tuple(ROCK), vendor=True),
)  # fmt: skip


def score_measured(method: Method, scan: MeasuredScan) -> pd.DataFrame:
    """Score a method on a measured scan.

    Returns a row for each line group that is scored: of an audited scan ``ratio``, the estimated
    error over photon noise, and its standard error ``ratio_error``; of the other ``correlation``
    with the vendor's net intensities and ``slope`` on them. NaN for a map that is not there.
    """
    cube = scan.load()
    task = Task(
        list(scan.line_groups),
        scan.anode,
        _TRAINING_COUNTS,
        lambda: load_training(_TRAINING_COUNTS),
    )
    if scan.vendor:
        return _against_vendor(method, cube, task)
    found = audit_scan(cube, {method.name: lambda part: method.maps(part, task)}, n_runs=2)
    if found.failures or found.refused:
        raise SkxrfError(found.failures.get(method.name, str(found.refused)))
    table = found.errors[method.name].table.reindex(task.line_groups)
    scores = pd.DataFrame(
        {"ratio": table["ratio"], "ratio_error": table["rmse_error"] / table["bound"]}
    )
    return scores.rename_axis("element").reset_index()


def _against_vendor(method: Method, cube: xr.DataArray, task: Task) -> pd.DataFrame:
    maps = as_map_dataset(method.maps(cube, task))["intensity"]
    reference = piquant_intensities("A")
    rows = []
    for name in task.line_groups:
        row: dict[str, object] = {"element": name, "correlation": np.nan, "slope": np.nan}
        if name in maps["element"]:
            values = maps.sel(element=name).to_numpy().ravel().astype(float)
            wanted = reference[name].to_numpy()
            if np.ptp(values) > 0:
                row["correlation"] = float(np.corrcoef(values, wanted)[0, 1])
            row["slope"] = float(np.polyfit(wanted, values, 1)[0])
        rows.append(row)
    return pd.DataFrame(rows)
