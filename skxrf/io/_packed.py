"""Files that gzip or bzip2 packed, unpacked as they are read."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from skxrf.exceptions import FileFormatError

_GZIP, _BZIP2 = b"\x1f\x8b", b"BZh"  # first bytes
_SUFFIXES = (".gz", ".bz2")


@contextlib.contextmanager
def opened(path: Path) -> Iterator[BinaryIO | gzip.GzipFile | bz2.BZ2File]:
    """Open a file for reading; of a packed one, its content."""
    with path.open("rb") as stream:
        head = stream.read(4)
        stream.seek(0)
        if not is_packed(head):
            yield stream
            return
        try:
            with gzip.open(stream) if head.startswith(_GZIP) else bz2.open(stream) as content:
                yield content
        except (EOFError, zlib.error, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise FileFormatError(
                f"{path} is packed and damaged, or was cut short ({error}). Copy it again."
            ) from error


def is_packed(head: bytes) -> bool:
    """Recognize a packed file by its first bytes."""
    return head.startswith((_GZIP, _BZIP2))


def unpacked_head(path: Path, head: bytes) -> bytes:
    """First bytes of the content of a packed file; `head`, those of the file, of any other."""
    if not is_packed(head):
        return head
    with opened(path) as stream:
        return stream.read(len(head))


def read_bytes(path: Path, at_most: int) -> bytes:
    """Content of a file, unpacked, of no more than some bytes."""
    with opened(path) as stream:
        content = stream.read(at_most + 1)
    if len(content) > at_most:
        raise FileFormatError(
            f"{path} has more than the {at_most:,} bytes that are read at once: it is no such file, or must be "
            "split."
        )
    return content


def plain_name(path: Path) -> Path:
    """Path without the suffix that a packed file has."""
    return path.with_suffix("") if path.suffix.lower() in _SUFFIXES else path
