"""
Odd rows shifted by a pixel
===========================

A scanner that measures while it moves to and fro writes every second row a little late. Vertical
edges then look like combs. The shift is found between the even and the odd rows, and undone.
"""

# sphinx_gallery_thumbnail_number = 1
import numpy as np
from skimage.registration import phase_cross_correlation

from skxrf.datasets import make_painting
from skxrf.plotting import ElementMapDisplay

# Yours: maps = open_maps("maps.nc")["intensity"]
_, maps = make_painting((60, 80), palette="icon_test", random_state=0)
maps = maps.drop_vars(["y", "x"]).copy(data=np.random.default_rng(0).poisson(maps).astype(float))
odd = np.arange(60) % 2 == 1
late = maps.copy(data=np.where(odd[:, None, None], np.roll(maps, 1, axis=1), maps))

# %%
# Find the shift
# --------------
#
# An odd row should look like the mean of its two neighbors, in every element: in the sum of all, edges
# from one paint to another cancel.
light = np.sqrt(late.clip(min=0).fillna(0))
odd_rows = light[1:-1:2]
neighbors = 0.5 * (light[:-2:2].values + light[2::2].values)
shift, _, _ = phase_cross_correlation(
    odd_rows.values, neighbors, upsample_factor=20, normalization=None
)
print(f"odd rows are {shift[1]:.2f} pixels too far right (true: 1)")

# %%
# Undo it
# -------
#
# Whole pixels keep counts and errors as they are; do the same with ``maps["uncertainty"]``.
whole = -round(float(shift[1]))
mended = late.copy(data=np.where(odd[:, None, None], np.roll(late, whole, axis=1), late))
display = ElementMapDisplay.from_maps(late, elements=["Cu_K", "Hg_L"], n_columns=2)
display.figure_.suptitle("as written")
display = ElementMapDisplay.from_maps(mended, elements=["Cu_K", "Hg_L"], n_columns=2)
display.figure_.suptitle("mended")
