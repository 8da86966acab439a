"""Files: spectral cubes in and out, element maps in and out."""

import warnings
from typing import Any

# Registers the accessor .xrf on the arrays that the functions below give.
from skxrf import accessor as _accessor  # noqa: F401

from ._open_cube import open_cube
from ._open_images import open_images
from ._open_maps import open_maps
from ._save_cube import save_cube, write_blocks
from ._save_maps import save_maps

__all__ = [
    "open_cube",
    "open_images",
    "open_maps",
    "save_cube",
    "save_maps",
    "write_blocks",
]


def __getattr__(name: str) -> Any:
    """Class `PartialMaps` at its former place."""
    if name != "PartialMaps":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from skxrf.inference._store import PartialMaps

    warnings.warn(
        "PartialMaps is no longer part of skxrf.io: call predict_maps_to_file, which resumes what is "
        "unfinished.",
        FutureWarning,
        stacklevel=2,
    )
    return PartialMaps
