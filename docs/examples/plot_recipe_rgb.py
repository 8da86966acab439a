"""
Three elements in one picture
=============================

A false-color picture: red, green and blue light from three maps. In a terminal: ``skxrf figure
maps.nc -o rgb.png --rgb Hg,Cu,Pb``.
"""

# sphinx_gallery_thumbnail_number = 1
from skxrf.datasets import make_painting
from skxrf.plotting import CompositeMapDisplay

# Yours: maps = open_maps("maps.nc")["intensity"]
_, maps = make_painting((60, 80), palette="icon_test", random_state=0)
CompositeMapDisplay.from_maps(maps, elements=["Hg", "Cu", "Pb"])

# %%
# Brighter or darker
# ------------------
#
# Each color spans two percentiles of its map; ``gamma`` below 1 lifts what is dim.
CompositeMapDisplay.from_maps(maps, elements=["Hg", "Cu", "Pb"], percentiles=(5, 98), gamma=1.0)

# %%
# For the color-blind
# -------------------
#
# Magenta, yellow and cyan instead: each of the maps lights two of the three colors.
import matplotlib.pyplot as plt
import numpy as np

three = maps.sel(element=["Hg_L", "Cu_K", "Pb_L"])
scaled = np.clip(three / three.quantile(0.995, ("y", "x")), 0, 1) ** 0.7
mix = np.array([[1, 0, 1], [1, 1, 0], [0, 1, 1]])  # rows: Hg, Cu, Pb; columns: R, G, B
figure, axes = plt.subplots(figsize=(6, 4.5), layout="constrained")
axes.imshow(np.clip(scaled.values @ mix, 0, 1))
axes.set(title="Hg magenta, Cu yellow, Pb cyan", xlabel="x [pixels]", ylabel="y [pixels]")
