"""The measured spectra that the forward model is compared with, and small readers for them.

NIST's Bruker M4 Tornado data set (public domain): pure elements and acrylic scatterers under
filters; one Bruker M6 Jetstream spectrum; a garnet map of an EDAX Orbis. All lie beside the
project in ``../shared/data``, none is part of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from benchmarks.tables import DATA

__all__ = [
    "DATA",
    "FILTERS",
    "M6_FILE",
    "Measured",
    "acrylic",
    "m6_spectrum",
    "orbis_sum",
    "pure_element",
]

M6_FILE = DATA / "bruker_m6_spx" / "bruker_m6_jetstream_file_example.spx"
_NIST = DATA / "nist_m4_tornado"
# Filters of the M4 with the names that the files carry: metal and thickness [um].
FILTERS: dict[str, tuple[tuple[str, float], ...]] = {
    "none": (),
    "f1": (("Al", 12.5),),
    "f2": (("Al", 100.0),),
    "f3": (("Al", 630.0),),
    "f4": (("Al", 100.0), ("Ti", 25.0)),
    "f5": (("Al", 100.0), ("Ti", 50.0), ("Cu", 25.0)),
}


@dataclass(frozen=True)
class Measured:
    """A spectrum with the axis, and where asked the live time [s], that its file states."""

    name: str
    counts: NDArray[np.float64]
    offset: float
    gain: float
    live_time: float = float("nan")

    @property
    def energy(self) -> NDArray[np.float64]:
        """Bin centers [keV]."""
        return self.offset + self.gain * np.arange(self.counts.size)


def read_spx(path: Path, name: str) -> Measured:
    """Read a Bruker ``.spx``: XML with the counts as a list."""
    text = path.read_bytes().decode("cp1252")
    counts = np.array(_tag(text, "Channels").split(","), dtype=np.float64)
    return Measured(name, counts, float(_tag(text, "CalibAbs")), float(_tag(text, "CalibLin")))


def _tag(text: str, tag: str) -> str:
    found = re.search(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
    if found is None:
        raise ValueError(f"no <{tag}> in this .spx")
    return found[1]


def read_msa(path: Path, name: str) -> Measured:
    """Read an EMSA/MAS file: lines of keywords, then counts."""
    lines = path.read_text(encoding="latin-1").splitlines()
    header = dict(re.findall(r"^#+(\w+)[^:]*:\s*(.*?)\s*$", "\n".join(lines), re.MULTILINE))
    values = [v for line in lines if not line.startswith("#") for v in line.split(",")]
    counts = np.array([float(value) for value in values if value.strip()])
    axis = float(header["OFFSET"]), float(header["XPERCHAN"])
    return Measured(name, counts, *axis, live_time=float(header["LIVETIME"]))


def pure_element(symbol: str) -> Measured:
    """A thick pure element (or ``Acrylic``) in the M4: Rh, lens, no filter, vacuum."""
    seconds = "_600s" if symbol == "Acrylic" else ""
    folder = _NIST / "nist_m4_pure_elements"
    return read_msa(folder / f"{symbol}_50kv_50_ma_Rh_vac_D1{seconds}.msa", symbol)


def acrylic(anode: str, filter_name: str) -> Measured:
    """Acrylic in the M4: ``Mo`` with a collimator or ``Rh`` with a lens, a filter of FILTERS."""
    middle = "" if filter_name == "none" else f"{filter_name}_"
    path = (
        _NIST
        / "nist_m4_acrylic_backgrounds"
        / f"20170510_D1_{anode}_50kv_100mA_acryl_{middle}0.spx"
    )
    return read_spx(path, f"{anode} {filter_name}")


def m6_spectrum() -> Measured:
    """A calcium phosphate in the M6 Jetstream, under helium."""
    return read_spx(M6_FILE, "M6")


def orbis_sum() -> Measured:
    """Sum of a map of a rock with much iron."""
    with h5py.File(DATA / "orbis_garnet.h5") as file:
        dataset = file["counts"]
        counts = sum(dataset[i].sum(axis=0, dtype=np.int64) for i in range(dataset.shape[0]))
        axis = dataset.attrs["energy_offset_keV"], dataset.attrs["energy_slope_keV"]
    return Measured("Orbis", np.asarray(counts, dtype=np.float64), float(axis[0]), float(axis[1]))
