"""Images in Bruker's files: video, mosaic, overviews, and the element maps of a project ``.rtx``.

A ``.rtx`` is XML whose element ``RTData`` is base64 of a zlib stream of more XML, in Windows-1252. Both it
and the header of a ``.bcf`` hold ``TRTImageData`` objects, each with planes of unsigned integers. Sizes
of pixels are in µm. The layout is that which
https://github.com/PaleoIMAGING-DataFormats/microXRF_to_NetCDF describes (FINDINGS.md); no file of
an M6 was at hand.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from skxrf.exceptions import FileFormatError

from ._limits import LIMITS
from .cubes.bcf import stored_header
from .cubes.bruker_xml import parsed, planes_of, step_of
from .cubes.sfs import MAGIC, stored_files


@dataclass(frozen=True)
class BrukerImage:
    """One image: a plane of each map, or three of a color picture."""

    name: str
    planes: dict[str, NDArray[np.unsignedinteger]]
    """By description; those of a picture are the colors, in the order of the file."""
    step_y: float | None  # distance of two rows [mm], None where it is not stated
    step_x: float | None


def is_project(head: bytes) -> bool:
    """Recognize a ``.rtx`` by its start."""
    return b"<TRTProject>" in head or b"<TRTProject " in head


def bruker_images(path: Path) -> list[BrukerImage]:
    """Read all images of a ``.rtx`` or ``.bcf`` but those without planes, in the order of the file."""
    with path.open("rb") as stream:
        head = stream.read(4096)
    if head.startswith(MAGIC):
        root = parsed(stored_header(stored_files(path), path), path)
    elif is_project(head):
        root = _project(path)
    else:
        raise FileFormatError(f"{path} is neither a .rtx nor a .bcf of Bruker's.")
    return list(_images(root, path))


def _project(path: Path) -> ElementTree.Element:
    if path.stat().st_size > LIMITS.xml_bytes:
        raise FileFormatError(f"{path} has {path.stat().st_size:,} bytes, more than any project.")
    content = path.read_bytes()
    said = re.search(rb"<RTCompression\b([^>]*)>", content[: 1 << 16])
    text = parsed(content, path).findtext("./RTData") or ""
    if said is None or b"zlib" not in said[1] or b"base64" not in said[1]:
        raise FileFormatError(
            f"{path} says RTCompression{said[1].decode('latin-1') if said else ' nowhere'}: expected "
            "zlib in base64."
        )
    try:
        unpacked = zlib.decompressobj()
        xml = unpacked.decompress(base64.b64decode(text), LIMITS.xml_bytes)
    except (binascii.Error, zlib.error, ValueError) as error:
        raise FileFormatError(f"{path} is damaged ({error}). Copy it again.") from None
    if not unpacked.eof:
        raise FileFormatError(f"{path} was cut short, or holds too much. Copy it again.")
    declared = xml if xml.startswith(b"<?xml") else b'<?xml version="1.0" encoding="cp1252"?>' + xml
    return parsed(declared, path)


def _images(root: ElementTree.Element, path: Path) -> Iterator[BrukerImage]:
    left = LIMITS.image_bytes
    for node in root.iter("ClassInstance"):
        if node.get("Type") != "TRTImageData":
            continue
        planes: dict[str, NDArray[np.unsignedinteger]] = {}
        for i, (description, values) in enumerate(planes_of(node)):
            if values is None:
                raise FileFormatError(
                    f"{path}: plane {i} of the image {node.get('Name', '')!r} has not the bytes of its height "
                    "and width: it is damaged. Copy the file again."
                )
            left -= values.nbytes
            if left < 0:
                raise FileFormatError(
                    f"{path} holds more than {LIMITS.image_bytes:,} bytes of images."
                )
            name = description or str(i)
            planes[name if name not in planes else f"{name} {i}"] = values
        if planes:
            steps = (step_of(node, "./YCalibration"), step_of(node, "./XCalibration"))
            yield BrukerImage(node.get("Name", ""), planes, *steps)
