"""Bruker's XML: single spectra ``.spx``, and what stands in the header of a ``.bcf``.

Both hold ``TRTSpectrum`` objects: headers of hardware, detector, tube and axis, and the counts as
a line of text. Energies are in keV, times of a spectrum in ms, pixel sizes in µm.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from numpy.polynomial import Polynomial
from numpy.typing import NDArray

from skxrf.exceptions import FileFormatError

from .single import ArrayReader, smallest_unsigned
from .source import CubeRequest, CubeSource

__all__ = ["MapHeader", "open_spx", "parse_map_header", "recognizes"]

# A spectrum has some kilobytes; the header of a map holds its video images too.
_LARGEST_XML = 1 << 30
_MOST_CHANNELS = 1 << 20


@dataclass(frozen=True)
class MapHeader:
    """Facts about one map in the header of a ``.bcf``."""

    n_channels: int
    energy: Polynomial | None
    sum_spectrum: NDArray[np.uint64]
    step_y: float | None
    """Distance of two rows [mm], None where the file does not say."""
    step_x: float | None
    pixel_times: NDArray[np.float64] | None
    """Seconds a pixel on (y, x)."""
    times_are_real: bool
    """True where the times are the dwell times that the scan was set to."""
    attrs: Mapping[str, str | float]


def recognizes(path: Path, head: bytes) -> bool:
    """Recognize Bruker's XML of one spectrum by its start."""
    return b"<TRTSpectrum>" in head


def open_spx(path: Path, request: CubeRequest) -> tuple[CubeSource, CubeRequest]:
    """Describe a single spectrum as a cube of one pixel.

    Parameters
    ----------
    path : Path
        The ``.spx`` file.
    request : CubeRequest
        Nothing of it is needed here.

    Returns
    -------
    source : CubeSource
        The cube of shape (1, 1, n_channels), with live and real time.
    request : CubeRequest
        As given.

    Raises
    ------
    FileFormatError
        If the file is damaged or holds no spectrum.
    """
    with path.open("rb") as stream:
        root = _parsed(stream.read(_LARGEST_XML), path)
    spectrum = root.find("./ClassInstance[@Type='TRTSpectrum']")
    if spectrum is None:
        raise FileFormatError(f"{path} is XML of Bruker's, but holds no TRTSpectrum.")
    counts = _channels(spectrum, path)
    return CubeSource(
        path=path,
        dataset="",
        layout="Bruker .spx",
        reader=ArrayReader(smallest_unsigned(counts).reshape(1, 1, -1)),
        dims=("y", "x", "energy"),
        dims_from="being one spectrum",
        energy=_calibration(spectrum),
        energy_from=f"CalibAbs and CalibLin in {path}",
        attrs=_about(spectrum),
        live_time=_pixel_time(spectrum, "LifeTime"),
        real_time=_pixel_time(spectrum, "RealTime"),
    ), request


def parse_map_header(content: bytes, index: int, path: Path) -> MapHeader:
    """Read the header of a ``.bcf``.

    Parameters
    ----------
    content : bytes
        The XML, decompressed.
    index : int
        Number of the map, as in ``SpectrumData0``.
    path : Path
        The container, for error messages.

    Returns
    -------
    MapHeader
        What it says about that map.

    Raises
    ------
    FileFormatError
        If it is damaged, or says nothing about that map.
    """
    root = _parsed(content, path).find("./ClassInstance[@Type='TRTSpectrumDatabase']")
    spectrum = None if root is None else root.find(f"./SpectrumData{index}/ClassInstance")
    if root is None or spectrum is None:
        raise FileFormatError(f"{path} is damaged: its header has no entry SpectrumData{index}.")
    counts = _channels(spectrum, path)
    times, are_real = _pixel_times(root)
    attrs = _about(spectrum)
    if root.get("Name", "").strip():
        attrs["title"] = root.get("Name", "").strip()
    return MapHeader(
        n_channels=len(counts),
        energy=_calibration(spectrum),
        sum_spectrum=counts,
        step_y=_step(root, "DY"),
        step_x=_step(root, "DX"),
        pixel_times=times,
        times_are_real=are_real,
        attrs=attrs,
    )


_HARDWARE = "ClassInstance[@Type='TRTSpectrumHardwareHeader']"
_AXIS = "./ClassInstance[@Type='TRTSpectrumHeader']"
_XRF = ".//ClassInstance[@Type='TRTXrfHeader']"


def _parsed(content: bytes, path: Path) -> ElementTree.Element:
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise FileFormatError(f"{path} holds XML with definitions, which no file of Bruker's has.")
    try:
        return ElementTree.fromstring(content)
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        raise FileFormatError(
            f"{path} holds XML that is damaged or was cut short ({error}). Copy the file again."
        ) from None


def _text(node: ElementTree.Element, tag: str) -> str:
    return (node.findtext(tag) or "").strip()


def _number(node: ElementTree.Element, tag: str) -> float | None:
    try:
        # Decimal commas come from the Windows on which the file was written.
        value = float(_text(node, tag).replace(",", "."))
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def _pixel_time(spectrum: ElementTree.Element, tag: str) -> NDArray[np.float64] | None:
    """A time [s] of the one pixel, from ms."""
    milliseconds = _number(spectrum, f".//{_HARDWARE}/{tag}")
    if milliseconds is None or milliseconds <= 0:
        return None
    return np.array([[milliseconds / 1000]])


def _channels(spectrum: ElementTree.Element, path: Path) -> NDArray[np.uint64]:
    try:
        counts = [int(word) for word in _text(spectrum, "./Channels").split(",")]
    except ValueError:
        counts = []
    stated = _number(spectrum, f"{_AXIS}/ChannelCount")
    if not counts or min(counts) < 0 or max(counts) >= 1 << 63:
        raise FileFormatError(
            f"{path} holds no counts where they should be, in the element Channels: it is damaged "
            "or was cut short. Copy it again."
        )
    if len(counts) > _MOST_CHANNELS or (stated is not None and stated != len(counts)):
        raise FileFormatError(
            f"{path} says that a spectrum has {stated:g} channels and holds {len(counts)}: it is "
            "damaged. Copy it again."
        )
    return np.array(counts, np.uint64)


def _calibration(spectrum: ElementTree.Element) -> Polynomial | None:
    offset, gain = (_number(spectrum, f"{_AXIS}/{tag}") for tag in ("CalibAbs", "CalibLin"))
    return None if offset is None or not gain else Polynomial([offset, gain])


def _step(root: ElementTree.Element, tag: str) -> float | None:
    """Pixel size [mm], from µm."""
    size = _number(root, f"./ClassInstance[@Type='TRTSEMData']/{tag}")
    return size / 1000 if size is not None and size > 0 else None


def _pixel_times(root: ElementTree.Element) -> tuple[NDArray[np.float64] | None, bool]:
    """Times [s] on (y, x), from µs, and whether they are those that the scan was set to."""
    image = root.find("./ClassInstance[@Type='TRTImageData'][@Name='PixelTimes']")
    if image is None:
        return None, False
    shape = tuple(int(_number(image, f"./{tag}") or 0) for tag in ("Height", "Width"))
    width = _text(image, "./ItemSize")
    try:
        data = base64.b64decode(_text(image, "./Plane0/Data"), validate=False)
        microseconds = np.frombuffer(data, f"<u{width if width in '248' else 1}").reshape(shape)
    except (binascii.Error, ValueError):
        return None, False
    if not microseconds.any():
        return None, False
    return microseconds * 1e-6, _are_dwell_times(root, microseconds)


def _are_dwell_times(root: ElementTree.Element, microseconds: NDArray[np.unsignedinteger]) -> bool:
    """Compare the times with the setting of the scan: where equal, no dead time is taken off."""
    settings = "./ClassInstance[@Type='TRTDSPConfiguration']"
    dwell = 1.0
    for tag in ("PixelAverage", "LineAverage", "PixelTime"):
        dwell *= _number(root, f"{settings}/{tag}") or 0.0
    try:
        frames = np.array([int(n) for n in _text(root, "./LineCounter").split(",")])
    except (ValueError, OverflowError):
        return False
    if frames.shape != microseconds.shape[:1]:
        return False
    return bool(dwell) and bool(np.all(microseconds == dwell * frames[:, np.newaxis]))


def _about(spectrum: ElementTree.Element) -> dict[str, str | float]:
    """Instrument, tube and detector, where the header tells."""
    texts = {
        "instrument": f"{_XRF}/ChassisType",
        "tube": f"{_XRF}/TubeType",
        "optic": f"{_XRF}/Optic",
        "excitation_filter": f"{_XRF}/ExcitationFilter/FilterId",
        "detector": ".//ClassInstance[@Type='TRTDetectorHeader']/Type",
    }
    numbers = {
        "tube_voltage_kV": f"{_XRF}/Voltage",
        "tube_current_uA": f"{_XRF}/Current",
        "anode_atomic_number": f"{_XRF}/Anode",
        "spot_size_um": f"{_XRF}/SpotSize",
        "beam_energy_keV": ".//ClassInstance[@Type='TRTESMAHeader']/PrimaryEnergy",
    }
    found: dict[str, str | float] = {
        name: text for name, tag in texts.items() if (text := _text(spectrum, tag))
    }
    if "instrument" in found:
        found["instrument"] = f"Bruker {found['instrument']}"
    for name, tag in numbers.items():
        value = _number(spectrum, tag)
        if value:
            found[name] = value
    return found
