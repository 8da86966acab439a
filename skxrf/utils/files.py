"""Files: existing ones, writing a file or folder whole or not at all, locks."""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from skxrf.exceptions import FileFormatError


def existing_file(
    path: str | os.PathLike[str], what: str, *, folders: bool = False
) -> tuple[Path, bytes]:
    """Absolute path and first bytes of a file that must exist and contain something.

    `path`: the file; a leading ``~`` is the home folder. `what`: expected content, for error
    messages. `folders`: whether it may be a folder. Returns `file`: the absolute path; `head`: the
    first 512 bytes, or all of a shorter file; of a folder, none.
    """
    file = Path(os.path.abspath(Path(path).expanduser()))
    if not file.exists():
        beside = "" if file.parent.is_dir() else f" (there is no folder {file.parent})"
        raise FileNotFoundError(f"there is no file {file}{beside}: expected {what}.")
    if folders and file.is_dir():
        return file, b""
    if not file.is_file():
        found = "a folder" if file.is_dir() else "a device"
        raise FileFormatError(f"{file} is {found}: expected a file with {what}.")
    with file.open("rb") as stream:
        # Enough for the signature of every known format.
        head = stream.read(512)
    if not head:
        raise FileFormatError(f"{file} is empty (0 bytes): expected {what}.")
    return file, head


def printable_attrs(attrs: Mapping[str, Any]) -> dict[str, Any]:
    """Write what is not UTF-8 in texts, such as names of files, with backslashes: files can hold it."""
    return {
        name: one.encode("utf-8", "backslashreplace").decode() if isinstance(one, str) else one
        for name, one in attrs.items()
    }


@contextlib.contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary file beside the target that takes its place only if all goes well.

    `path`: the target. A link is followed; an existing file is replaced and keeps its mode. Yields
    the empty temporary file to write. After the block it is flushed to the disk and renamed; after
    an error, or Ctrl-C, it is removed and the target is as before.
    """
    target = check_writable(path)
    partial = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.partial")
    try:
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except OSError as error:
        raise _explained(error, target) from error
    try:
        yield partial
        _flush_to_disk(partial)
        if target.exists():
            partial.chmod(target.stat().st_mode)
        partial.replace(target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            partial.unlink()
        if isinstance(error, OSError):
            raise _explained(error, target) from error
        raise
    _flush_to_disk(target.parent)


@contextlib.contextmanager
def whole_folder(path: str | os.PathLike[str], suffix: str) -> Iterator[Path]:
    """Give a temporary folder beside the target that takes its place only if all goes well.

    `path`: the target. An existing folder is replaced if everything in it is a file of a name that
    is written anew; one that contains anything else is not touched. `suffix`: of the files that
    will be written. A folder that contains others is refused at once, before a long computation.
    Yields the empty temporary folder to fill. After the block it is renamed; after an error, or
    Ctrl-C, it is removed and the target is as before.
    """
    target = _target_folder(path)
    if not target.parent.is_dir():
        raise FileNotFoundError(
            f"cannot write {target}: there is no folder {target.parent}. Make it first."
        )
    if target.exists():
        _refuse_other_files(target, [one for one in target.iterdir() if one.suffix != suffix])
    with _partial_folder(target) as partial:
        yield partial
        _flush_files(partial)
        old = partial.with_suffix(".old")
        if target.exists():
            written = {one.name for one in partial.iterdir()}
            others = [one for one in target.iterdir() if one.name not in written]
            _refuse_other_files(target, others)
            # A folder cannot be renamed over one that contains files.
            target.rename(old)
        try:
            partial.rename(target)
        except OSError:
            if old.exists():
                old.rename(target)
            raise
        shutil.rmtree(old, ignore_errors=True)
    _flush_to_disk(target.parent)


@contextlib.contextmanager
def whole_files(folder: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary folder whose files move into the target only if all goes well.

    `folder`: the target. It is made where it does not exist, with its parents; files of the same
    names are replaced, others stay. Yields the empty temporary folder, on the same disk. After an
    error, or Ctrl-C, it is removed and the target is as before.
    """
    target = _target_folder(folder)
    if target.is_dir() and not os.access(target, os.W_OK):
        raise PermissionError(f"cannot write into {target}: the folder is protected.")
    made = [parent for parent in target.parents if not parent.exists()]
    target.parent.mkdir(parents=True, exist_ok=True)
    complete = False
    try:
        with _partial_folder(target) as partial:
            yield partial
            _flush_files(partial)
            if target.exists():
                for file in sorted(partial.iterdir()):
                    file.replace(target / file.name)
                _flush_to_disk(target)
            else:
                partial.rename(target)
            complete = True
    finally:
        # Folders that were missing are removed again after an error.
        for parent in () if complete else made:
            with contextlib.suppress(OSError):
                parent.rmdir()
    _flush_to_disk(target.parent)


def check_writable(path: str | os.PathLike[str], inputs: Iterable[str | Path] = ()) -> Path:
    """Refuse a file that could not or should not be written, before the work is done and not after it.

    `path`: the file; a link is followed. `inputs`: files that are read, and folders of such files:
    they are never written to, under no other name either. Returns the absolute path, where the link
    leads to.
    """
    target = Path(os.path.realpath(Path(path).expanduser()))
    folder = target.parent
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"cannot write {target}: {folder} is a file, not a folder.")
    if not folder.is_dir():
        raise FileNotFoundError(
            f"cannot write {target}: there is no folder {folder}. Make it first."
        )
    if os.path.lexists(target):
        refuse_irregular(target)
        for one in _input_files(inputs):
            if one.samefile(target):
                raise FileFormatError(
                    f"cannot write {path}: it is the input, which is never written to. Name another "
                    "output."
                )
        if target.stat().st_nlink > 1:
            raise OSError(
                f"cannot write {target}: it is a hard link, and the file's other names would go on to "
                "mean what it holds now. Remove it, or name another output."
            )
        if not os.access(target, os.W_OK):
            raise PermissionError(f"cannot write {target}: the file is protected against writing.")
    if not os.access(folder, os.W_OK):
        raise PermissionError(
            f"cannot write {target}: Permission denied, the folder is protected against writing."
        )
    return target


def refuse_irregular(path: Path) -> None:
    """Refuse to write to an existing path that is a folder, device, pipe, socket or link."""
    if path.is_dir():
        raise IsADirectoryError(f"cannot write {path}: it is a folder. Name a file in it.")
    if path.is_symlink() or not path.is_file():
        found = "a link" if path.is_symlink() else "a device or pipe"
        raise OSError(f"cannot write {path}: it is {found}, no file. Name a file.")


def _input_files(inputs: Iterable[str | Path]) -> Iterator[Path]:
    for one in map(Path, inputs):
        if one.is_dir():
            yield from one.iterdir()
        elif one.exists():
            yield one


def lock_file(stream: IO[Any]) -> None:
    """Lock an open file against other processes, until it is closed or the process ends.

    The lock is advisory: it excludes others that call this function. It is taken at once or
    not at all; the position in the file stays. On a system without locks nothing is done.

    `stream`: open for writing, with a descriptor (``stream.fileno()``).
    """
    try:
        _lock_descriptor(stream.fileno())
    except OSError as error:
        name = getattr(stream, "name", "the file")
        raise BlockingIOError(f"{name} is locked by another process.") from error


def _lock_descriptor(descriptor: int) -> None:
    with contextlib.suppress(ImportError):
        fcntl: Any = importlib.import_module("fcntl")
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return
    with contextlib.suppress(ImportError):
        msvcrt: Any = importlib.import_module("msvcrt")
        position = os.lseek(descriptor, 0, os.SEEK_CUR)
        # Windows locks bytes, and nobody else may read those: one beyond the end of every file.
        os.lseek(descriptor, 2**43, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        finally:
            os.lseek(descriptor, position, os.SEEK_SET)


def _target_folder(path: str | os.PathLike[str]) -> Path:
    target = Path(os.path.realpath(Path(path).expanduser()))
    if target.exists() and not target.is_dir():
        raise NotADirectoryError(f"cannot write {target}: it is a file. Name a folder.")
    return target


@contextlib.contextmanager
def _partial_folder(target: Path) -> Iterator[Path]:
    """Make an empty folder beside the target, and remove what is left of it in the end."""
    partial = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.partial")
    try:
        partial.mkdir()
    except OSError as error:
        raise _explained(error, target) from error
    try:
        yield partial
    except OSError as error:
        if isinstance(error, FileExistsError):
            raise
        raise _explained(error, target) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _flush_files(folder: Path) -> None:
    for one in folder.iterdir():
        _flush_to_disk(one)
    _flush_to_disk(folder)


def _refuse_other_files(target: Path, others: list[Path]) -> None:
    if others:
        raise FileExistsError(
            f"cannot write {target}: the folder contains other files, such as {min(others).name!r}. "
            "Name a new folder, or empty this one."
        )


def _explained(error: OSError, target: Path) -> OSError:
    reason = error.strerror or str(error)
    return type(error)(f"cannot write {target}: {reason}. Nothing was left there.")


def _flush_to_disk(path: Path) -> None:
    """Make a file, or the names in a folder, survive a power cut; Windows cannot sync folders."""
    folder = path.is_dir()
    if folder and os.name == "nt":
        return
    # Windows flushes files only through a descriptor that may write.
    descriptor = os.open(path, os.O_RDONLY if folder else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
