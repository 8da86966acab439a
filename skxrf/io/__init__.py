"""Files: spectral cubes in, element maps in and out."""

from ._open_cube import open_cube
from ._open_maps import open_maps
from ._save_maps import save_maps

__all__ = ["open_cube", "open_maps", "save_maps"]
