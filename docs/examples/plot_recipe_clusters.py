"""
Paints by clustering: PCA, NMF, k-means
=======================================

scikit-learn on maps and on spectra. What matters is the noise: a method that takes all channels or
elements alike finds the brightest ones' noise. Counts have a variance of their mean, so that their
square root has the same noise everywhere (Anscombe 1948).
"""

# sphinx_gallery_thumbnail_number = 1
import matplotlib.pyplot as plt
import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import NMF, PCA

from skxrf.datasets import make_painting
from skxrf.inference import predict_maps
from skxrf.linear_model import TemplateFitRegressor
from skxrf.preprocessing import ChannelBinner
from skxrf.samples import to_samples

# Yours: maps = open_maps("maps.nc"), shape = maps["intensity"].shape[:2],
# spectra = to_samples(open_cube("scan.h5")).values
cube, truth = make_painting((60, 80), palette="icon_test", random_state=0)
spectra = to_samples(cube).values
fit = TemplateFitRegressor(list(truth["element"].values), energy=cube["energy"].values)
maps = predict_maps(fit.fit(spectra), cube, return_std=True)
shape = truth.shape[:2]

# %%
# k-means on maps
# ---------------
#
# Each element in units of its standard error, then the square root: a difference of one is then
# about half a standard error for every element, bright or faint.
errors = maps["uncertainty"].median(("y", "x"))
table = np.sqrt(to_samples((maps["intensity"] / errors).clip(min=0)))
paints = KMeans(8, n_init=4, random_state=0).fit_predict(table).reshape(shape)

# %%
# PCA and NMF on spectra
# ----------------------
#
# Fewer channels are quicker. PCA takes the square roots; NMF takes the counts, divided by the
# square root of the mean spectrum (Keenan & Kotula 2004), and its parts look like spectra of paints.
binned = ChannelBinner(4).fit_transform(spectra).astype(float)
scores = PCA(3).fit_transform(np.sqrt(binned + 3 / 8))
weights = 1 / np.sqrt(binned.mean(axis=0) + 1)
parts = NMF(4, init="nndsvda", max_iter=300, random_state=0).fit(binned * weights)
shares = parts.transform(binned * weights)

figure, axes = plt.subplots(2, 4, figsize=(13, 5.2), layout="constrained")
axes[0, 0].imshow(paints, cmap="tab10", interpolation="nearest")
axes[0, 0].set_title("k-means on maps")
for k in range(3):
    axes[0, k + 1].imshow(scores[:, k].reshape(shape), cmap="RdBu_r")
    axes[0, k + 1].set_title(f"PCA of spectra, {k + 1}")
for k in range(4):
    axes[1, k].imshow(shares[:, k].reshape(shape), cmap="inferno")
    axes[1, k].set_title(f"NMF of spectra, {k + 1}")
for ax in axes.flat:
    ax.set(xlabel="x [pixels]", ylabel="y [pixels]")
    ax.label_outer()
