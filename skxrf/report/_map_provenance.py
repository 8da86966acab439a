"""Provenance of a map report: attributes, history, versions, date."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from skxrf.utils.provenance import now, versions

__all__ = ["Provenance", "map_provenance"]


Provenance = dict[str, Any]


def map_provenance(
    maps: xr.DataArray | xr.Dataset,
    cube: xr.DataArray | None,
    reference: xr.DataArray | xr.Dataset | None,
    more: Mapping[str, object] | None,
) -> Provenance:
    """Gather the sections of the report's last chapter.

    Returns
    -------
    dict
        ``steps``, what was done in its order; ``model``, how it describes itself, or None; and
        ``sections``, of names and values by heading.
    """
    attributes = _attributes(maps)
    steps: list[str] = []
    for array in (cube, maps):
        history = "" if array is None else str(_attributes(array).get("history", ""))
        steps += [line.strip() for line in history.splitlines() if line.strip()]
    sections = {"Maps": _shown(attributes)}
    if cube is not None:
        sections["Cube"] = _shown(cube.attrs)
    if reference is not None:
        sections["Reference"] = _shown(_attributes(reference))
    sections["This report"] = {
        **{str(name): str(value) for name, value in (more or {}).items()},
        "date": now("minutes").replace("T", " "),
        "versions": ", ".join(
            " ".join(entry)
            for entry in versions(("numpy", "xarray", "scikit-learn", "xraylib")).items()
        ),
    }
    return {
        # Maps inherit the history of their cube.
        "steps": list(dict.fromkeys(steps)),
        "model": attributes.get("model"),
        "sections": {heading: entries for heading, entries in sections.items() if entries},
    }


def _attributes(array: xr.DataArray | xr.Dataset) -> dict[str, Any]:
    inner = array["intensity"].attrs if isinstance(array, xr.Dataset) else {}
    return {str(name): value for name, value in {**inner, **array.attrs}.items()}


def _shown(attributes: Mapping[Any, Any]) -> dict[str, str]:
    shown = {}
    for name, value in attributes.items():
        # Shown apart or elsewhere.
        if (
            name in {"history", "model", "units", "long_name", "description", "painting"}
            or np.size(value) == 0
        ):
            continue
        many = np.size(value) > 8 and not isinstance(value, str)
        text = f"{np.size(value)} values" if many else " ".join(str(value).split())
        shown[str(name).replace("_", " ")] = text if len(text) <= 500 else f"{text[:500]} …"
    return shown
