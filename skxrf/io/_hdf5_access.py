"""HDF5 files: opened with errors that name the cause, their datasets and links found safely."""

from __future__ import annotations

import contextlib
import errno
import importlib
import os
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path, PureWindowsPath
from typing import Any

import h5py

from skxrf.exceptions import Argument, FileFormatError, SkxrfError

from ._hdf5_heaps import refuse_long_values
from ._hdf5_values import text
from ._limits import LIMITS


def is_hdf5(path: Path, head: bytes) -> bool:
    """Recognize HDF5 by its signature, which may stand behind a block of the user's."""
    return head.startswith(b"\x89HDF\r\n\x1a\n") or bool(h5py.is_hdf5(path))


@contextlib.contextmanager
def open_file(path: str | Path) -> Iterator[Any]:
    """Open an HDF5 file for reading; what goes wrong in it becomes a `FileFormatError`."""
    try:
        with h5py.File(path, "r") as file:
            yield file
    except (FileNotFoundError, PermissionError, SkxrfError):
        raise
    except Exception as error:
        # Damage shows in HDF5 as almost any error there is, depending on where it is.
        raise FileFormatError(f"{path} {_cause(error, path)}") from error


def _cause(error: Exception, path: str | Path) -> str:
    """Cause of an error of HDF5's, and the remedy."""
    said = str(error)
    if "already open for" in said:
        return (
            "is marked as open for writing: another program has it open, or wrote it and was ended "
            f"({said:.200}). Wait until that is done; where no program has it open, copy it and run "
            "h5clear --status on the copy."
        )
    if isinstance(error, BlockingIOError) or "unable to lock file" in said:
        return (
            f"is in use: another program has it open for writing ({said:.200}). Wait until that is done, "
            "or copy the file."
        )
    if getattr(error, "errno", None) == errno.EIO or f"errno = {errno.EIO}," in said:
        return f"cannot be read, the disk or the network failed ({said:.200}). Try again."
    if isinstance(error, MemoryError):
        return f"claims more than fits into memory ({said:.200}). It may be damaged: copy it again."
    if "filter" in said and ("required" in said or "directory" in said or "plugin" in said):
        return (
            f"is compressed with a filter that is not installed ({said:.200}): "
            "pip install hdf5plugin."
        )
    if "external" in said and "open" in said:
        return f"needs another file that is not there ({said:.200}): copy it beside this one."
    size = os.path.getsize(path)
    what = "is truncated" if "truncated" in said else "cannot be read as HDF5"
    return f"({size} bytes) {what}: {said:.300}. Copy it again, or repair it with HDF5's tools."


def refuse_foreign_sources(file: Any, *, follow: bool | None) -> None:
    """Refuse a file with links or values out of its own folder, or in what is no regular file.

    The files that it refers to in its folder are looked at in the same way.

    `follow`: whether the caller asked to follow what leads to other folders; None where there is no
    such choice.
    """
    seen: set[Path] = set()
    waiting = _looked_at(file, follow)
    while waiting:
        path = waiting.pop()
        if path in seen or not path.is_file():
            continue
        seen.add(path)
        # One that cannot be opened gives no values.
        with contextlib.suppress(OSError, RuntimeError), h5py.File(path, "r") as other:
            waiting |= _looked_at(other, follow)


def _looked_at(file: Any, follow: bool | None) -> set[Path]:
    """Files in the folder that one refers to; raise where it refers to others."""
    links: list[tuple[Any, str]] = []
    odd: list[Any] = []
    long: list[str] = []
    texts: list[Any] = []

    _refuse_deep_groups(file)

    # An exception must not pass through HDF5.
    def visit_link(name: Any, link: Any) -> None:
        if isinstance(link, h5py.ExternalLink):
            links.append((name, text(link.filename)))

    def visit(name: str, item: Any) -> None:
        if not isinstance(item, h5py.Dataset):
            return
        if item.external or item.is_virtual:
            odd.append(item)
        if item.id.get_type().get_size() > LIMITS.value_bytes:
            long.append(name)
        if item.dtype.kind == "O":
            texts.append(item)

    file.visititems_links(visit_link)
    file.visititems(visit)
    for item in texts:
        refuse_long_values(item)
    if long:
        raise FileFormatError(
            f"{file.filename}, dataset {long[0]!r} has values of more than {LIMITS.value_bytes:,} bytes each: it "
            "is damaged, or no file of spectra."
        )
    for name, target in links:
        refuse_foreign_source(file, f"the link {text(name)!r}", target, follow=follow)
    found = [target for _, target in links]
    for item in odd:
        found += _virtual_files(item, follow)
    folder = Path(file.filename).parent
    return {path.resolve() for name in found for path in _named_by(folder, name)}


def _refuse_deep_groups(file: Any) -> None:
    def too_deep(name: bytes) -> bytes | None:
        return name if name.count(b"/") > LIMITS.group_depth else None

    if h5py.h5o.visit(file.id, too_deep) is not None:
        raise FileFormatError(
            f"{file.filename} holds groups within groups, more than {LIMITS.group_depth} deep: it is damaged, or no "
            "file of spectra."
        )


def _virtual_files(item: Any, follow: bool | None) -> set[str]:
    """Names of the files of a virtual dataset; raise where it, or one in external storage, leads elsewhere."""
    for name, *_ in item.external or ():
        where = f"the values of {item.name!r} in external storage"
        if not follow:
            raise FileFormatError(
                f"{item.file.filename}: {where} are those of another file, {name!r}.",
                *_trust(follow),
            )
        refuse_foreign_source(item.file, where, name, follow=follow)
    names = {one.file_name for one in item.virtual_sources()} if item.is_virtual else set()
    for name in names:
        refuse_foreign_source(item.file, f"a source of {item.name!r}", name, follow=follow)
    return names


def _named_by(folder: Path, name: str) -> list[Path]:
    """Files that a name means: one, or a series where a part of it is a pattern such as ``%b``."""
    if "%" not in name:
        return [folder / name]
    pattern = re.compile(re.sub(r"%\\?\d*b", r"\\d+", re.escape(Path(name).name)))
    beside = (folder / name).parent
    return [one for one in beside.glob("*") if pattern.fullmatch(one.name)]


def value_files(dataset: Any, *, depth: int = 0) -> list[Path]:
    """Further files that hold values of a dataset, by external storage or as virtual sources."""
    folder = Path(dataset.file.filename).parent
    found = [folder / text(name) for name, *_ in dataset.external or ()]
    sources = dataset.virtual_sources() if dataset.is_virtual else ()
    for name in dict.fromkeys(one.file_name for one in sources if one.file_name != "."):
        inside = {one.dset_name for one in sources if one.file_name == name}
        for path in filter(Path.is_file, _named_by(folder, name)):
            found.append(path)
            if depth < LIMITS.link_depth:
                with open_file(path) as other:
                    for item in filter(None, map(other.get, inside)):
                        if isinstance(item, h5py.Dataset):
                            found += value_files(item, depth=depth + 1)
    return sorted(set(found))


def _trust(follow: bool | None) -> tuple[str | Argument, ...]:
    """Way to open a file of sources elsewhere, where there is one."""
    if follow is None:
        return ()
    return " Where you trust the file, pass ", Argument("follow_links", True), "."


def refuse_foreign_source(file: Any, what: str, name: str, *, follow: bool | None) -> None:
    """Refuse one file that an HDF5 file refers to, where it is elsewhere or no regular file."""
    path = file.filename
    if not follow and is_elsewhere(name):
        raise FileFormatError(
            f"{path}: {what} leads to {name!r}, out of the file's own folder.", *_trust(follow)
        )
    target = Path(path).parent / name
    if target.exists() and not target.is_file():
        raise FileFormatError(f"{path}: {what} leads to {name!r}, which is no regular file.")


def is_elsewhere(name: str) -> bool:
    """Recognize an absolute path, or one that leaves its folder, of any system."""
    windows = PureWindowsPath(name)
    return name.startswith(("/", "~", "\\")) or bool(windows.drive) or ".." in windows.parts


def link_problem(file: Any, name: str) -> str:
    """Description of the link that keeps a name from being found, or an empty string."""
    parts = [part for part in name.split("/") if part]
    for i in range(len(parts)):
        at = "/".join(parts[: i + 1])
        try:
            link = file.get(at, getlink=True)
        except (KeyError, RuntimeError, ValueError):
            return ""
        if isinstance(link, h5py.ExternalLink):
            missing = not (Path(file.filename).parent / text(link.filename)).exists()
            state = ", which is missing: copy it beside this file" if missing else ""
            return f"{at!r} is a link to {link.path!r} in the file {text(link.filename)!r}{state}"
        if isinstance(link, h5py.SoftLink) and at not in file:
            return f"{at!r} is a link to {link.path!r}, which is not in the file"
    return ""


def require_readable(dataset: Any) -> None:
    """Load what is needed to read a dataset, or say what is missing."""
    require_filters(dataset)
    folder = Path(dataset.file.filename).parent
    for name, *_ in dataset.external or ():
        if not (folder / name).is_file():
            raise FileFormatError(
                f"{dataset.file.filename}: the values of {dataset.name!r} in external storage are in "
                f"{name!r}, which is missing."
            )
    _require_sources(dataset)


def require_filters(dataset: Any) -> None:
    """Load the plugins of compressed data, or say which are missing."""
    properties = dataset.id.get_create_plist()
    for i in range(properties.get_nfilters()):
        code, _, _, name = properties.get_filter(i)
        if h5py.h5z.filter_avail(code):
            continue
        # The plugins are a package that registers them when it is imported; many files of
        # synchrotrons need it, most files do not.
        with contextlib.suppress(ImportError):
            importlib.import_module("hdf5plugin")
        if not h5py.h5z.filter_avail(code):
            raise FileFormatError(
                f"{dataset.file.filename}, dataset {dataset.name!r} is compressed with the HDF5 "
                f"filter {code} ({text(name) or 'no name'}), which is not installed: "
                "pip install hdf5plugin."
            )


def _sources_by_file(dataset: Any, folder: Path) -> dict[str, list[Any]]:
    """Group the sources of a virtual dataset by their files, all of which must exist."""
    by_file: dict[str, list[Any]] = {}
    for source in dataset.virtual_sources():
        # "." is the file itself; "%" is a pattern for a growing series, whose end only HDF5 knows.
        if "%" not in source.file_name and "%" not in source.dset_name:
            by_file.setdefault(source.file_name, []).append(source)
    others = [name for name in by_file if name != "."]
    missing = [name for name in others if not (folder / name).exists()]
    if missing:
        raise FileFormatError(
            f"{dataset.file.filename}, dataset {dataset.name!r} is put together from other files, "
            f"of which {len(missing)} are missing, such as {min(missing)!r}: copy them beside it."
        )
    return by_file


def _require_sources(dataset: Any) -> None:
    """Refuse a virtual dataset whose sources are missing or too small: HDF5 would read zeros."""
    if not dataset.is_virtual:
        return
    path = dataset.file.filename
    folder = Path(path).parent
    by_file = _sources_by_file(dataset, folder)
    for name, sources in by_file.items():
        where = (
            f"{path}, dataset {dataset.name!r} is put together from other files, of which {name!r}"
        )
        with contextlib.ExitStack() as stack:
            other = dataset.file if name == "." else stack.enter_context(open_file(folder / name))
            for source in sources:
                item = other.get(source.dset_name)
                if not isinstance(item, h5py.Dataset):
                    raise FileFormatError(f"{where} holds no dataset {source.dset_name!r}.")
                needed = _missing_part(source, item)
                if needed:
                    raise FileFormatError(
                        f"{where} has the shape {item.shape} in {source.dset_name!r}: expected at "
                        f"least {needed}. It was replaced or cut short."
                    )


def _missing_part(source: Any, item: Any) -> str:
    """Shape or number of values that a source must have, where its dataset has fewer; else empty."""
    try:
        needed = tuple(int(end) + 1 for end in source.src_space.get_select_bounds()[1])
    except RuntimeError:
        # It grows without a limit.
        return ""
    except ValueError:
        # HDF5 does not keep the extent of a source that is taken whole.
        n_values = source.vspace.get_select_npoints()
        return f"{n_values} values" if n_values > item.size else ""
    fits = len(needed) == item.ndim and all(
        n <= size for n, size in zip(needed, item.shape, strict=True)
    )
    return "" if fits else str(needed)


def datasets_in(file: Any) -> list[Any]:
    """Datasets of numbers with up to five axes, those behind links too, each once, by name."""
    found: dict[Any, Any] = {}
    linked: list[str] = []

    def add(item: Any) -> None:
        numeric = isinstance(item, h5py.Dataset) and item.dtype.kind in "uif"
        # A name that is not UTF-8 comes as bytes: damage.
        if numeric and item.shape and item.ndim <= LIMITS.axes and isinstance(item.name, str):
            address = (item.file.filename, h5py.h5o.get_info(item.id).addr)
            found.setdefault(address, item)

    def visit(_: str, item: Any) -> None:
        add(item)

    def visit_link(name: Any, link: Any) -> None:
        if isinstance(link, h5py.ExternalLink) and isinstance(name, str):
            linked.append(name)

    file.visititems(visit)
    file.visititems_links(visit_link)
    for name in linked:
        with contextlib.suppress(KeyError, OSError, RuntimeError):
            item = file[name]
            add(item)
            if isinstance(item, h5py.Group):
                item.visititems(visit)
    return sorted(found.values(), key=lambda dataset: str(dataset.name))


def cubes_in(file: Any) -> list[Any]:
    """Datasets of numbers with three axes, each once, by name."""
    return [item for item in datasets_in(file) if item.ndim == 3]


def listed(datasets: list[Any]) -> str:
    """Datasets for an error message: names, shapes and types, at most ten."""
    if not datasets:
        return "none"
    names = [f"{posixpath.normpath(d.name)!r} {d.shape} {d.dtype}" for d in datasets[:10]]
    return ", ".join(names) + (f" and {len(datasets) - 10} more" if len(datasets) > 10 else "")
