"""Ripple cubes: a text header ``.rpl`` and the bare numbers in the ``.raw`` file beside it.

Lines of the header are a key and a value, between them tabs or blanks, in any order. The short
dialect has nine of them and no calibration. Bruker's Esprit adds ``depthscaleorigin``,
``depthscaleincrement`` and ``depthscaleunits``; HyperSpy ``depth-origin``, ``depth-scale``,
``depth-units``, the same for width and height, and ``ev-per-chan``. The layout of the short one is
that of Lispix, https://www.nist.gov/services-resources/software/lispix.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skxrf.exceptions import Argument, EnergyAxisError, FileFormatError
from skxrf.utils.units import decimal, to_mm
from skxrf.utils.validation import CUBE_DIMS

from .._limits import LIMITS
from .memory_map import RawReader
from .source import CubeRequest, CubeSource
from .stated_axis import stated_axis
from .text_spectrum import decoded

_KEYS = ("width", "height", "depth", "data-length", "data-type", "record-by")
_ORDERS = {"vector": ("y", "x", "energy"), "image": ("energy", "y", "x")}
_KINDS = {"unsigned": "u", "signed": "i", "float": "f"}
# HyperSpy's text for an unknown unit.
_UNKNOWN = {"", "<undefined>", "t.Undefined", "None"}
# Values that show the order of their bytes, and how much smaller they are in the right one.
_SAMPLE = 1 << 17
_CLEAR = 16.0


def recognizes(path: Path, head: bytes) -> bool:
    """Recognize a header by its first lines, or the ``.raw`` beside one."""
    if path.is_dir():
        return False
    if path.suffix.lower() == ".raw":
        return True
    found = {line.split()[0] for line in head.lower().splitlines() if line.split()}
    return len(found & {b"offset", b"byte-order", *(key.encode() for key in _KEYS)}) >= 3


def open_ripple(path: Path, request: CubeRequest) -> tuple[CubeSource, CubeRequest]:
    """Describe the cube of a header and its raw file, whichever of them `path` is."""
    is_raw = path.suffix.lower() == ".raw"
    header, raw = (_beside(path, ".rpl"), path) if is_raw else (path, _beside(path, ".raw"))
    keys = parse_header(header)
    order = _order(keys, request, header)
    sizes = {
        dim: _whole(keys, word, header)
        for dim, word in zip(CUBE_DIMS, ("height", "width", "depth"), strict=True)
    }
    first, second, third = (sizes[dim] for dim in order)
    reader = RawReader.of(
        raw,
        offset=_whole(keys, "offset", header) if "offset" in keys else 0,
        shape=(first, second, third),
        dtype=_dtype(keys, header, raw),
        described_by=str(header),
    )
    energy = None if request.energy is not None else _energy(keys, header, sizes["energy"])
    source = CubeSource(
        path=header,
        dataset="",
        layout="Ripple (.rpl, .raw)",
        reader=reader,
        dims=order,
        dims_from="record-by in its header",
        energy=energy,
        energy_from=f"the calibration in {header}",
        attrs=_about(keys),
        y=_positions(keys, "height", sizes["y"]),
        x=_positions(keys, "width", sizes["x"]),
    )
    return source, request


def parse_header(path: Path) -> dict[str, str]:
    """Keys, in lower case, and values of a header; one that contradicts itself or lacks a key is refused."""
    with path.open("rb") as stream:
        text = decoded(stream.read(LIMITS.small_header_bytes))
    keys: dict[str, str] = {}
    for line in text.splitlines():
        match = re.fullmatch(
            r"([A-Za-z][\w-]*)(?:[\t ]*[=:][\t ]*|[\t ]+)(.*)", line.partition(";")[0].strip()
        )
        if match is None:
            continue
        key, value = match[1].lower(), match[2].strip()
        if keys.setdefault(key, value) != value:
            raise FileFormatError(
                f"{path} says both {key} {keys[key]} and {key} {value}: remove the wrong line."
            )
    missing = [key for key in _KEYS if key not in keys]
    if missing:
        raise FileFormatError(
            f"{path} is no complete header of a .raw file, it lacks {', '.join(missing)}. Each "
            "stands on a line of its own, a tab between key and value, such as 'width\\t240', "
            "'data-type\\tunsigned' or 'record-by\\tvector'."
        )
    return keys


def _beside(path: Path, suffix: str) -> Path:
    """The other file of the pair, whatever the case of its suffix."""
    for name in (suffix, suffix.upper(), suffix.title()):
        other = path.with_suffix(name)
        if other.is_file():
            return other
    if suffix == ".raw":
        raise FileFormatError(
            f"{path} describes the file {path.with_suffix(suffix).name}, which is not beside it: "
            "copy both files into one folder, under the same name."
        )
    raise FileFormatError(
        f"{path} holds bare numbers, and {path.with_suffix(suffix).name}, which describes them, "
        "is not beside it: copy it there, or write it, nine lines with width, height, depth, "
        "offset, data-length, data-type, byte-order and record-by."
    )


def _order(keys: Mapping[str, str], request: CubeRequest, path: Path) -> tuple[str, ...]:
    """Names of the stored axes; the caller's win, and a wrong wish is refused further on."""
    if request.axes is not None and sorted(map(str, request.axes)) == sorted(CUBE_DIMS):
        return tuple(request.axes)
    word = keys["record-by"].lower()
    # One spectrum, or one image.
    if word == "dont-care" and (keys["depth"] == "1" or keys["width"] == keys["height"] == "1"):
        word = "vector"
    if word not in _ORDERS:
        raise FileFormatError(
            f"{path} says record-by {word}: expected vector or image. Where you know the order, "
            "pass ",
            Argument("axes"),
            ", such as ",
            Argument("axes", CUBE_DIMS),
            ".",
        )
    return _ORDERS[word]


def _whole(keys: Mapping[str, str], key: str, path: Path) -> int:
    try:
        number = int(keys[key])
    except ValueError:
        number = -1
    if number < 0:
        raise FileFormatError(
            f"{path} says {key} {keys[key][:40]!r}: expected a whole number, not negative."
        )
    return number


def _dtype(keys: Mapping[str, str], path: Path, raw: Path) -> np.dtype[Any]:
    length, kind = _whole(keys, "data-length", path), keys["data-type"].lower()
    if kind not in _KINDS or length not in ((4, 8) if kind == "float" else (1, 2, 4, 8)):
        raise FileFormatError(
            f"{path} says data-type {kind[:40]} of data-length {length}: expected unsigned or "
            "signed of 1, 2, 4 or 8 bytes, or float of 4 or 8."
        )
    order = {"little-endian": "<", "big-endian": ">"}.get(keys.get("byte-order", "").lower(), "")
    if keys.get("byte-order", "").lower() == "dont-care" and length > 1:
        order = _byte_order(raw, np.dtype(f"{_KINDS[kind]}{length}"))
    if not order and length > 1:
        said = keys.get("byte-order", "nowhere")[:40]
        raise FileFormatError(
            f"{path} says byte-order {said} of values of {length} bytes, and the values do not show it: "
            "expected little-endian or big-endian. Write the one that is right into the header."
        )
    return np.dtype(f"{order or '<'}{_KINDS[kind]}{length}")


def _byte_order(raw: Path, kind: np.dtype[Any]) -> str:
    """Order of bytes in which counts are small numbers, as they are; empty where both are alike."""
    size = raw.stat().st_size // kind.itemsize
    n = min(size, _SAMPLE)
    means: dict[str, float] = {}
    for order in ("<", ">"):
        parts = [
            np.fromfile(
                raw, np.dtype(f"{order}{kind.kind}{kind.itemsize}"), n, offset=start * kind.itemsize
            )
            for start in (0, (size - n) // 2, size - n)
        ]
        with np.errstate(all="ignore"):
            values = np.abs(np.concatenate(parts).astype(np.float64))
        # Of a scan that was stopped the rest may be NaN.
        values = values[~np.isnan(values)]
        # Floating-point numbers between zero and 1e-9 are no counts: their bytes are in the other order.
        unlike = ~np.isfinite(values) | ((values > 0) & (values < 1e-9))
        means[order] = np.inf if unlike.any() or not values.size else float(values.mean())
    best, other = sorted("<>", key=means.__getitem__)
    return best if means[best] > 0 and means[other] > _CLEAR * means[best] else ""


def _energy(keys: Mapping[str, str], path: Path, n_channels: int) -> Any:
    """The calibration line [keV] of channel numbers, from whichever dialect has one."""
    for origin, scale, units in (
        ("depthscaleorigin", "depthscaleincrement", "depthscaleunits"),
        ("depth-origin", "depth-scale", "depth-units"),
    ):
        unit = keys.get(units, "")
        unit = "" if unit in _UNKNOWN else unit
        if origin in keys and scale in keys:
            values = [_number(keys, origin, path), _number(keys, scale, path)]
            if not unit and values == [0.0, 1.0]:
                continue  # HyperSpy's defaults, which calibrate nothing
            _refuse_part_of_an_axis(keys, path, n_channels)
            return stated_axis(coefficients=values, units=unit, source=f"{units} in {path}")
    if "ev-per-chan" in keys:
        gain = _number(keys, "ev-per-chan", path) / 1000
        raise EnergyAxisError(
            f"{path} says ev-per-chan {1000 * gain:g}, but not the energy of channel 0: pass ",
            Argument("energy", placeholder=f"offset, {gain:g}"),
            " with that energy in keV.",
        )
    return None


def _refuse_part_of_an_axis(keys: Mapping[str, str], path: Path, n_channels: int) -> None:
    """Refuse a calibration that may be that of the channels before they were cut or binned."""
    first, last = (_number(keys, key, path) for key in ("depth1", "depth2"))
    # Counted from 1, all channels are 1 to n_channels.
    is_all = first == 1 and last == n_channels
    is_cut = first > 0 and not is_all and n_channels in (last - first, last - first + 1)
    is_binned = _number(keys, "depthbinsize", path, default=1) != 1
    if is_cut or is_binned:
        raise EnergyAxisError(
            f"{path} holds {n_channels} channels cut or binned from more (depth1, depth2, "
            "depthbinsize), and does not say whether its calibration is that of all channels or "
            "of these: pass ",
            Argument("energy", placeholder="offset, gain"),
            " in keV for these.",
        )


def _number(keys: Mapping[str, str], key: str, path: Path, default: float = 0) -> float:
    if key not in keys:
        return default
    # The decimal comma is that of the Windows which wrote the file.
    found = decimal(keys[key])
    if found is None:
        raise EnergyAxisError(
            f"{path} says {key} {keys[key][:40]!r}: expected a number; or pass ",
            Argument("energy"),
            ".",
        )
    return found


def _positions(keys: Mapping[str, str], name: str, size: int) -> NDArray[np.float64] | None:
    origin, scale = decimal(keys.get(f"{name}-origin", "0")), decimal(keys.get(f"{name}-scale"))
    unit = keys.get(f"{name}-units", "")
    if origin is None or not scale or unit in _UNKNOWN:
        return None
    return to_mm(origin + scale * np.arange(size), unit)


def _about(keys: Mapping[str, str]) -> dict[str, str | float]:
    found: dict[str, str | float] = {
        key: keys[key] for key in ("title", "date") if keys.get(key, "") not in _UNKNOWN
    }
    if voltage := decimal(keys.get("beam-energy")):
        found["tube_voltage_kV"] = voltage
    return found
