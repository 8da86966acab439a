"""Bruker's XML: single spectra ``.spx``, and what stands in the header of a ``.bcf``.

Both hold ``TRTSpectrum`` objects: headers of hardware, detector, tube and axis, and the counts as
a line of text. Energies are in keV, times of a spectrum in ms, pixel sizes in µm.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from numpy.polynomial import Polynomial
from numpy.typing import NDArray

from skxrf.exceptions import FileFormatError
from skxrf.utils.line_group_names import element_symbol
from skxrf.utils.units import decimal

from .._limits import LIMITS
from .single import one_spectrum, several_spectra
from .source import CubeRequest, CubeSource
from .text_spectrum import TextSpectrum, read_spectrum, same_length, seconds


@dataclass(frozen=True)
class ZeroPeak:
    """Peak at zero energy, of pulses that the electronics add at a known rate while they count.

    So its counts give the live time. On 14 spectra of an M4 and an M6 they are .4 % below the live
    time that Bruker states.
    """

    frequency: float  # pulses per second of live time
    half_width: float = 0.15
    """Distance from zero up to which a count belongs to the peak [keV]; its FWHM is about 0.1."""

    def channels(self, energy: Polynomial, n_channels: int) -> tuple[int, int]:
        """First channel of the peak, and the one behind its last."""
        inside = np.abs(energy(np.arange(n_channels))) <= self.half_width
        at = np.flatnonzero(inside)
        return (int(at[0]), int(at[-1]) + 1) if at.size else (0, 0)


@dataclass(frozen=True)
class MapHeader:
    """Facts about one map in the header of a ``.bcf``."""

    n_channels: int
    energy: Polynomial | None
    sum_spectrum: NDArray[np.uint64]
    step_y: float | None  # distance of two rows [mm], None where the file does not say
    step_x: float | None
    pixel_times: NDArray[np.float64] | None  # seconds a pixel on (y, x)
    times_are_real: bool  # True where no dead time is taken off the times
    zero_peak: ZeroPeak | None
    sizes: frozenset[int]  # widths of the images that belong to the map
    real_time: float | None  # of the sum of all pixels [s]
    live_time: float | None
    attrs: Mapping[str, str | float]


def recognizes(path: Path, head: bytes) -> bool:
    """Recognize Bruker's XML of one spectrum, or of a project, by its start."""
    return b"<TRTSpectrum>" in head or b"<TRTProject" in head


def open_spx(path: Path, request: CubeRequest) -> tuple[CubeSource, CubeRequest]:
    """Describe a single spectrum as a cube of one pixel, those of a project of ARTAX as points."""
    spectra, attrs = spx_spectra(read_spectrum(path, LIMITS.spectrum_bytes), path)
    if len(spectra) > 1:
        placed = [one for one in spectra if one.motors]
        # A processed file holds a sum of all spectra, which has no place.
        kept = placed if len(placed) > 1 else spectra
        steps = f"{len(spectra) - len(kept)} spectra without a position left out"
        return several_spectra(
            path,
            "Bruker .rtx (ARTAX)",
            kept,
            request,
            steps=steps if len(kept) < len(spectra) else "",
            attrs=attrs,
        ), request
    from_ = f"CalibAbs and CalibLin in {path}"
    return one_spectrum(path, "Bruker .spx", spectra[0], energy_from=from_, attrs=attrs), request


def spx_spectra(content: bytes, path: Path) -> tuple[list[TextSpectrum], dict[str, str | float]]:
    """Read all spectra, and what is stated of the instrument."""
    root = parsed(content, path)
    nodes = root.findall("./ClassInstance[@Type='TRTSpectrum']")
    # Within a spectrum may stand others of its processing, without counts.
    nodes = nodes or root.findall(".//ClassInstance[@Type='TRTSpectrum'][Channels]")
    if not nodes:
        raise FileFormatError(
            f"{path} is XML of Bruker's, but holds no TRTSpectrum. Maps and images of a project are opened by "
            "open_maps and open_images."
        )
    found = []
    for node in nodes:
        live_time, real_time = _times(node)
        found.append(
            TextSpectrum(
                _channels(node, path),
                _calibration(node),
                live_time=live_time,
                real_time=real_time,
                motors=_axes(node),
            )
        )
    return found, _about(nodes[0])


def _axes(spectrum: ElementTree.Element) -> dict[str, float]:
    """Positions of the axes of the scanner, with their units in the names."""
    axes = spectrum.findall(".//ClassInstance[@Type='TRTAxesHeader']/AxesParameter/*")
    return {
        f"{one.get('AxisName', '').lower()} ({one.get('AxisUnit', '')})": position
        for one in axes
        if (position := decimal(one.get("AxisPosition"))) is not None
    }


def map_headers(content: bytes, path: Path) -> dict[int, MapHeader]:
    """Read the header of a ``.bcf``, decompressed, by the numbers of the maps as in ``SpectrumData0``."""
    root = parsed(content, path).find("./ClassInstance[@Type='TRTSpectrumDatabase']")
    found = {}
    for node in root if root is not None else ():
        match = re.fullmatch(r"SpectrumData(\d{1,3})", node.tag)
        spectrum = node.find("./ClassInstance")
        if root is not None and match is not None and spectrum is not None:
            found[int(match[1])] = _map_header(root, spectrum, path)
    return found


def _map_header(root: ElementTree.Element, spectrum: ElementTree.Element, path: Path) -> MapHeader:
    counts = _channels(spectrum, path)
    live, real = _times(spectrum)
    frequency = _number(spectrum, f".//{_HARDWARE}/ZeroPeakFrequency")
    times = _pixel_times(root)
    attrs = _about(spectrum)
    if root.get("Name", "").strip():
        attrs["title"] = root.get("Name", "").strip()
    images = root.findall("./ClassInstance[@Type='TRTImageData']")
    return MapHeader(
        n_channels=len(counts),
        energy=_calibration(spectrum),
        sum_spectrum=counts,
        step_y=step_of(root, f"{_SCAN}/DY"),
        step_x=step_of(root, f"{_SCAN}/DX"),
        pixel_times=times,
        times_are_real=times is not None and _are_real_times(root, times, real, live),
        zero_peak=ZeroPeak(frequency) if frequency and frequency > 0 else None,
        sizes=frozenset(int(_number(image, "./Width") or 0) for image in images),
        real_time=real,
        live_time=live,
        attrs=attrs,
    )


_HARDWARE = "ClassInstance[@Type='TRTSpectrumHardwareHeader']"
_AXIS = "./ClassInstance[@Type='TRTSpectrumHeader']"
_SCAN = "./ClassInstance[@Type='TRTSEMData']"
_XRF = ".//ClassInstance[@Type='TRTXrfHeader']"


class _PlainTree(ElementTree.TreeBuilder):
    """Tree of a document that defines no entities, in whatever encoding."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        """Refuse definitions: a few of them stand for any amount of text."""
        raise ValueError("it has definitions, which no file of Bruker's has")


def parsed(content: bytes, path: Path) -> ElementTree.Element:
    """Root of Bruker's XML, which defines no entities."""
    # Each element takes some hundred bytes; a map's header has hundreds, its images are text.
    if content.count(b"<") > LIMITS.xml_tags:
        raise FileFormatError(
            f"{path} holds XML of more than {LIMITS.xml_tags:,} tags, no file of Bruker's."
        )
    try:
        return ElementTree.fromstring(content, ElementTree.XMLParser(target=_PlainTree()))
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        raise FileFormatError(
            f"{path} holds XML that is damaged or was cut short ({error}). Copy the file again."
        ) from None


def _text(node: ElementTree.Element, tag: str) -> str:
    return (node.findtext(tag) or "").strip()


def _number(node: ElementTree.Element, tag: str) -> float | None:
    # Decimal commas come from the Windows on which the file was written.
    return decimal(node.findtext(tag))


def _times(spectrum: ElementTree.Element) -> list[float | None]:
    """Live and real time of a spectrum [s]."""
    found = [seconds(_text(spectrum, f".//{_HARDWARE}/{tag}")) for tag in ("LifeTime", "RealTime")]
    return [None if milliseconds is None else milliseconds / 1000 for milliseconds in found]


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
    if len(counts) > LIMITS.channels:
        raise FileFormatError(f"{path} holds {len(counts):,} channels, more than any spectrum has.")
    if stated is not None:
        same_length(stated, len(counts), "a spectrum", path)
    return np.array(counts, np.uint64)


def _calibration(spectrum: ElementTree.Element) -> Polynomial | None:
    offset, gain = (_number(spectrum, f"{_AXIS}/{tag}") for tag in ("CalibAbs", "CalibLin"))
    return None if offset is None or not gain else Polynomial([offset, gain])


def step_of(node: ElementTree.Element, tag: str) -> float | None:
    """Pixel size [mm], from µm."""
    size = _number(node, tag)
    return size / 1000 if size is not None and size > 0 else None


def step_positions(step: float | None, size: int) -> NDArray[np.float64] | None:
    """Positions of rows or columns [mm]."""
    return None if step is None else step * np.arange(size, dtype=np.float64)


def _pixel_times(root: ElementTree.Element) -> NDArray[np.float64] | None:
    """Times [s] on (y, x), from µs."""
    image = root.find("./ClassInstance[@Type='TRTImageData'][@Name='PixelTimes']")
    planes = [] if image is None else list(planes_of(image))
    if len(planes) != 1 or planes[0][1] is None or not planes[0][1].any():
        return None
    return np.asarray(planes[0][1] * 1e-6, np.float64)


def _are_real_times(
    root: ElementTree.Element, times: NDArray[np.float64], real: float | None, live: float | None
) -> bool:
    """Compare the times with those of the sum spectrum; else with the setting of the scan."""
    if real is not None or live is not None:
        total = float(times.sum())
        off_real, off_live = (np.inf if one is None else abs(total - one) for one in (real, live))
        return bool(off_real < off_live)
    settings = "./ClassInstance[@Type='TRTDSPConfiguration']"
    dwell = 1e-6
    for tag in ("PixelAverage", "LineAverage", "PixelTime"):
        dwell *= _number(root, f"{settings}/{tag}") or 0.0
    try:
        frames = np.array([int(n) for n in _text(root, "./LineCounter").split(",")])
    except (ValueError, OverflowError):
        return False
    if frames.shape != times.shape[:1]:
        return False
    return bool(dwell) and np.allclose(times, dwell * frames[:, np.newaxis], rtol=1e-9, atol=0)


def planes_of(
    image: ElementTree.Element,
) -> Iterator[tuple[str, NDArray[np.unsignedinteger] | None]]:
    """Description and values of each plane of an image, None where they are damaged."""
    height, width = (int(_number(image, f"./{tag}") or 0) for tag in ("Height", "Width"))
    size = _text(image, "./ItemSize")
    for plane in image:
        if re.fullmatch(r"Plane\d+", plane.tag) is None:
            continue
        values = None
        try:
            data = base64.b64decode(_text(plane, "./Data"), validate=False)
            if size in ("1", "2", "4"):
                values = np.frombuffer(data, f"<u{size}").reshape(height, width)
        except (binascii.Error, ValueError):
            pass
        yield _text(plane, "./Description"), values


def _about(spectrum: ElementTree.Element) -> dict[str, str | float]:
    """Instrument, tube and detector, where the header tells."""
    texts = {
        "instrument": f"{_XRF}/ChassisType",
        "tube": f"{_XRF}/TubeType",
        "optic": f"{_XRF}/Optic",
        "atmosphere": f"{_XRF}/Atmosphere",
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
    areas = _net_counts(spectrum)
    if areas:
        found["bruker_net_counts"] = json.dumps(areas)
    return found


def _net_counts(spectrum: ElementTree.Element) -> dict[str, float]:
    """Net counts of line groups by Bruker's own fit, where the file has its results."""
    areas = {}
    for result in spectrum.findall("./ClassInstance[@Type='TRTResult']/Result"):
        symbol = element_symbol(int(_number(result, "./Atom") or 0))
        family = re.fullmatch(r"([KLM])-Serie", _text(result, "./XLine"))
        counts = _number(result, "./NetIntens")
        if symbol and family and counts is not None:
            areas[f"{symbol}_{family[1]}"] = counts
    return areas
