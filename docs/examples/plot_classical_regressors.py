"""
Networks against classical regressors
=====================================

Ridge regression, partial least squares, nearest neighbors, a random forest,
the template fit and this library's networks on one simulated icon, with blocks held out, scored
against the true intensities. The benchmarks of the project do the same on more data, with tuned
rivals (:doc:`/benchmarks/index`).
"""

# %%
# The problem
# -----------
#
# An icon of 60 x 80 pixels with 5,000 counts each. Labels are the true net intensities, which only
# a simulation knows: with labels of a fit, the scores would show who repeats the fit best.
from skxrf.datasets import make_painting
from skxrf.model_selection import block_groups
from skxrf.samples import to_samples

cube, truth = make_painting((60, 80), palette="icon_test", random_state=1)
X, Y = to_samples(cube).values, to_samples(truth)
blocks = block_groups(Y, block_shape=(15, 20))

# %%
# The methods
# -----------
#
# All are scikit-learn estimators, so one loop runs them all. Linear methods take counts as they
# are; methods that compare spectra take square roots, which have about the same noise in every
# channel.
import numpy as np
from sklearn.cross_decomposition import PLSRegression
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import RidgeCV
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline

from skxrf.linear_model import TemplateFitRegressor
from skxrf.neural_network import SpectrumCNNRegressor, SpectrumMLPRegressor
from skxrf.preprocessing import ChannelBinner, SpectrumNormalizer


def roots():
    """Square roots of counts, of four channels each."""
    return ChannelBinner(4), SpectrumNormalizer("sqrt")


methods = {
    "CNN": make_pipeline(ChannelBinner(2), SpectrumCNNRegressor(random_state=0)),
    "MLP": make_pipeline(ChannelBinner(2), SpectrumMLPRegressor(random_state=0)),
    "ridge": make_pipeline(ChannelBinner(2), RidgeCV(np.logspace(2, 6, 5))),
    "PLS": make_pipeline(ChannelBinner(4), PLSRegression(20, scale=False)),
    "neighbors": make_pipeline(*roots(), KNeighborsRegressor(10)),
    "random forest": make_pipeline(
        *roots(),
        RandomForestRegressor(20, max_samples=0.3, max_features=0.1, random_state=0),
    ),
    "template fit": TemplateFitRegressor(energy=cube["energy"].values),
}

# %%
# Held-out maps
# -------------
#
# Each pixel is predicted by the model that was not trained on its block; together they make whole
# maps. The template fit takes from the labels only the names of the line groups.
import time

from sklearn.model_selection import GroupKFold, cross_val_predict

from skxrf.metrics import ssim_score
from skxrf.samples import to_maps

folds = GroupKFold(2, shuffle=True, random_state=0)
scores, seconds, held_out_maps = {}, {}, {}
for name, method in methods.items():
    start = time.perf_counter()
    predicted = cross_val_predict(method, X, Y, groups=blocks, cv=folds)
    seconds[name] = time.perf_counter() - start
    held_out_maps[name] = to_maps(predicted, like=Y)
    scores[name] = ssim_score(truth, held_out_maps[name], multioutput="raw_values")

# %%
# SSIM of each line group
# -----------------------
import matplotlib.pyplot as plt
import pandas as pd

table = pd.DataFrame(scores, index=[name.replace("_", " ") for name in Y.columns]).T
figure, axes = plt.subplots(figsize=(9, 3.6), layout="constrained")
image = axes.imshow(table, cmap="cividis", vmin=0.4, vmax=1, aspect="auto")
for i, j in [(i, j) for i in range(table.shape[0]) for j in range(table.shape[1])]:
    value = table.iloc[i, j]
    axes.text(
        j,
        i,
        f"{value:.2f}",
        ha="center",
        va="center",
        fontsize="small",
        color="black" if value > 0.75 else "white",
    )
axes.set_xticks(range(table.shape[1]), table.columns)
axes.set_yticks(range(table.shape[0]), table.index)
axes.set(xlabel="line group", ylabel="method")
figure.colorbar(image, label="SSIM against the truth", extend="min")

# %%
# The mean of each row, and the time for two trainings and predictions.
summary = pd.DataFrame({"mean SSIM": table.mean(axis=1), "time [s]": pd.Series(seconds)})
summary.sort_values("mean SSIM", ascending=False).round({"mean SSIM": 3, "time [s]": 1})

# %%
# Mean counts matter more than the method. With hundreds of counts in a pixel (Fe, Cu, Hg, Pb),
# every method that weighs channels is good. For the faint ones (S, K, Sr), photon noise limits
# methods that use the lines alone. Methods that learned the paints, and estimate strontium from
# the calcium of its ground, are better as long as the paints are the same; see the nearest
# neighbors on another painting in :ref:`sphx_glr_auto_examples_plot_cross_validation.py`.
from skxrf.plotting import ElementMapDisplay

shown = {"truth": truth, **{name: held_out_maps[name] for name in ("CNN", "ridge", "template fit")}}
figure, panels = plt.subplots(1, 4, figsize=(14, 2.8), layout="constrained")
for axes, (name, maps) in zip(panels, shown.items(), strict=True):
    ElementMapDisplay.from_maps(maps, elements=["Sr_K"], ax=np.array([axes]), vmin=0, vmax=60)
    axes.set_title(f"Sr K: {name}")
