"""
Large files and dask
====================

A scan of 20 GB is processed like a small one, block by block, on a laptop with 16 GB. This example
shows when data are read, on a small file; nothing in it depends on the size.
"""

# %%
# A file, written block by block
# ------------------------------
#
# ``write_blocks`` takes rows as they come, from a scanner or a simulation, so a cube need not fit
# into memory to be written either. The file appears only when it is complete.
import tempfile
from pathlib import Path

import numpy as np

from skxrf.datasets import make_painting
from skxrf.io import open_cube, write_blocks

folder = tempfile.TemporaryDirectory()
path = Path(folder.name) / "painting.h5"
small, _ = make_painting((32, 48), palette="icon_3", random_state=0)


def strips():
    """Four strips of 32 rows: the same painting four times, on top of each other."""
    for start in range(0, 128, 32):
        yield slice(start, start + 32), small.values


write_blocks(path, strips(), shape=(128, 48, 1024), dtype=np.uint16, energy=small["energy"].values)
print(f"{path.stat().st_size / 2**20:.1f} MiB on disk, compressed")

# %%
# Opened, not read
# ----------------
#
# A cube from a file is lazy: a plan of how to read it, in blocks that are whole multiples of the
# file's own. Blocks of about 8 MiB are the default; these are smaller, to have some to look at.
cube = open_cube(path, chunks=(32, 16))
print(f"{cube.nbytes / 2**20:.1f} MiB in memory, if it were read whole")
cube

# %%
# Part of it
# ----------
#
# Only the selection is read: one block for a pixel; for an energy window of a part of the
# painting, the blocks of that part.
pixel = cube[10, 20].compute()
window = cube[:32].sel(energy=slice(6.2, 6.6)).sum("energy").compute()
print(f"pixel (10, 20): {int(pixel.sum()):,} counts; the window: {dict(window.sizes)}")

# %%
# Sum and maximum-pixel spectrum in one pass over the file: computed together, each block is read
# once.
import dask

total, highest = dask.compute(cube.sum(("y", "x")), cube.max(("y", "x")))
print(f"{int(total.sum()):,} counts, at most {int(highest.max())} in a channel of a pixel")

# %%
# Train on some pixels
# --------------------
#
# A model needs some thousand spectra, not millions. Every fourth row and column is read into
# memory; ``SubsampledRegressor`` draws them at random instead.
from skxrf.linear_model import TemplateFitRegressor
from skxrf.samples import to_samples

some = cube[::4, ::4]
line_groups = ["Ca_K", "Fe_K", "Hg_L", "Pb_L"]
fit = TemplateFitRegressor(line_groups, energy=cube["energy"].values)
fit.fit(to_samples(some).values)

# %%
# Predict all of them
# -------------------
#
# The maps of a lazy cube are lazy too. ``compute()`` runs through the blocks, as many at a time as
# there are threads; in between, only the maps stay in memory. With ``progress=True`` the maps are
# computed at once, and a bar shows the spectra per second.
from skxrf.inference import predict_maps

maps = predict_maps(fit, cube)
print("blocks of the maps along y and x:", maps.chunks[:2])
maps = maps.compute(num_workers=2)

# %%
# A part of a map takes its part of the work: try a model on a region first.
region = predict_maps(fit, cube[32:64, 10:30]).compute()
difference = float(np.abs(region - maps[32:64, 10:30]).max())
print(f"{dict(region.sizes)}; differs from the whole map by at most {difference:.3f} counts")

# %%
from skxrf.plotting import ElementMapDisplay

ElementMapDisplay.from_maps(maps, percentiles=(1, 99))

# %%
# More than one machine
# ---------------------
#
# With a client of ``dask.distributed`` the blocks are computed by its workers, and
# ``GridSearchCV`` runs on them through joblib; nothing else of this page changes. :doc:`The guide
# </user_guide/large_files>` has both.
folder.cleanup()
