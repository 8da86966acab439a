"""
Ratio maps with their errors
============================

The ratio of two elements shows layers and mixtures independently of thickness. Where the
denominator is noise, so is the ratio: leave those pixels out. In a terminal: ``skxrf figure maps.nc
-o ratio.png --ratio Hg,Pb``.
"""

# sphinx_gallery_thumbnail_number = 1
import numpy as np
import xarray as xr

from skxrf.datasets import make_painting
from skxrf.inference import predict_maps
from skxrf.linear_model import TemplateFitRegressor
from skxrf.plotting import ElementMapDisplay
from skxrf.samples import to_samples

# Yours: maps = open_maps("maps.nc"), in place of the next three lines.
cube, truth = make_painting((60, 80), palette="icon_test", random_state=0)
fit = TemplateFitRegressor(list(truth["element"].values), energy=cube["energy"].values)
maps = predict_maps(fit.fit(to_samples(cube).values), cube, return_std=True)

above, below = maps.sel(element="Ca_K", drop=True), maps.sel(element="Pb_L", drop=True)
certain = below["intensity"] > 3 * below["uncertainty"]
ratio = (above["intensity"] / below["intensity"]).where(certain)
error = ratio * np.hypot(
    above["uncertainty"] / above["intensity"].clip(min=1),
    below["uncertainty"] / below["intensity"],
)

# %%
# Three pictures: the ratio, its standard error, and the ratio where it is above three of its own
# errors. Pixels that were left out are gray.
shown = xr.concat([ratio, error, ratio.where(ratio > 3 * error)], "element")
names = ["Ca_K / Pb_L", "its error", "where certain"]
shown = shown.assign_coords(element=names).transpose("y", "x", "element")
ElementMapDisplay(shown.assign_attrs(units="")).plot(percentiles=(1, 99), n_columns=3)
