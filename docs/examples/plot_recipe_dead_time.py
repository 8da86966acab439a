"""
Maps corrected for dead time
============================

Where much light comes, the detector is busy and counts for a smaller part of the time. Divided by the
live time, counts become rates that can be compared between pixels. In a terminal: ``skxrf map
scan.h5 -o rates.nc --per-second``.
"""

# sphinx_gallery_thumbnail_number = 1
import numpy as np
import xarray as xr

from skxrf.datasets import make_painting
from skxrf.inference import predict_maps
from skxrf.linear_model import TemplateFitRegressor
from skxrf.plotting import ElementMapDisplay
from skxrf.samples import to_samples

# A scan of 0.1 s a pixel: each photon blocks the detector for 5 us.
full, _ = make_painting((60, 80), palette="icon_test", mean_counts=8000, random_state=0)
live = 0.1 / (1 + full.sum("energy") / 0.1 * 5e-6)
counts = np.random.default_rng(0).binomial(full, (live / 0.1).values[..., None])
cube = full.copy(data=counts.astype(np.uint16)).assign_coords(live_time=live)
cube["live_time"].attrs["units"] = "s"

# %%
# Files that state live times give them as the coordinate ``live_time``. The standard errors are
# divided as the maps are.
elements = ["Ca_K", "Fe_K", "Cu_K", "Pb_L"]
fit = TemplateFitRegressor(elements, energy=cube["energy"].values)
maps = predict_maps(fit.fit(to_samples(cube).values), cube, return_std=True)
with xr.set_options(keep_attrs=True):
    rates = maps / cube["live_time"].drop_attrs()
rates["intensity"].attrs["units"] = "counts/s"
ElementMapDisplay.from_maps(rates, percentiles=(1, 99))

# %%
# How much was lost: live over real time.
share = (cube["live_time"] / 0.1).expand_dims(element=["live / real time"]).transpose("y", "x", ...)
ElementMapDisplay(share.assign_attrs(units="").drop_vars("live_time")).plot(cmap="viridis")
