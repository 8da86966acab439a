"""Line groups that the library names in measured spectra, against what is in them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

import click
import pandas as pd

from benchmarks.tables import RESULTS, write_rows
from skxrf.spectrum_fit._elements import Elements, find_elements
from skxrf.spectrum_fit._evidence import INSTRUMENT
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


def _info(spectrum: Judged, anode: str | None = None, voltage: float | None = None) -> Elements:
    """Line groups that ``skxrf info`` calls present, and so ``skxrf fit`` maps."""
    tube = infer_tube(spectrum.counts, spectrum.energy, anode, voltage)
    return find_elements(spectrum.counts, spectrum.energy, tube, parts=spectrum.parts)


@click.command("elements")
@click.option("-m", "--method", "methods", multiple=True, help="Methods; default: all.")
def main(methods: tuple[str, ...]) -> None:
    """Line groups named in measured spectra, against what is known to be in them."""
    rows = []
    for spectrum in judged_spectra():
        named: dict[str, Callable[[Judged], Elements]] = {
            "info": _info,
            "info, tube stated": partial(_info, anode=spectrum.anode, voltage=spectrum.voltage),
        }
        for method in methods or named:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = named[method](spectrum)
            perhaps = [one.line_group for one in found.evidence if one.competitor == INSTRUMENT]
            row = {"spectrum": spectrum.name, "method": method}
            rows.append(row | judge(found.present, spectrum, perhaps))
            print(rows[-1], flush=True)
    write_rows(RESULTS / "elements.csv", rows)
    print(pd.DataFrame(rows).groupby("method")[["right", "missed", "false"]].sum())
