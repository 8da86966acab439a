"""The file of a model: a line of text, its checksum, a header as JSON, and skops' archive.

::

    skxrf model
    <SHA-256 of all that follows, as 64 hexadecimal digits>
    {"format": 1, "estimator": "Pipeline", ..., "versions": {...}}
    <an archive of skops, which is a zip: schema.json and .npy arrays>

The checksum finds damage, of any byte. It does not prove who wrote the file: what a file can do
is limited by the types that are loaded from it, not by the checksum.
"""

from __future__ import annotations

import hashlib
import json
import operator
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from skxrf.exceptions import ModelFileError

from ._archive import check_archive

FORMAT = 1
_MAGIC = b"skxrf model\n"
# A forest of 1000 deep trees has some hundred megabytes.
_LARGEST = 4 << 30
_EXPECTED = "expected a file that skxrf.persistence.save_model wrote"


@dataclass(frozen=True)
class ModelInfo:
    """Header of a model's file, readable without loading the model.

    Parameters
    ----------
    estimator : str
        Class of the estimator, such as ``"Pipeline"``.
    steps : tuple of str
        Classes of what it is made of, in the order in which spectra pass through.
    line_groups : tuple of str, optional
        Names of its outputs, where known.
    n_channels : int, optional
        Channels of the spectra that it takes.
    energy_range : tuple of float, optional
        First and last bin center [keV] of its energy axis, where it has one.
    versions : dict of str to str
        Of skxrf and the packages that the estimator is made of, when it was saved.
    format : int
        Version of the file's format.
    """

    estimator: str
    steps: tuple[str, ...] = ()
    line_groups: tuple[str, ...] | None = None
    n_channels: int | None = None
    energy_range: tuple[float, float] | None = None
    versions: dict[str, str] = field(default_factory=dict)
    format: int = FORMAT


def read_model_file(path: Path) -> bytes:
    """Content of a file that starts like a model's; nothing else is read whole."""
    with path.open("rb") as stream:
        head = stream.read(16)
        size = path.stat().st_size
        if not head.startswith(_MAGIC):
            raise ModelFileError(f"{path} {_foreign(head)}; {_EXPECTED}.")
        if size > _LARGEST:
            raise ModelFileError(
                f"{path} has {size:,} bytes, more than the {_LARGEST:,} of any model."
            )
        return head + stream.read()


def is_model_file(path: Path) -> bool:
    """Tell whether a file starts like a model's."""
    with path.open("rb") as stream:
        return stream.read(len(_MAGIC)) == _MAGIC


def pack(info: ModelInfo, archive: bytes) -> bytes:
    """Make the content of a file from its header and skops' archive."""
    body = json.dumps(asdict(info)).encode() + b"\n" + archive
    return _MAGIC + hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def unpack(content: bytes, where: str) -> tuple[ModelInfo, bytes]:
    """Take a file's content apart, after its checksum was found right."""
    if not content.startswith(_MAGIC):
        raise ModelFileError(f"{where} {_foreign(content[:16])}; {_EXPECTED}.")
    rest = content[len(_MAGIC) :]
    length = 2 * hashlib.sha256().digest_size
    stated, body = rest[:length], rest[length + 1 :]
    if rest[length : length + 1] != b"\n" or hashlib.sha256(body).hexdigest().encode() != stated:
        raise ModelFileError(
            f"{where} is damaged: its content does not agree with its checksum. It was cut off or "
            "changed since it was saved: get it once more from where it came from."
        )
    # More than any header is long, by far.
    line, newline, archive = body[: 4 * 2**20].partition(b"\n")
    try:
        header = json.loads(line if newline else b"")
        found = operator.index(header["format"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ModelFileError(f"{where} has no readable header ({error}); {_EXPECTED}.") from error
    if found != FORMAT:
        writer = str(dict(header.get("versions") or {}).get("skxrf", "a newer skxrf"))[:40]
        raise ModelFileError(
            f"{where} has format {found}, written by skxrf {writer}: this version reads format "
            f"{FORMAT}. Upgrade skxrf to open it."
        )
    try:
        info = _read_header(header)
    except (TypeError, ValueError, KeyError) as error:
        raise ModelFileError(f"{where} has a header with errors ({error}); {_EXPECTED}.") from error
    archive = body[len(line) + 1 :]
    check_archive(archive, where)
    return info, archive


def _read_header(header: Mapping[str, object]) -> ModelInfo:
    known = {name: header[name] for name in ModelInfo.__dataclass_fields__ if name in header}
    for name in ("steps", "line_groups", "energy_range"):
        value = known.get(name)
        if value is not None:
            if not isinstance(value, list):
                raise TypeError(f"{name} is no list")
            known[name] = tuple(value)
    info = ModelInfo(**known)  # type: ignore[arg-type]
    energy: tuple[object, ...] = info.energy_range or (0.0, 1.0)
    found: object = info.versions
    sound = {
        "estimator": isinstance(info.estimator, str),
        "steps": all(isinstance(one, str) for one in info.steps),
        "line_groups": all(isinstance(one, str) for one in info.line_groups or ()),
        "n_channels": info.n_channels is None or type(info.n_channels) is int,
        "energy_range": len(energy) == 2 and all(type(one) in (int, float) for one in energy),
        "versions": isinstance(found, dict) and all(isinstance(one, str) for one in found.values()),
    }
    wrong = [name for name, right in sound.items() if not right]
    if wrong:
        raise TypeError(f"{wrong[0]} is {getattr(info, wrong[0])!r:.60}")
    return info


def _foreign(head: bytes) -> str:
    """Describe a foreign file by its first bytes."""
    # Opcode PROTO and its number; or the older text protocol of an object.
    if (head[:1] == b"\x80" and head[1:2] <= b"\x05") or head[:2] in (b"cc", b"ci"):
        return (
            "is a pickle. Pickles run code when they are opened, so they are never loaded: open "
            "it with the program that wrote it, if you trust it, and save the model with "
            "skxrf.persistence.save_model"
        )
    if head.startswith(b"PK\x03\x04"):
        return "is a zip archive (of torch or skops, perhaps), not a model of skxrf"
    if head.startswith(b"\x89HDF"):
        return "is HDF5 (a cube or maps, perhaps), not a model of skxrf"
    return "is not a model of skxrf"
