"""Files: spectral cubes in and out, element maps in and out."""

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
