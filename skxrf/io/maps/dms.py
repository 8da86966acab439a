r"""Datamuncher's ``.dms`` and ``.ims``, the former for XRF Explorer.

A line ``2``, a line ``width height n_maps``; then the values of each map in row-major order, as
little-endian float32 in a ``.dms`` and as text in an ``.ims``; then one name a line.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skxrf.exceptions import FileFormatError

from .._limits import LIMITS
from .plain import float32_images, refuse_name
from .source import MapsRequest, MapsSource, build_maps, by_name

_HEADER = re.compile(rb"2[ \t]*\r?\n[ \t]*(\d+)[ \t]+(\d+)[ \t]+(\d+)[ \t]*\r?\n")
_WRITTEN = re.compile(rb"\s*[-+.\dnN][-+.\deEnaNifIF]*[ \t\r\n]")


def recognizes(path: Path, head: bytes) -> bool:
    """Recognize a file by the two lines of its header."""
    return _HEADER.match(head) is not None


def read_dms(path: Path, request: MapsRequest) -> xr.Dataset:
    """Read a ``.dms`` or ``.ims`` file; which it is follows from the size."""
    content = path.read_bytes()
    match = _HEADER.match(content)
    if match is None:
        raise FileFormatError(f"{path} has changed since it was opened: open it again.")
    width, height, n_maps = (int(number) for number in match.groups())
    where = f"{path}, {n_maps} maps of {height} rows and {width} columns by its header,"
    if 0 in (width, height, n_maps):
        raise FileFormatError(f"{where} is empty: expected at least one pixel and one map.")
    body = content[match.end() :]
    # One pixel of one map: four bytes that may as well be written.
    one_value = width * height * n_maps == 1 and path.suffix.lower() == ".dms"
    parse = _text if _is_text(body) and not one_value else _binary
    values, names = parse(body, width * height * n_maps, n_maps, where)
    stack = values.reshape(n_maps, height, width)
    images = by_name(zip(names, stack, strict=True), where)
    source = MapsSource(path=path, layout="Datamuncher", images=images)
    return build_maps(source, request.elements)


def _is_text(body: bytes) -> bool:
    """Recognize written numbers: a first one, and nothing but characters of text with it."""
    head = body[:64]
    written = head.isascii() and not any(byte < 32 and byte not in b"\t\r\n" for byte in head)
    return written and _WRITTEN.match(head) is not None


def _binary(body: bytes, size: int, n_maps: int, where: str) -> tuple[NDArray[Any], list[str]]:
    nbytes = 4 * size
    if nbytes > len(body):
        raise FileFormatError(
            f"{where} needs {nbytes} bytes of values but has only {len(body)}: it is cut off, or "
            "its header is wrong."
        )
    names = _names(body[nbytes:], n_maps, where)
    return np.frombuffer(body, dtype="<f4", count=size), names


def _text(body: bytes, size: int, n_maps: int, where: str) -> tuple[NDArray[Any], list[str]]:
    # A value needs at least a digit and a blank.
    words = body.split(maxsplit=size) if 2 * size <= len(body) + 1 else []
    if len(words) <= size:
        raise FileFormatError(
            f"{where} needs {size} values and {n_maps} names, but the file ends before: it is cut "
            "off, or its header is wrong."
        )
    try:
        values = np.array(words[:size], dtype=np.bytes_).astype(np.float64)
    except ValueError as error:
        raise FileFormatError(f"{where} holds a value that is no number: {error}.") from error
    return values, _names(words[size], n_maps, where)


def _names(tail: bytes, n_maps: int, where: str) -> list[str]:
    try:
        lines = tail.decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise FileFormatError(
            f"{where} is followed by bytes that are no names ({error}): its header is wrong."
        ) from error
    names = [line.strip() for line in lines if line.strip()]
    if len(names) != n_maps or max(map(len, names)) > LIMITS.name_length:
        raise FileFormatError(
            f"{where} is followed by {len(names)} names, expected {n_maps}, one a line: it is cut "
            "off, or its header is wrong."
        )
    return names


def write_dms(maps: xr.Dataset, path: Path) -> None:
    """Write computed maps as a ``.dms``."""
    images = float32_images(maps, "a .dms", uncertainty=False)
    for name in images:
        wrong = not name.strip() or name != name.strip() or len(name.splitlines()) > 1
        refuse_name(name, wrong, "a .dms cannot hold")
    height, width = next(iter(images.values())).shape
    with path.open("wb") as stream:
        stream.write(f"2\n{width} {height} {len(images)}\n".encode("ascii"))
        for image in images.values():
            stream.write(image.astype("<f4").tobytes())
        stream.write("\n".join(images).encode("utf-8"))
