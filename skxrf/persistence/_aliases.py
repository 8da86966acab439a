"""Former places of classes that saved models name: a file opens after its classes have moved.

A class that moves gets its line here, and its new place in `_trusted_types.py`.
"""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from ._archive import SCHEMA, repacked

# Former place of a class, its present one.
ALIASES = {
    "skxrf.linear_model._poisson_fit.PoissonFit": "skxrf.spectrum_fit._pixel_fit.PoissonFit",
    "skxrf.linear_model._sum_spectrum.AxisCorrection": (
        "skxrf.spectrum_fit._priors.AxisCorrection"
    ),
    "skxrf.linear_model._sum_spectrum.SumSpectrumFit": (
        "skxrf.spectrum_fit._sum_spectrum.SumSpectrumFit"
    ),
    "skxrf.physics._axis_fit.AxisFit": "skxrf.spectrum_fit._axis_fit.AxisFit",
    "skxrf.physics._axis_lines.Resolution": "skxrf.physics._detector.DetectorResponse",
    "skxrf.physics._likelihood.ComponentPairs": "skxrf.spectrum_fit._pixel_fit.ComponentPairs",
    "skxrf.pretrained._regressor.SimulationTrainedRegressor": (
        "skxrf.pretrained._regressor.PretrainedRegressor"
    ),
}


def with_present_names(archive: bytes) -> bytes:
    """Name the classes of a saved model by their present places.

    Returns the same bytes where nothing has moved.
    """
    with zipfile.ZipFile(io.BytesIO(archive)) as source:
        schema = json.loads(source.read(SCHEMA))
        if not _rename(schema):
            return archive
        members = {name: source.read(name) for name in source.namelist() if name != SCHEMA}
    renamed = io.BytesIO()
    with zipfile.ZipFile(renamed, "w", zipfile.ZIP_STORED) as target:
        for name, content in members.items():
            target.writestr(name, content)
        target.writestr(SCHEMA, json.dumps(schema))
    return repacked(renamed.getvalue())


def _rename(node: Any) -> bool:
    """Rename the classes below a node of the schema, in place; whether there was one."""
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    found = [_rename(child) for child in children]
    if not isinstance(node, dict) or "__loader__" not in node:
        return any(found)
    present = ALIASES.get(f"{node.get('__module__')}.{node.get('__class__')}")
    if present is None:
        return any(found)
    node["__module__"], _, node["__class__"] = present.rpartition(".")
    return True
