"""Configurations of PyMca (``.cfg``): what a template fit takes from one, and one of a fit."""

from __future__ import annotations

import configparser
import os
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntFlag
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from skxrf.exceptions import FileFormatError, LineGroupError
from skxrf.physics import DetectorResponse
from skxrf.physics.constants import PAIR_ENERGY
from skxrf.utils.files import existing_file, whole_file
from skxrf.utils.line_group_names import find_line_group

# Energy of an electron-hole pair that PyMca's Fano factors belong to [keV].
_PYMCA_PAIR_ENERGY = 3.85e-3


class _Hypermet(IntFlag):
    """Bits of PyMca's hypermetflag."""

    SHORT_TAIL = 2
    LONG_TAIL = 4
    STEP = 8


@dataclass(frozen=True)
class PymcaSettings:
    """Settings of a template fit in a configuration of PyMca."""

    line_groups: list[str]  # the fitted line groups
    energy: tuple[float, float]  # zero [keV] and gain [keV per channel]
    energy_range: tuple[float, float] | None
    """The fitted range [keV], where the configuration limits it."""
    detector: DetectorResponse  # noise, Fano factor, short tail and thickness
    left_out: list[str] = field(default_factory=list)
    """Requests of the configuration that the template fit does not take, in words; the background,
    which is always the fit's own, is not named."""


def read_pymca(path: str | os.PathLike[str]) -> PymcaSettings:
    """Read the settings that a template fit can take from a configuration of PyMca."""
    file, _ = existing_file(path, "a configuration of PyMca")
    parser = _parser()
    try:
        parser.read_string(file.read_text(encoding="utf-8-sig", errors="replace"))
        sections = {name: dict(parser[name]) for name in parser.sections()}
        return _settings(sections, file)
    except configparser.Error as error:
        reason = str(error).partition("\n")[0]
        raise FileFormatError(f"{file} is no configuration of PyMca: {reason}") from error
    except KeyError as error:
        raise FileFormatError(
            f"{file} is no configuration of PyMca: it has no {error.args[0]!r}. Expected a .cfg with "
            "the sections peaks, fit and detector, as PyMca's fit window saves it."
        ) from error


def _settings(sections: Mapping[str, Mapping[str, str]], file: Path) -> PymcaSettings:
    peaks, fit, detector = (sections[name] for name in ("peaks", "fit", "detector"))
    left_out: list[str] = []
    try:
        groups = _line_groups(peaks, left_out)
    except LineGroupError as error:
        raise LineGroupError(f"{file}, section [peaks]: ", *error.args) from None
    if not groups:
        raise LineGroupError(f"{file} fits no line group: its section [peaks] is empty.")
    zero, gain = _number(detector["zero"], file), _number(detector["gain"], file)
    energy_range = None
    if gain <= 0:
        raise FileFormatError(
            f"{file} has the gain {gain:g}: expected keV per channel, above zero."
        )
    if _flag(fit, "use_limit"):
        first, last = (_number(fit[key], file) for key in ("xmin", "xmax"))
        if first >= last:
            raise FileFormatError(
                f"{file} limits the fit to channels from xmin = {first:g} to xmax = {last:g}: the first must be lower."
            )
        energy_range = (zero + gain * first, zero + gain * last)
    shape, flags = sections.get("peakshape", {}), int(_number(fit.get("hypermetflag", "1"), file))
    tail = _number(shape.get("st_arearatio", "0"), file) if flags & _Hypermet.SHORT_TAIL else 0.0
    # On, material, density [g/cm3], thickness [cm], funny factor.
    layer = [
        part.strip() for part in sections.get("attenuators", {}).get("Detector", "0").split(",")
    ]
    known = layer[0] == "1" and len(layer) > 3 and re.fullmatch(r"Si1?", layer[1])
    response = DetectorResponse(
        noise=_number(detector["noise"], file),
        fano=_number(detector["fano"], file) * _PYMCA_PAIR_ENERGY / PAIR_ENERGY,
        natural_width=0.0,  # PyMca's peaks have none
        tail_fraction=tail,
        escape=_flag(fit, "escapeflag"),
        thickness=10 * _number(layer[3], file) if known else DetectorResponse.thickness,
    )
    left_out += _not_taken(sections, flags)
    return PymcaSettings(groups, (zero, gain), energy_range, response, left_out)


def _line_groups(peaks: Mapping[str, str], left_out: list[str]) -> list[str]:
    groups: dict[str, None] = {}
    for element, shells in peaks.items():
        for shell in (part.strip() for part in shells.split(",") if part.strip()):
            name = find_line_group(f"{element}_{shell}")
            groups[name] = None
            if len(shell) > 1:
                left_out.append(f"{element} {shell} alone (all lines of {name} are fitted)")
    return list(groups)


def _not_taken(sections: Mapping[str, Mapping[str, str]], flags: int) -> list[str]:
    """Name what the configuration switches on and the template fit has no place for."""
    fit = sections["fit"]
    attenuators = sections.get("attenuators", {})
    layers = [
        name
        for name, values in attenuators.items()
        if name != "Detector" and values.strip().startswith("1")
    ]
    found = {
        f"attenuators and sample ({', '.join(layers)})": bool(layers),
        "long tail": bool(flags & _Hypermet.LONG_TAIL),
        "step": bool(flags & _Hypermet.STEP),
        "pseudo-Voigt peaks": fit.get("fitfunction", "0").strip() == "1",
        "scatter peaks": _flag(fit, "scatterflag"),
    }
    return [name for name, asked in found.items() if asked]


def _flag(section: Mapping[str, str], name: str) -> bool:
    return section.get(name, "0").strip().lower() in ("1", "true")


def _number(text: str, file: Path) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise FileFormatError(f"{file} has {text!r} where a number is expected.")
    return value


def write_pymca(
    path: str | os.PathLike[str],
    line_groups: Sequence[str],
    energy: NDArray[np.float64],
    channels: slice,
    detector: DetectorResponse,
) -> None:
    """Write a configuration that PyMca opens; a file that exists is replaced.

    `line_groups`: line groups to fit. `energy` (n_channels,): energies of the channels [keV], as
    the fit has refined them. PyMca's axis is a line: the one nearest to them in the fitted
    channels. `detector`: resolution, short tail and thickness.
    """
    peaks: dict[str, list[str]] = {}
    for name in line_groups:
        element, shell = name.split("_")
        peaks.setdefault(element, []).append(shell)
    numbers = np.arange(energy.size)[channels]
    gain, zero = np.polyfit(numbers, energy[channels], 1)
    parser = _parser()
    # Gaussians with a short tail, a linear polynomial beside the lines, axis and resolution held, a
    # linear fit with Poisson weights; one energy stands for the tube: about where one at 50 kV excites
    # most.
    parser.read_string(Path(__file__).with_name("pymca_template.cfg").read_text(encoding="utf-8"))
    changes = {
        "peaks": {element: ", ".join(shells) for element, shells in peaks.items()},
        "fit": {"xmin": numbers[0], "xmax": numbers[-1], "escapeflag": int(detector.escape)},
        "detector": {
            "zero": zero,
            "gain": gain,
            "deltagain": 0.02 * gain,
            "noise": detector.noise,
            "fano": detector.fano * PAIR_ENERGY / _PYMCA_PAIR_ENERGY,
        },
        "peakshape": {"st_arearatio": detector.tail_fraction},
        "attenuators": {"Detector": f"1, Si1, 2.33, {detector.thickness / 10:g}, 1.0"},
    }
    for section, values in changes.items():
        for key, value in values.items():
            parser.set(section, key, str(value))
    with whole_file(path) as partial, partial.open("w", encoding="utf-8") as stream:
        parser.write(stream)


def _parser() -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    return parser


class PymcaExchange:
    """Mixin of the template fit: settings from and to configurations of PyMca."""

    @classmethod
    def from_pymca(cls, path: str | os.PathLike[str], **parameters: Any) -> Self:
        """Make an estimator with the settings in a configuration of PyMca.

        Line groups, energy axis, fitted range and the start of the detector's response are taken.
        Axis and response are then refined on the sum spectrum, as always; the background is the
        estimator's own.

        Parameters
        ----------
        path : str or path-like
            The ``.cfg`` file.
        **parameters : dict
            Parameters of the estimator, which win over the file's; such as
            ``energy=cube["energy"].values`` for a cube with an axis of its own.

        Returns
        -------
        TemplateFitRegressor
            Not fitted.

        Raises
        ------
        FileFormatError
            If the file is no configuration of PyMca.

        Warns
        -----
        UserWarning
            If the configuration asks for more, such as attenuators or a matrix: the message names
            what is left out.
        """
        settings = read_pymca(path)
        if settings.left_out:
            warnings.warn(
                f"not taken from {path}: {', '.join(settings.left_out)}.", UserWarning, stacklevel=2
            )
        taken = {
            "line_groups": settings.line_groups,
            "energy": settings.energy,
            "energy_range": settings.energy_range,
            "detector": settings.detector,
        }
        return cls(**(taken | parameters))

    def to_pymca(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted model as a configuration that PyMca opens.

        All fitted line groups, the range, the refined axis (as a line) and resolution are written,
        with a linear polynomial as continuum. An existing file is replaced.

        Parameters
        ----------
        path : str or path-like
            The ``.cfg`` file.
        """
        check_is_fitted(self, "energy_")
        model: Any = self
        fit = model.sum_spectrum_fit_
        energy = fit.correction(model.energy_)
        write_pymca(path, model.fitted_groups_, energy, model.fitted_channels_, fit.detector)
