"""Find every public estimator of the library, so that no test has to list them."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import ModuleType

from sklearn.base import BaseEstimator

import skxrf

# Packages of the library's own wiring, whose modules therefore need no underscore each.
PRIVATE_PACKAGES = ("skxrf.io.cubes", "skxrf.io.maps")


def public_modules() -> Iterator[ModuleType]:
    """Import the library's public modules one by one: neither underscored nor in a private package.

    Yields ``skxrf`` first, then by name. Importing them loads torch and matplotlib.
    """
    yield skxrf
    for info in pkgutil.walk_packages(skxrf.__path__, "skxrf."):
        private = f"{info.name}.".startswith(tuple(f"{name}." for name in PRIVATE_PACKAGES))
        if not private and not any(part.startswith("_") for part in info.name.split(".")):
            yield importlib.import_module(info.name)


def all_estimators() -> list[tuple[str, type[BaseEstimator]]]:
    """List the public estimators: regressors, transformers and meta-estimators.

    Returns name and class, sorted by name. Public is what a public module has in its ``__all__``.

    Examples
    --------
    >>> from skxrf.utils.discovery import all_estimators
    >>> [name for name, _ in all_estimators() if name.startswith("Ch")]
    ['ChannelBinner']
    """
    found = {}
    for module in public_modules():
        for name in getattr(module, "__all__", ()):
            member = getattr(module, name)
            if (
                inspect.isclass(member)
                and issubclass(member, BaseEstimator)
                and hasattr(member, "fit")
            ):
                found[name] = member
    return sorted((name, cls) for name, cls in found.items() if not inspect.isabstract(cls))
