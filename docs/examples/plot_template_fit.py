"""
The template fit and its standard errors
========================================

A map without error bars cannot be argued with. The template fit gives both: net intensities, and the
standard errors that photon counting leaves them with. This is the whole way from a cube to
*is there manganese in this pixel?*, with a check that the errors are right.
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
# proposal: look at it, take out what makes no sense (tungsten, which stands for what the model does not
# get right at the feet of copper and zinc), add what only a few pixels hold. ``anode`` is that of the
# tube, whose scattered lines are in every spectrum.
from skxrf.linear_model import TemplateFitRegressor

found = TemplateFitRegressor(energy=energy, anode="Rh").fit(spectra)
print(", ".join(found.line_groups_))

# %%
# We ask for eleven of them. What else the sum spectrum shows (argon from the air, the M lines of gold
# and lead) is fitted too: left out, it would be counted as something else.
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
# What was refined on it: the energy axis and the resolution of the detector.
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
# The errors of the same maps. They are larger where there is more to count, and where another
# element's lines lie close.
ElementMapDisplay.from_maps(maps["uncertainty"], elements=shown, cmap="viridis")

# %%
# Where is there any?
# -------------------
#
# A pixel's manganese is established where it is more than three standard errors above zero.
significant = maps["intensity"] > 3 * maps["uncertainty"]
for name in shown:
    share = float(significant.sel(element=name).mean())
    typical = float(maps["uncertainty"].sel(element=name).median())
    print(f"{name}: {share:4.0%} of the pixels; median standard error {typical:.1f} counts")

# %%
# Are the errors right?
# ---------------------
#
# If they are, the deviations from the truth, in units of their standard errors, are distributed like
# the bell curve: 68 % of them are within one. Where an element is absent the fit cannot go below
# zero and half of the curve is folded up, so only pixels that hold some are counted.
import matplotlib.pyplot as plt
import numpy as np

figure, panels = plt.subplots(1, 4, figsize=(12, 3), sharey=True, layout="constrained")
edges = np.linspace(-4, 4, 33)
centres = (edges[:-1] + edges[1:]) / 2
for axes, name in zip(panels, ["Fe_K", "Cu_K", "Hg_L", "Pb_L"], strict=True):
    one, true = maps.sel(element=name), truth.sel(element=name)
    deviations = ((one["intensity"] - true) / one["uncertainty"]).values[(true > 50).values]
    axes.hist(deviations, edges, density=True, color="0.8", edgecolor="0.5")
    axes.plot(centres, np.exp(-(centres**2) / 2) / np.sqrt(2 * np.pi), color="C3")
    within = np.mean(np.abs(deviations) <= 1)
    axes.set_title(f"{name.replace('_', ' ')}: {within:.0%} within one")
    axes.set_xlabel("(fit - truth) / standard error")
panels[0].set_ylabel("density")

# %%
# The widths are right, so photon noise is what the scatter is made of. Mercury is shifted by more
# than half a standard error: the model is the same for all pixels, but layers of paint absorb the soft
# lines of an element more than the hard ones. Standard errors of photon counting do not know of that
# (see the limits in :doc:`the guide </user_guide/template_fit>`).
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
