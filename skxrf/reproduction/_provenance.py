"""Where a result comes from: versions, machine, date, settings."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform

import skxrf

from ._result import DataDescription, Settings

__all__ = ["provenance"]

_PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "skorch", "xraylib", "xarray")


def provenance(settings: Settings, data: DataDescription, command: str | None) -> dict[str, str]:
    """Collect what is needed to repeat a run, by the name that the report gives it."""
    versions = []
    for name in _PACKAGES:
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    entries = {
        "date": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        "skxrf": skxrf.__version__,
        "Python": platform.python_version(),
        "packages": ", ".join(versions),
        "machine": f"{platform.system()} {platform.machine()}, {_n_cores()} cores",
        "data": data.source,
        "folds": f"{settings.n_folds}, of {data.split_name}",
        "training budget": f"{settings.budget:g} s for each fit of a network",
        "spectra for a fit": f"at most {settings.max_samples:,}, drawn at random",
        "random state": str(settings.random_state),
    }
    if command is not None:
        entries["command"] = command
    return entries


def _n_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
