"""
How good are the maps?
======================

Photon noise sets a lower limit to the error of every method. This example measures how near the
errors of maps come to that limit, and whether their standard errors are right: on an icon whose
truth is known, for the shipped model, the template fit, and the model's maps after denoising.
"""

# %%
# A painting whose expected spectra are known
# -------------------------------------------
#
# ``painting_scan`` plans an icon; the forward model gives the expected spectrum and the true net
# intensities of each pixel. The counts are drawn from it.

# sphinx_gallery_thumbnail_number = 1
import numpy as np
import xarray as xr

from skxrf.simulation import Instrument, painting_scan

scanner = Instrument.m6_jetstream().with_axis(0.0, 0.02, 1500)
scan = painting_scan("icon_test", shape=(42, 54), instrument=scanner, random_state=6)
photons = scan.renderer.model.photons(*scan.plan.stacks())
expected = scan.renderer.model.templates().spectra(photons)
dose = 5000 / expected.sum(axis=1).mean()  # 5,000 counts a pixel on average
expected = dose * expected

line_groups = ["S_K", "K_K", "Ca_K", "Cr_K", "Mn_K", "Fe_K", "Cu_K", "Sr_K", "Au_L", "Hg_L", "Pb_L"]
true = dose * scan.renderer.model.intensities(photons, line_groups)
shape = scan.plan.shape
truth = xr.DataArray(
    true.reshape(*shape, -1), dims=("y", "x", "element"), coords={"element": line_groups}
)
counts = np.random.default_rng(0).poisson(expected).astype(np.uint16)
cube = xr.DataArray(
    counts.reshape(*shape, -1),
    dims=("y", "x", "energy"),
    coords={"energy": scanner.energy},
    name="counts",
)

# %%
# Three ways to maps
# ------------------
from skxrf.inference import predict_maps
from skxrf.linear_model import TemplateFitRegressor
from skxrf.postprocessing import denoise_maps
from skxrf.pretrained import load_pretrained

fit = TemplateFitRegressor(
    line_groups, energy=scanner.energy, anode="Rh", energy_range=(1.3, 17.0)
).fit(counts)
shipped = predict_maps(load_pretrained(), cube, return_std=True)
methods = {
    "shipped model": shipped.sel(element=line_groups),
    "then denoised": denoise_maps(shipped).sel(element=line_groups),
    "template fit": predict_maps(fit, cube, return_std=True),
}

# %%
# The photon-noise limit
# ----------------------
#
# The Cramer-Rao bound of a pixel: the smallest standard error of an unbiased estimator that looks
# at this pixel alone, when the shapes of all lines are known and the height of the rest of the
# spectrum is not.
from skxrf.simulation import cramer_rao_bound

n = len(line_groups)
bound = cramer_rao_bound(
    expected[:, fit.fitted_channels_], fit.components_[:n], nuisances=fit.components_[n:]
)

# %%
# The error of a method over it, root mean squares over all pixels. A value of 1 is the limit of
# single pixels. Below 1 the method uses more than the counts of one pixel: non-negative
# intensities, knowledge of paints, neighboring pixels. Above 1 there are errors besides photon
# noise.
import matplotlib.pyplot as plt

ratios = {
    name: np.sqrt(((maps["intensity"] - truth) ** 2).mean(("y", "x"))).values
    / np.sqrt((bound**2).mean(axis=0))
    for name, maps in methods.items()
}
places = np.arange(n)
figure, axes = plt.subplots(figsize=(9, 3.6), layout="constrained")
markers = {"shipped model": "o", "then denoised": "v", "template fit": "s"}
for k, (name, values) in enumerate(ratios.items()):
    axes.plot(places + 0.18 * (k - 1), values, markers[name], markersize=7, label=name)
axes.axhline(1, color="0.3", linewidth=1)
axes.set_xticks(places, [name.replace("_", " ") for name in line_groups])
axes.set(xlabel="line group", ylabel="RMSE / Cramer-Rao bound", ylim=(0, None))
axes.grid(axis="y", alpha=0.4)
figure.legend(loc="outside right upper")

# %%
# The two that look at single pixels lie near 1, and somewhat below for faint elements, which
# neighbors improve most, K and Sr above all. Bright ones, such as Cu and Hg, vary between pixels
# by more than their noise, and neighbors help little.
#
# Error over standard error
# -------------------------
#
# A pixel's error in units of its standard error. If the standard errors are right, this is noise
# everywhere: no trace of the picture, hardly a value beyond 3. Where the picture shows, there is a
# bias that the standard errors do not include.
shown = ["S_K", "Ca_K", "Fe_K", "Hg_L"]
figure, panels = plt.subplots(3, 4, figsize=(12, 7.4), layout="constrained")
for line, (name, maps) in zip(panels, methods.items(), strict=True):
    pulls = (maps["intensity"] - truth) / maps["uncertainty"]
    for axes, group in zip(line, shown, strict=True):
        image = axes.imshow(pulls.sel(element=group), cmap="RdBu_r", vmin=-3, vmax=3)
        axes.set_title(f"{group.replace('_', ' ')}, {name}", fontsize="medium")
        axes.set(xlabel="x [pixels]", ylabel="y [pixels]")
        axes.label_outer()
figure.colorbar(image, ax=panels, label="(map - truth) / standard error", extend="both")

# %%
# The same as histograms, of the pixels above two standard errors: where an element is absent,
# values are not below zero, and half of the curve is missing. The line is the normal distribution.
edges = np.linspace(-5, 5, 41)
middles = (edges[1:] + edges[:-1]) / 2
figure, panels = plt.subplots(1, 4, figsize=(12, 3), sharey=True, layout="constrained")
for axes, group in zip(panels, shown, strict=True):
    for name, maps in methods.items():
        one, known = maps.sel(element=group), truth.sel(element=group)
        there = (known > 2 * one["uncertainty"]).values
        pulls = ((one["intensity"] - known) / one["uncertainty"]).values[there]
        axes.hist(pulls, edges, density=True, histtype="step", linewidth=1.5, label=name)
    axes.plot(middles, np.exp(-(middles**2) / 2) / np.sqrt(2 * np.pi), color="0.3", linewidth=1)
    axes.set(title=group.replace("_", " "), xlabel="(map - truth) / standard error")
panels[0].set_ylabel("density")
handles, names = axes.get_legend_handles_labels()
figure.legend(handles, names, loc="outside lower center", ncols=3)

# %%
# The shares within one and two standard errors should be 68 and 95 %:
import pandas as pd


def share_within(maps, limit):
    """Share of the pixels that hold an element whose error is below the limit."""
    there = truth > 2 * maps["uncertainty"]
    pulls = np.abs(maps["intensity"] - truth) / maps["uncertainty"]
    return float((pulls <= limit).where(there).mean())


pd.DataFrame(
    {
        name: {f"within {limit}": share_within(maps, limit) for limit in (1, 2)}
        for name, maps in methods.items()
    }
).T.round(2)

# %%
# Denoising removes noise and leaves the bias, so its standard errors are too small.
# The benchmarks repeat this with other palettes, scanners and doses, and on measured scans:
# :doc:`/user_guide/accuracy`.
