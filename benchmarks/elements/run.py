"""Line groups that the library names in measured spectra, against what is in them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

import click

from benchmarks.tables import RESULTS, write_rows
from skxrf.linear_model import TemplateFitRegressor
from skxrf.preprocessing import EnergyCalibrator

from .spectra import Judged, judged_spectra

__all__ = ["judge", "main"]

# Origins outside the object: naming such a group as an element of the object is wrong.
_ELSEWHERE = ("absent", "air", "instrument", "tube", "sum_peak", "diffraction")


def judge(named: Collection[str], spectrum: Judged) -> dict[str, Any]:
    """Compare named line groups with the truth.

    Parameters
    ----------
    named : collection of str
        Line groups that are said to be in the object.
    spectrum : Judged
        Spectrum and its truth.

    Returns
    -------
    dict
        ``right``, ``missed`` and ``false`` numbers, and the names of the last two. Weak and
        undecided groups count for neither.
    """
    must = [name for name, answer in spectrum.answers.items() if answer == "present"]
    missed = sorted(name for name in must if name not in named)
    wrong = {
        name: answer
        for name in sorted(named)
        if (answer := spectrum.answers.get(name, spectrum.others)) in _ELSEWHERE
    }
    return {
        "right": len(must) - len(missed),
        "missed": len(missed),
        "false": len(wrong),
        "missed_groups": " ".join(missed),
        "false_groups": " ".join(f"{name}({answer})" for name, answer in wrong.items()),
    }


def _template_fit(spectrum: Judged, **known: Any) -> list[str]:
    """Line groups of the template fit, as ``skxrf info`` lists them."""
    model = TemplateFitRegressor(energy=spectrum.energy, **known).fit(spectrum.counts[None])
    areas = model.sum_spectrum_fit_.areas
    return [
        name
        for name in model.fitted_groups_
        if areas[name] > 0 and not name.startswith(f"{spectrum.anode}_")
    ]


def _calibrator(spectrum: Judged) -> list[str]:
    """Line groups that the axis was found from."""
    lines = EnergyCalibrator(energy=spectrum.energy).fit(spectrum.counts[None]).lines_
    return [name for name in lines if not name.startswith(f"{spectrum.anode}_")]


@click.command("elements")
def main() -> None:
    """Line groups named in measured spectra, against what is known to be in them."""
    rows = []
    for spectrum in judged_spectra():
        top = min(0.9 * spectrum.voltage, float(spectrum.energy[-1]))
        whole: dict[str, Any] = {"tube_voltage": spectrum.voltage, "energy_range": (0.9, top)}
        named: dict[str, Callable[[Judged], list[str]]] = {
            "info": _template_fit,
            "info, anode": partial(_template_fit, anode=spectrum.anode),
            "fit, whole axis": partial(_template_fit, anode=spectrum.anode, **whole),
            "EnergyCalibrator": _calibrator,
        }
        for method, names in named.items():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                row = {"spectrum": spectrum.name, "method": method}
                rows.append(row | judge(names(spectrum), spectrum))
            print(rows[-1], flush=True)
    write_rows(RESULTS / "elements.csv", rows)
