"""PyMca's fast linear fit with a written-down configuration, as an independent reference.

PyMca5 (MIT) is a dependency of the tests and benchmarks only. The configuration follows what its
users do: calibration, noise and Fano factor from its own non-linear fit of the sum spectrum, then
one linear fit a pixel, with either background.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

BACKGROUNDS = ("polynomial", "snip")
# Order of the linear polynomial, of 5 to 6 in published configurations.
_POLYNOMIAL_ORDER = 6
# Width of the SNIP filter [keV]: above the widest peaks' full width, as PyMca's manual advises.
_SNIP_WIDTH = 0.7
# An Ag or Rh tube at 50 kV excites most at about this energy [keV]; PyMca takes one energy.
_EXCITATION = 25.0


def sum_spectrum_configuration(
    spectrum: NDArray[np.float64],
    energy: NDArray[np.float64],
    line_groups: list[str],
    *,
    energy_range: tuple[float, float] = (1.3, 17.0),
    background: str = "polynomial",
) -> dict[str, Any]:
    """Configuration with calibration and width from PyMca's fit of the sum spectrum."""
    from PyMca5.PyMcaPhysics.xrf.ClassMcaTheory import McaTheory

    theory = McaTheory()
    configuration = theory.getConfiguration()
    gain, zero = np.polyfit(np.arange(energy.size), energy, 1)
    inside = np.flatnonzero((energy >= energy_range[0]) & (energy <= energy_range[1]))
    configuration["fit"].update(
        xmin=int(inside[0]),
        xmax=int(inside[-1]),
        use_limit=1,
        hypermetflag=3,  # Gaussian with short tail
        escapeflag=1,
        sumflag=0,
        scatterflag=0,
        energy=[_EXCITATION],
        energyweight=[1.0],
        energyflag=[1],
        energyscatter=[0],
        fitweight=1,
        linearfitflag=0,
        **_background(background, abs(gain)),
    )
    configuration["detector"].update(
        zero=float(zero),
        gain=float(gain),
        noise=0.08,
        fano=0.115,
        fixedsum=1,
        sum=0.0,
        deltazero=0.05,
        deltagain=0.02 * float(gain),
    )
    configuration["attenuators"]["Detector"] = [1, "Si1", 2.33, 0.045, 1.0]
    configuration["peakshape"].update(
        st_arearatio=0.02, st_sloperatio=0.5, fixedst_arearatio=0, fixedst_sloperatio=1
    )
    shells: dict[str, list[str]] = defaultdict(list)
    for name in line_groups:
        element, shell = name.split("_")
        shells[element].append(shell)
    configuration["peaks"] = dict(shells)
    theory.setConfiguration(configuration)
    theory.setData(x=np.arange(energy.size), y=spectrum)
    theory.estimate()
    _, result = theory.startfit(digest=1)
    values = dict(zip(result["parameters"], result["fittedpar"], strict=True))
    configuration["detector"].update(
        zero=values["Zero"],
        gain=values["Gain"],
        noise=values["Noise"],
        fano=values["Fano"],
        fixedzero=1,
        fixedgain=1,
        fixednoise=1,
        fixedfano=1,
    )
    if "ST AreaR" in values:
        configuration["peakshape"].update(st_arearatio=values["ST AreaR"], fixedst_arearatio=1)
    configuration["fit"]["linearfitflag"] = 1
    return configuration


def fit_maps(
    counts: NDArray[Any], configuration: dict[str, Any], *, background: str, weight: int = 0
) -> dict[str, NDArray[np.float64]]:
    """PyMca's `FastXRFLinearFit` of a cube (n_y, n_x, n_channels): areas by line group."""
    from PyMca5.PyMcaPhysics.xrf.FastXRFLinearFit import FastXRFLinearFit

    configuration = copy.deepcopy(configuration)
    configuration["fit"].update(_background(background, configuration["detector"]["gain"]))
    fit = FastXRFLinearFit()
    fit.setFitConfiguration(configuration)
    buffer = fit.fitMultipleSpectra(
        x=np.arange(counts.shape[-1], dtype=np.float64),
        y=counts,
        weight=weight,
        refit=1,
        concentrations=0,
    )
    names = buffer.labels("parameters", labeltype="filename")
    images = buffer["parameters"]
    return {str(name): np.asarray(image) for name, image in zip(names, images, strict=True)}


def _background(background: str, gain: float) -> dict[str, int]:
    if background == "snip":
        return {
            "stripflag": 1,
            "stripalgorithm": 1,
            "snipwidth": round(_SNIP_WIDTH / gain / 2),
            "stripfilterwidth": 1,
            "continuum": 0,
        }
    return {"stripflag": 0, "continuum": 4, "linpolorder": _POLYNOMIAL_ORDER}
