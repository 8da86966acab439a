"""Sources of the numbers of the three scanners, for the user guide.

    python tools/instrument_sources.py

prints the tables of ``docs/user_guide/instruments.md``; a test holds that they are there, and that no
number of a preset is without a source or the word "assumed".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from skxrf.simulation import Absorber, Gas, Instrument

_FITTED_LENS = "fitted to acrylic under 12.5 um Al, judged without and under four other filters"
_FITTED_TAIL = "fitted to pure S, Ti and Cr"
_WIDTHS = "assumed: as tabulated; the lines of simulated scans have no width of their own"
_SATELLITES = "assumed: simulated scans have no satellites of K-beta"
_AIR = "NIST, Hubbell & Seltzer 2004, NISTIR 5632, dry air near sea level"
_SCAN = "read off one scan in air with an Ag tube"

# By preset and number. "Header" is the XML of a Bruker .spx: for the M6 the one example file that is
# public (given to the developers of HyperSpy in 2021, chassis XS-51), for the M4 those of NIST's data set
# (2017, chassis XS-52).
SOURCES: Mapping[str, Mapping[str, str]] = {
    "m6_jetstream": {
        "anode": "header, Anode",
        "voltage": "header, Voltage",
        "tube_window": "header, TubeWindow",
        "filters": "header, ExcitationFilter: empty",
        "lens.cutoff": "assumed: the M4's lens",
        "lens.steepness": "assumed: the M4's lens",
        "lens.leak": "assumed: the M4's lens",
        "lens.absorption_um": "assumed: the M4's lens",
        "incidence": "header, ExcitationAngle",
        "take_off": "header, DetectionAngle",
        "azimuth": "assumed; without effect, the beam is normal to the surface",
        "path_in_mm": "header, ExcitationPathLength",
        "path_out_mm": "header, DetectionPathLength",
        "gas_seen_mm": "assumed",
        "gas": _AIR,
        "pressure_hpa": "assumed: the standard atmosphere",
        "solid_angle": "header, SolidAngleDetection; a scale only, no shape depends on it",
        "detector_windows": "header, WindowLayers, SiDeadLayerThickness",
        "detector.noise": "header, SigmaAbs: the constant part of a peak's variance",
        "detector.fano": "header, SigmaLin, over 3.66 eV a pair",
        "detector.thickness": "header, DetectorThickness",
        "detector.tail_fraction": "assumed: the M4's",
        "detector.tail_slope": "assumed: the M4's",
        "detector.tail_depth": "assumed: the M4's",
        "detector.shelf_fraction": "assumed: all of the shelf is from the entrance",
        "detector.shelf_depth": "assumed: the M4's",
        "detector.natural_width": _WIDTHS,
        "detector.satellites": _SATELLITES,
        "pulse_pair_resolution_us": "header, mean of PPRTData",
        "energy_offset": "header, CalibAbs",
        "energy_gain": "header, CalibLin 0.009999, rounded",
        "n_channels": "header, ChannelCount",
    },
    "m4_tornado": {
        "anode": "header, Anode",
        "voltage": "header, Voltage",
        "tube_window": "header, TubeWindow",
        "filters": "header, ExcitationFilter: empty",
        "lens.cutoff": _FITTED_LENS,
        "lens.steepness": _FITTED_LENS,
        "lens.leak": _FITTED_LENS,
        "lens.absorption_um": _FITTED_LENS,
        "incidence": "header, ExcitationAngle",
        "take_off": "header, DetectionAngle",
        "azimuth": "fitted to the Compton shift of Mo and Rh K-alpha, no filter",
        "path_in_mm": "header, ExcitationPathLength",
        "path_out_mm": "header, DetectionPathLength",
        "gas_seen_mm": "assumed",
        "gas": _AIR,
        "pressure_hpa": "header, ChamberPressure",
        "solid_angle": "header, SolidAngleDetection; a scale only, no shape depends on it",
        "detector_windows": "header, WindowLayers, SiDeadLayerThickness",
        "detector.noise": "header, SigmaAbs, 0.00102 keV2 within 0.5 %: the constant part of a variance",
        "detector.fano": "header, SigmaLin, over 3.66 eV a pair",
        "detector.thickness": "header, DetectorThickness",
        "detector.tail_fraction": _FITTED_TAIL,
        "detector.tail_slope": _FITTED_TAIL,
        "detector.tail_depth": _FITTED_TAIL,
        "detector.shelf_fraction": "assumed: all of the shelf is from the entrance",
        "detector.shelf_depth": _FITTED_TAIL,
        "detector.natural_width": _WIDTHS,
        "detector.satellites": _SATELLITES,
        "pulse_pair_resolution_us": "header, mean of PPRTData above 4 keV",
        "energy_offset": "header, CalibAbs",
        "energy_gain": "header, CalibLin",
        "n_channels": "header, ChannelCount",
    },
    "in_air_silver": {
        "anode": f"{_SCAN}: Rayleigh and Compton peaks at 22.1 and 20.7 keV",
        "voltage": "assumed",
        "tube_window": "assumed",
        "filters": "assumed: none",
        "lens": "assumed: none, a collimator",
        "incidence": "assumed",
        "take_off": f"{_SCAN}: the Compton shift of Ag K-alpha",
        "azimuth": "assumed; without effect, the beam is normal to the surface",
        "path_in_mm": "assumed",
        "path_out_mm": "assumed",
        "gas_seen_mm": "assumed",
        "gas": _AIR,
        "pressure_hpa": "assumed: the standard atmosphere",
        "solid_angle": "assumed; a scale only, no shape depends on it",
        "detector_windows": "assumed",
        "detector.noise": f"{_SCAN}: 149 eV FWHM at 6.4 keV, with the Fano factor below",
        "detector.fano": "assumed",
        "detector.thickness": "assumed",
        "detector.tail_fraction": "assumed: the M4's",
        "detector.tail_slope": "assumed: the M4's",
        "detector.tail_depth": "assumed: the M4's",
        "detector.shelf_fraction": "assumed: all of the shelf is from the entrance",
        "detector.shelf_depth": "assumed: the M4's",
        "detector.natural_width": _WIDTHS,
        "detector.satellites": _SATELLITES,
        "pulse_pair_resolution_us": "assumed",
        "energy_offset": f"{_SCAN}: seven lines",
        "energy_gain": f"{_SCAN}: seven lines",
        "n_channels": _SCAN,
    },
}

_UNITS = {
    "voltage": "kV",
    "lens.cutoff": "keV",
    "lens.absorption_um": "um",
    **dict.fromkeys(("incidence", "take_off", "azimuth"), "degrees"),
    **dict.fromkeys(("path_in_mm", "path_out_mm", "gas_seen_mm"), "mm"),
    "pressure_hpa": "hPa",
    "solid_angle": "sr",
    **dict.fromkeys(("detector.noise", "detector.tail_slope"), "keV"),
    "detector.thickness": "mm",
    **dict.fromkeys(("detector.tail_depth", "detector.shelf_depth"), "um"),
    "pulse_pair_resolution_us": "us",
    **dict.fromkeys(("energy_offset", "energy_gain"), "keV"),
}


def numbers(instrument: Instrument) -> Iterator[tuple[str, str]]:
    """Yield names and values, with units, of all numbers of a scanner.

    Yields `name`, `value`: such as ``"detector.fano"`` and ``"0.122"``; foils and gases are one
    number each.
    """
    yield from _numbers("", instrument)


def _numbers(prefix: str, part: Any) -> Iterator[tuple[str, str]]:
    for one in fields(part):
        name, value = prefix + one.name, getattr(part, one.name)
        if name == "name" or isinstance(value, bool):
            continue  # a switch is no number
        if is_dataclass(value) and not isinstance(value, Absorber | Gas):
            yield from _numbers(f"{name}.", value)
        else:
            yield name, f"{_text(value)} {_UNITS.get(name, '')}".strip()


def _text(value: Any) -> str:
    if isinstance(value, Absorber):
        return f"{value.thickness_um:g} um {value.formula}"
    if isinstance(value, Gas):
        return value.name
    if isinstance(value, tuple):
        return ", ".join(_text(part) for part in value) or "none"
    if value is None or isinstance(value, str):
        return value or "none"
    return f"{value:.6g}"


def table(preset: str) -> str:
    """Numbers of a preset with their sources, in Markdown.

    `preset`: name of the class method of :class:`Instrument`. Returns a table of three columns.
    """
    rows = [
        f"| `{name}` | {value} | {SOURCES[preset][name]} |"
        for name, value in numbers(getattr(Instrument, preset)())
    ]
    return "\n".join(["| number | value | source |", "|---|---|---|", *rows])


def main() -> None:
    """Print all tables."""
    for preset in SOURCES:
        print(f"## {preset}\n\n{table(preset)}\n")


if __name__ == "__main__":
    main()
