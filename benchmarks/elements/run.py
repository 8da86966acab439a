"""Line groups that the library names in measured spectra, against what is in them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

import click
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from benchmarks.tables import RESULTS, write_rows
from skxrf.cli._tube import identified_fit
from skxrf.pretrained import load_pretrained
from skxrf.spectrum_fit._elements import find_elements
from skxrf.spectrum_fit._evidence import INSTRUMENT
from skxrf.spectrum_fit._like_spectra import sums_of_like_spectra
from skxrf.spectrum_fit._tube import infer_tube

from .spectra import Judged, judged_spectra

__all__ = ["judge", "main"]

# Origins outside the object: naming such a group as an element of the object is wrong.
_ELSEWHERE = ("absent", "air", "instrument", "tube", "sum_peak", "diffraction")


def judge(
    named: Collection[str], spectrum: Judged, perhaps: Collection[str] = ()
) -> dict[str, Any]:
    """Compare named line groups with the truth.

    Parameters
    ----------
    named : collection of str
        Line groups that are said to be in the object.
    spectrum : Judged
        Spectrum and its truth.
    perhaps : collection of str
        Those of which it is said that they may be the instrument's own.

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
        and not (answer == "instrument" and name in perhaps)
    }
    return {
        "right": len(must) - len(missed),
        "missed": len(missed),
        "false": len(wrong),
        "missed_groups": " ".join(missed),
        "false_groups": " ".join(f"{name}({answer})" for name, answer in wrong.items()),
    }


def _info(
    spectrum: Judged, anode: str | None = None, voltage: float | None = None
) -> list[dict[str, Any]]:
    """Evidence that ``skxrf info`` prints."""
    tube = infer_tube(spectrum.counts, spectrum.energy, anode, voltage)
    parts = None if spectrum.pixels is None else sums_of_like_spectra(spectrum.pixels)
    found = find_elements(spectrum.counts, spectrum.energy, tube, parts=parts)
    return [one.stated() for one in found.evidence]


def _fit(spectrum: Judged) -> list[dict[str, Any]]:
    """Evidence of ``skxrf fit``."""
    spectra = _spectra(spectrum)
    cube = xr.DataArray(
        spectra[None], dims=("y", "x", "energy"), coords={"energy": spectrum.energy}
    )
    return identified_fit(cube, spectra, None, None, None)[0].evidence_


def _map(spectrum: Judged) -> list[dict[str, Any]]:
    """Evidence of the model behind ``skxrf map``."""
    return load_pretrained().bind(_spectra(spectrum), spectrum.energy).evidence_


def _spectra(spectrum: Judged) -> NDArray[Any]:
    return spectrum.counts[None] if spectrum.pixels is None else spectrum.pixels


@click.command("elements")
@click.option("-m", "--method", "methods", multiple=True, help="Methods; default: all.")
def main(methods: tuple[str, ...]) -> None:
    """Line groups named in measured spectra, against what is known to be in them."""
    rows = []
    for spectrum in judged_spectra():
        named: dict[str, Callable[[Judged], list[dict[str, Any]]]] = {
            "info": _info,
            "info, tube stated": partial(_info, anode=spectrum.anode, voltage=spectrum.voltage),
            "fit": _fit,
            "map": _map,
        }
        for method in methods or named:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                evidence = named[method](spectrum)
            present = [one["line_group"] for one in evidence if one["answer"] == "present"]
            perhaps = [one["line_group"] for one in evidence if one["competitor"] == INSTRUMENT]
            row = {"spectrum": spectrum.name, "method": method}
            rows.append(row | judge(present, spectrum, perhaps))
            print(rows[-1], flush=True)
    write_rows(RESULTS / "elements.csv", rows)
    table = pd.DataFrame(rows).groupby("method")[["right", "missed", "false"]].sum()
    table["precision"] = table["right"] / (table["right"] + table["false"])
    table["recall"] = table["right"] / (table["right"] + table["missed"])
    print(table.round(3))
