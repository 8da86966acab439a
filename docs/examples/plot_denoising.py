"""
Denoising maps with their neighbors
===================================

A fast scan has few counts in a pixel, and its maps are noisy. ``denoise_maps`` uses other pixels
of the same paint; the standard errors tell it what is noise. This example shows where it helps,
and where it does not.
"""

# %%
# A fast scan
# -----------
#
# An icon of 60 x 80 pixels with 2,000 counts each, and a template fit of it, with standard errors.

# sphinx_gallery_thumbnail_number = 1
from skxrf.datasets import make_painting
from skxrf.inference import predict_maps
from skxrf.linear_model import TemplateFitRegressor
from skxrf.samples import to_samples

cube, truth = make_painting((60, 80), palette="icon_test", mean_counts=2000, random_state=4)
line_groups = [str(name) for name in truth["element"].values]
fit = TemplateFitRegressor(line_groups, energy=cube["energy"].values, anode="Rh")
maps = predict_maps(fit.fit(to_samples(cube).values), cube, return_std=True)

# %%
# Denoise
# -------
#
# It takes intensities and standard errors, and returns new ones. The defaults need no tuning.
from skxrf.postprocessing import denoise_maps

better = denoise_maps(maps)

# %%
# Before, after, truth
# --------------------
#
# Faint elements gain most: potassium and strontium are hardly visible in single pixels, but the
# bright elements of the same pixels identify the paint. Iron is bright: its noise is small before
# and after.
import matplotlib.pyplot as plt
import numpy as np

from skxrf.plotting import ElementMapDisplay

rows = ["K_K", "Sr_K", "Mn_K", "Fe_K"]
columns = {"fit": maps["intensity"], "denoised": better["intensity"], "truth": truth}
figure, panels = plt.subplots(4, 3, figsize=(10.5, 10.4), layout="constrained")
for name, line in zip(rows, panels, strict=True):
    top = float(truth.sel(element=name).quantile(0.995))
    for axes, (title, one) in zip(line, columns.items(), strict=True):
        ElementMapDisplay.from_maps(one, elements=[name], ax=np.array([axes]), vmin=0, vmax=top)
        axes.set_title(f"{name.replace('_', ' ')}: {title}")

# %%
# How much closer to the truth
# ----------------------------
#
# Root mean square error of each map, in counts, before and after.
difference = {title: one - truth for title, one in list(columns.items())[:2]}
rmse = {
    title: np.sqrt((one**2).mean(("y", "x"))).sel(element=line_groups).values
    for title, one in difference.items()
}
gain = rmse["denoised"] / rmse["fit"]

places = np.arange(len(line_groups))
figure, axes = plt.subplots(figsize=(8, 3.4), layout="constrained")
axes.bar(places, gain, color=["C0" if value < 1 else "C1" for value in gain])
axes.axhline(1, color="0.3", linewidth=1)
axes.set_xticks(places, [name.replace("_", " ") for name in line_groups])
axes.set(xlabel="line group", ylabel="RMSE, denoised / fit")

# %%
# Where it does not help
# ----------------------
#
# An error that the fit makes in all pixels of a paint is a bias, and stays. The new standard
# errors allow for it with a third of the old ones: mostly more than enough, too little for gold
# and mercury. Below, the mean difference to the truth over all pixels and the share within one and
# two standard errors, which should be 68 and 95 %.
import pandas as pd


def within(data, n):
    """Share of pixels within n standard errors of the truth, for each line group."""
    z = np.abs(data["intensity"] - truth) / data["uncertainty"]
    return (z.sel(element=line_groups) <= n).mean(("y", "x")).values


table = pd.DataFrame(
    {
        "bias [counts]": difference["fit"].mean(("y", "x")).sel(element=line_groups).values,
        "within 1, fit": within(maps, 1),
        "within 1, denoised": within(better, 1),
        "within 2, fit": within(maps, 2),
        "within 2, denoised": within(better, 2),
    },
    index=[name.replace("_", " ") for name in line_groups],
)
table.round(2)

# %%
# The other limit is fine detail of a faint element that no other element shows: below the noise of
# its pixels it is smoothed away. To find it, look at the change in units of the old errors.
# Structures in such a map, other than noise, are details taken for noise, or a bias that was
# removed.
change = (better["intensity"] - maps["intensity"]) / maps["uncertainty"]
figure, panels = plt.subplots(1, 4, figsize=(13, 2.6), layout="constrained")
for axes, name in zip(panels, rows, strict=True):
    image = axes.imshow(change.sel(element=name), cmap="RdBu_r", vmin=-3, vmax=3)
    axes.set(title=name.replace("_", " "), xlabel="x [pixels]")
panels[0].set_ylabel("y [pixels]")
figure.colorbar(image, ax=panels, label="change / standard error", extend="both")

# %%
# Method, parameters and figures on six paintings and a measured scan: :doc:`/user_guide/denoising`.
