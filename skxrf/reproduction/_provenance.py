"""Provenance of a result: versions, machine, date, settings."""

from __future__ import annotations

from skxrf.utils.provenance import machine, now, versions

from ._result import DataDescription, Settings


def provenance(settings: Settings, data: DataDescription, command: str | None) -> dict[str, str]:
    """Collect the facts needed to repeat a run, by the names that the report gives them."""
    packages = versions(("numpy", "scipy", "scikit-learn", "torch", "skorch", "xraylib", "xarray"))
    entries = {
        "date": now(),
        "skxrf": packages.pop("skxrf"),
        "Python": packages.pop("python"),
        "packages": ", ".join(" ".join(package) for package in packages.items()),
        "machine": machine(),
        "data": data.source,
        "folds": f"{settings.n_folds}, of {data.split_name}",
        "training budget": f"{settings.budget:g} s for each fit of a network",
        "spectra for a fit": f"at most {settings.max_samples:,}, drawn at random",
        "random state": str(settings.random_state),
    }
    if command is not None:
        entries["command"] = command
    return entries
