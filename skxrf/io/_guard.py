"""Errors of parsers in terms of the file: nothing foreign leaves the functions that open files."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from skxrf.exceptions import FileFormatError, SkxrfError


@contextlib.contextmanager
def own_errors(path: Path, kind: str) -> Iterator[None]:
    """Turn what a parser raises on a damaged file into a `FileFormatError` that names it."""
    try:
        yield
    except (SkxrfError, FileNotFoundError, PermissionError, IsADirectoryError):
        raise
    except OSError as error:
        # Errors of the disk or network have a number; EINVAL is that of an impossible position.
        if error.errno not in (None, 22):
            raise
        raise _refusal(path, kind, error) from error
    except Exception as error:
        raise _refusal(path, kind, error) from error


def _refusal(path: Path, kind: str, error: Exception) -> FileFormatError:
    what = "needs more memory than there is" if isinstance(error, MemoryError) else "is damaged"
    return FileFormatError(
        f"{path} was recognized as {kind}, but {what}, or is of a variant that is not known "
        f"({type(error).__name__}: {error!s:.200}). Copy it again, or export it in another format."
    )
