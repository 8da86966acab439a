"""Measured spectra whose elements are known, and what is true of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.measured_files import m6_spectrum, orbis_sum, pure_element
from benchmarks.tables import DATA, REAL_SCAN
from skxrf.exceptions import LineGroupError
from skxrf.physics import line_group

from .vendor_fit import read_epsilon

__all__ = ["Judged", "certified_answers", "judged_spectra"]

Array = NDArray[np.float64]

_TRUTH = Path(__file__).with_name("truth.csv")
# Certified concentrations [ppm] above which an element from K to Zr must be found, and below which
# it must not be claimed; all others are weak.
_FOUND, _ABSENT = 60.0, 3.0
_ROCKS = {"1633": "oreas 25a", "1634": "oreas 45e", "1636": "oreas 24b"}
_POTASSIUM, _ZIRCONIUM = 19, 40
_UNDECIDED = ("Sc_K", "V_K")


@dataclass(frozen=True)
class Judged:
    """A spectrum and the truth about it.

    Parameters
    ----------
    name : str
        As in ``truth.csv``.
    counts, energy : ndarray of shape (n_channels,)
        Counts, and bin centers [keV] that the file states.
    anode : str
        Element of the tube.
    voltage : float
        Of the tube [kV].
    answers : dict of str to str
        Answer by line group.
    others : str
        Answer for all other line groups: ``"absent"``, or ``"undecided"`` for a rock, of which not
        every element is certified.
    pixels : ndarray of shape (n_pixels, n_channels), optional
        Spectra of a scan.
    """

    name: str
    counts: Array = field(repr=False)
    energy: Array = field(repr=False)
    anode: str
    voltage: float
    answers: dict[str, str] = field(repr=False)
    others: str = "absent"
    pixels: NDArray[np.integer] | None = field(default=None, repr=False)


def judged_spectra(data: Path = DATA) -> Iterator[Judged]:
    """Spectra of the truth list whose files are there, and the certified rocks.

    Parameters
    ----------
    data : Path
        Folder of the measured data.

    Yields
    ------
    Judged
    """
    table = pd.read_csv(_TRUTH)
    truth = {
        str(name): dict(zip(rows["line_group"], rows["answer"], strict=True))
        for name, rows in table.groupby("spectrum", sort=False)
    }
    with h5py.File(REAL_SCAN) as file:
        counts, energy = file["counts"][...], file["energy_keV"][...]
    yield _scan("painting_a", counts, energy, "Ag", 50.0, truth)
    with h5py.File(data / "orbis_garnet.h5") as file:
        yield _scan("garnet", file["counts"][...], orbis_sum().energy, "Rh", 30.0, truth)
    with h5py.File(data / "pixl_rock_maps.h5") as file:
        rock = file["naltsos_sol125"]
        counts = rock["counts_A"][...]
        gain, offset = rock.attrs["eV_per_channel_A"] / 1e3, rock.attrs["eV_offset_A"] / 1e3
    energy = offset + gain * np.arange(counts.shape[-1])
    yield _scan("pixl", counts, energy, "Rh", 28.0, truth)
    m6 = m6_spectrum()
    yield Judged("m6_spx", m6.counts, m6.energy, "Rh", 50.0, truth["m6_spx"])
    for name, answers in truth.items():
        if name.startswith("nist_"):
            pure = pure_element(name.removeprefix("nist_"))
            yield Judged(name, pure.counts, pure.energy, "Rh", 50.0, answers)
    certified = pd.read_csv(data / "epsilon1_crm" / "oreas_concentrations.csv")
    for number, rock_name in _ROCKS.items():
        path = data / "epsilon1_crm" / f"Panalytical_2017-08-{number}-Omnian.mp2"
        energy, counts = read_epsilon(path)[1][:, :2].T
        mine = certified[certified["standard"] == rock_name]
        largest = mine.groupby("element")["value"].max()
        answers = certified_answers({str(name): float(ppm) for name, ppm in largest.items()})
        name = rock_name.replace(" ", "_")
        yield Judged(name, counts, energy, "Ag", 50.0, answers, others="undecided")


def _scan(
    name: str,
    counts: NDArray[np.integer],
    energy: Array,
    anode: str,
    voltage: float,
    truth: Mapping[str, dict[str, str]],
) -> Judged:
    spectra = counts.reshape(-1, energy.size)
    total = spectra.sum(axis=0, dtype=np.float64)
    return Judged(name, total, energy, anode, voltage, truth[name], pixels=spectra)


def certified_answers(concentrations: dict[str, float]) -> dict[str, str]:
    """Answers for a certified rock measured in air with a silver tube and filter.

    Parameters
    ----------
    concentrations : dict of str to float
        Mass fractions [ppm] by element.

    Returns
    -------
    dict of str to str
        Answer by line group.
    """
    answers = {"Ar_K": "air", "Ag_K": "tube", "Ag_L": "tube"}
    for symbol, ppm in concentrations.items():
        for shell in "KLM":
            name = f"{symbol}_{shell}"
            try:
                number = line_group(name, tube_voltage=1e3).atomic_number
            except LineGroupError:
                continue
            usual = shell == "K" and _POTASSIUM <= number <= _ZIRCONIUM
            answer = "present" if usual and ppm > _FOUND else "weak"
            answers.setdefault(name, "absent" if ppm < _ABSENT else answer)
    return answers | {name: "undecided" for name in _UNDECIDED if name in answers}
