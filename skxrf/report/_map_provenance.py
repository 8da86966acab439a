"""Provenance of a map report: attributes, history, versions, date."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path, PurePath, PureWindowsPath
from typing import Any

import numpy as np
import xarray as xr

from skxrf.utils.provenance import now, versions

Provenance = dict[str, Any]

_QUOTED = re.compile(r"""(['"])((?:/|~/|[A-Za-z]:[\\/])[^'"\n]+)\1""")
_FOLDERS = re.compile(r"""(?<![\w.:/\\])(?:~?/|[A-Za-z]:[\\/])(?:[^\s'",;:<>|/\\]+[\\/])+""")


def map_provenance(
    maps: xr.DataArray | xr.Dataset,
    cube: xr.DataArray | None,
    reference: xr.DataArray | xr.Dataset | None,
    more: Mapping[str, object] | None,
) -> Provenance:
    """Gather the sections of the report's last chapter.

    Returns ``steps``, what was done in its order; ``model``, how it describes itself, or None; and
    ``sections``, of names and values by heading.
    """
    attributes = _attributes(maps)
    stated = [
        str(one.attrs.get("source", "")) for one in (maps, cube, reference) if one is not None
    ]
    stated.append(str(attributes.get("source", "")))
    folders = {str(PurePath(path).parent) for path in stated if PurePath(path).is_absolute()} - {
        "/"
    }

    def clean(value: object) -> str:
        return without_folders(value, folders)

    steps: list[str] = []
    for array in (cube, maps):
        history = "" if array is None else str(_attributes(array).get("history", ""))
        steps += [line.strip() for line in history.splitlines() if line.strip()]
    sections = {"Maps": _shown(attributes, clean)}
    if cube is not None:
        sections["Cube"] = _shown(cube.attrs, clean)
    if reference is not None:
        sections["Reference"] = _shown(_attributes(reference), clean)
    sections["This report"] = {
        **{str(name): clean(value) for name, value in (more or {}).items()},
        "date": now("minutes").replace("T", " "),
        "versions": ", ".join(
            " ".join(entry)
            for entry in versions(("numpy", "xarray", "scikit-learn", "xraylib")).items()
        ),
    }
    return {
        # Maps inherit the history of their cube.
        "steps": [clean(step) for step in dict.fromkeys(steps)],
        "model": clean(attributes["model"]) if attributes.get("model") else None,
        "sections": {heading: entries for heading, entries in sections.items() if entries},
    }


def _attributes(array: xr.DataArray | xr.Dataset) -> dict[str, Any]:
    inner = array["intensity"].attrs if isinstance(array, xr.Dataset) else {}
    return {str(name): value for name, value in {**inner, **array.attrs}.items()}


def _shown(attributes: Mapping[Any, Any], clean: Callable[[object], str]) -> dict[str, str]:
    shown = {}
    for name, value in attributes.items():
        # Shown apart or elsewhere.
        if (
            name
            in {"evidence", "history", "model", "units", "long_name", "description", "painting"}
            or np.size(value) == 0
        ):
            continue
        many = np.size(value) > 8 and not isinstance(value, str)
        text = f"{np.size(value)} values" if many else " ".join(clean(value).split())
        shown[str(name).replace("_", " ")] = text if len(text) <= 500 else f"{text[:500]} …"
    return shown


def without_folders(value: object, folders: Iterable[str] = ()) -> str:
    r"""Text without the folders of absolute paths, which concern nobody but the author.

    `folders`: folders that are known, whatever signs their names contain.

    Examples
    --------
    >>> without_folders("skxrf map /home/ada/scans/icon.h5 --dataset /entry/data -o 'C:/a b/m.nc'")
    'skxrf map icon.h5 --dataset /entry/data -o m.nc'
    """
    text = _QUOTED.sub(lambda found: _name(found[2]) or found[0], str(value))
    for folder in sorted(folders, key=len, reverse=True):
        text = text.replace(f"{folder}/", "").replace(f"{folder}\\", "")
    return _FOLDERS.sub(lambda found: "" if _is_of_a_machine(found[0]) else found[0], text)


def _name(path: str) -> str | None:
    return PureWindowsPath(path).name if _is_of_a_machine(path) else None


def _is_of_a_machine(path: str) -> bool:
    if not path.startswith("/"):
        return True
    first = path.split("/")[1]
    # First folders of paths of other machines; those of this one are looked up. A path within a file,
    # such as /entry/data, is none of them.
    return (
        first in {"home", "Users", "mnt", "media", "Volumes", "tmp", "root"}
        or Path(f"/{first}").is_dir()
    )
