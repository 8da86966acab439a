"""
Add an element
==============

You know, or suspect, that an element is there that the fit has not found by itself: name it, look at
its map in units of its error, and compare the fit with and without it.
"""

# sphinx_gallery_thumbnail_number = 1
import numpy as np

from skxrf.datasets import make_painting
from skxrf.inference import predict_maps
from skxrf.linear_model import TemplateFitRegressor
from skxrf.plotting import ElementMapDisplay
from skxrf.samples import to_samples
from skxrf.spectra import sum_spectrum

cube, truth = make_painting((40, 60), palette="icon_test", random_state=0)
spectra, energy = to_samples(cube).values, cube["energy"].values
found = TemplateFitRegressor(energy=energy, anode="Rh").fit(spectra)
print("found:", ", ".join(found.line_groups_))

# %%
# Two more, as a chemist writes them: cobalt, which is not there, and strontium, which is.
wanted = ["Co", "Sr", *(name for name in found.line_groups_ if name not in ("Co_K", "Sr_K"))]
more = TemplateFitRegressor(wanted, energy=energy, anode="Rh").fit(spectra)
maps = predict_maps(more, cube, return_std=True)
significance = maps["intensity"] / maps["uncertainty"]
display = ElementMapDisplay.from_maps(
    significance.assign_attrs(units="intensity / error"), elements=["Co", "Sr"], vmin=0, vmax=8
)

# %%
# In the sum spectrum
# -------------------
#
# An element that is there has an area of many errors, and the fit without it leaves a peak.
for name in ("Co_K", "Sr_K"):
    fit = more.sum_spectrum_fit_
    print(f"{name}: {fit.areas[name]:,.0f} ± {fit.errors[name]:,.0f} counts")
total = sum_spectrum(cube).values[found.fitted_channels_]
residual = (total - found.sum_spectrum_fit_.model) / np.sqrt(np.maximum(total, 1))
near = np.abs(energy[found.fitted_channels_] - 6.93) < 0.1  # Co K-alpha
print(f"residuals near Co K: mean {residual[near].mean():.1f} standard deviations")
