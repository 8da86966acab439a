"""
The template fit and its standard errors
========================================

The template fit gives net intensities and the standard errors due to photon noise. This example
goes from a cube to the question *is there manganese in this pixel?*, and checks that the standard
errors are right.
"""

# %%
# A simulated icon, since only there the true intensities are known.

# sphinx_gallery_thumbnail_number = 4
from skxrf.datasets import make_painting
from skxrf.samples import to_samples

cube, truth = make_painting((60, 80), palette="icon_test", random_state=0)
spectra = to_samples(cube).values
energy = cube["energy"].values

# %%
# Which elements?
# ---------------
#
# Without a list, the fit takes the line groups that it finds in the sum spectrum. That list is a
# proposal: remove implausible ones (tungsten, which fits model errors at the feet of the copper
# and zinc peaks), add those of a few pixels. ``anode`` is the anode of the tube, whose scattered
# lines are in every spectrum.
from skxrf.linear_model import TemplateFitRegressor

found = TemplateFitRegressor(energy=energy, anode="Rh").fit(spectra)
print(", ".join(found.line_groups_))

# %%
# Eleven of them are mapped. The other line groups of the sum spectrum (argon from the air, the M
# lines of gold and lead) are fitted too; otherwise their counts would go to other elements.
line_groups = [str(name) for name in truth["element"].values]
fit = TemplateFitRegressor(line_groups, energy=energy, anode="Rh", energy_range=(1.3, 17.0))
fit.fit(spectra)
print("asked for:", ", ".join(fit.line_groups_))
print("besides:  ", ", ".join(name for name in fit.fitted_groups_ if name not in line_groups))

# %%
# Does the model describe the spectra?
# ------------------------------------
#
# The sum spectrum, its fit, and the continuum under the lines.
from skxrf.plotting import SpectrumDisplay

fitted = (energy >= 1.3) & (energy <= 17.0)
of_sum = fit.sum_spectrum_fit_
SpectrumDisplay(
    energy[fitted],
    {
        "sum of all pixels": spectra.sum(axis=0)[fitted],
        "fit": of_sum.model,
        "continuum": of_sum.background,
    },
    line_groups,
).plot()

# %%
# The energy axis and the resolution of the detector were refined on it.
print(f"offset {1000 * of_sum.correction.offset:+.1f} eV, gain x {of_sum.correction.gain:.5f}")
print(f"electronic noise {1000 * of_sum.detector.noise:.0f} eV (full width at half maximum)")

# %%
# Maps with standard errors
# -------------------------
#
# A Dataset of two variables, ``intensity`` and ``uncertainty``, both in counts.
from skxrf.inference import predict_maps
from skxrf.plotting import ElementMapDisplay

maps = predict_maps(fit, cube, return_std=True)
shown = ["Mn_K", "Fe_K", "Hg_L", "Sr_K"]
ElementMapDisplay.from_maps(maps, elements=shown)

# %%
# The standard errors of the same maps. They are larger where there are more counts, and where
# another element's lines are close.
ElementMapDisplay.from_maps(maps["uncertainty"], elements=shown, cmap="viridis")

# %%
# Where is there any?
# -------------------
#
# Manganese is detected in pixels above three standard errors.
significant = maps["intensity"] > 3 * maps["uncertainty"]
for name in shown:
    share = float(significant.sel(element=name).mean())
    typical = float(maps["uncertainty"].sel(element=name).median())
    print(f"{name}: {share:4.0%} of the pixels; median standard error {typical:.1f} counts")

# %%
# Are the errors right?
# ---------------------
#
# If they are, the deviations from the truth in units of their standard errors are normally
# distributed: 68 % of them are within one. Where an element is absent the fit cannot go below zero
# and half of the curve is missing, so only pixels that hold some are counted.
import matplotlib.pyplot as plt
import numpy as np

figure, panels = plt.subplots(1, 4, figsize=(12, 3), sharey=True, layout="constrained")
edges = np.linspace(-4, 4, 33)
centers = (edges[:-1] + edges[1:]) / 2
for axes, name in zip(panels, ["Fe_K", "Cu_K", "Hg_L", "Pb_L"], strict=True):
    one, true = maps.sel(element=name), truth.sel(element=name)
    deviations = ((one["intensity"] - true) / one["uncertainty"]).values[(true > 50).values]
    axes.hist(deviations, edges, density=True, color="0.8", edgecolor="0.5")
    axes.plot(centers, np.exp(-(centers**2) / 2) / np.sqrt(2 * np.pi), color="C3")
    within = np.mean(np.abs(deviations) <= 1)
    axes.set_title(f"{name.replace('_', ' ')}: {within:.0%} within one")
    axes.set_xlabel("(fit - truth) / standard error")
panels[0].set_ylabel("density")

# %%
# The widths are right: the scatter is photon noise. Mercury is shifted by more than half a
# standard error: the model is the same for all pixels, but layers of paint absorb the soft lines
# of an element more than the hard ones. Standard errors of photon noise do not include this (see
# the limits in :doc:`the guide </user_guide/template_fit>`).
#
# Save both
# ---------
#
# netCDF keeps intensities and errors; so do the tables of PyMca, in columns named ``s(Fe_K)``.
import tempfile
from pathlib import Path

from skxrf.io import open_maps, save_maps

with tempfile.TemporaryDirectory() as folder:
    save_maps(maps, Path(folder) / "maps.dat")
    again = open_maps(Path(folder) / "maps.dat")
again
