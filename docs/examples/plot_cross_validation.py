"""
Which cross-validation answers which question
=============================================

The same two models on the same spectra, with other pixels held out: at random, in strips, in
blocks, or whole paintings. The scores differ, and so does the best model, since each choice
answers another question.
"""

# %%
# Three small paintings
# ---------------------

# sphinx_gallery_thumbnail_number = 2
import matplotlib.pyplot as plt
import numpy as np

from skxrf.datasets import make_painting
from skxrf.samples import to_samples

cubes, maps = {}, {}
for name in ("icon_1", "icon_2", "icon_3"):
    cubes[name], maps[name] = make_painting((40, 60), palette=name, random_state=5)
X, Y = to_samples(cubes).values, to_samples(maps)
print(X.shape, Y.shape, Y.index.names)

# %%
# Four ways to hold out pixels
# ----------------------------
#
# The splitters are scikit-learn's; ``block_groups`` and ``painting_groups`` say which pixels stay
# together.
from sklearn.model_selection import GroupKFold, KFold

from skxrf.model_selection import block_groups, painting_groups

first = Y.loc[["icon_1"]]
of_first = (Y.index.get_level_values("painting") == "icon_1").nonzero()[0]
blocks = block_groups(first, block_shape=(10, 15))
ways = {
    "pixels": (KFold(4, shuffle=True, random_state=0), None),
    "strips": (KFold(4), None),
    "blocks": (GroupKFold(4, shuffle=True, random_state=0), blocks),
}

figure, panels = plt.subplots(1, 3, figsize=(11, 2.8), layout="constrained")
for axes, (name, (splitter, groups)) in zip(panels, ways.items(), strict=True):
    fold_of = np.empty(len(first))
    for fold, (_, held_out) in enumerate(splitter.split(first, groups=groups)):
        fold_of[held_out] = fold
    image = axes.imshow(
        fold_of.reshape(40, 60), cmap=plt.get_cmap("viridis", 4), vmin=-0.5, vmax=3.5
    )
    axes.set(title=f"{name}: the fold of each pixel", xlabel="x [pixels]", ylabel="y [pixels]")
figure.colorbar(image, ax=panels, ticks=range(4), label="fold")

# %%
# Two models
# ----------
#
# Ridge regression is linear: it weighs channels. Nearest neighbors average the labels of the most
# similar training spectra.
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skxrf.preprocessing import ChannelBinner, SpectrumNormalizer

models = {
    "Ridge": make_pipeline(ChannelBinner(4), StandardScaler(), Ridge()),
    "5 neighbors": make_pipeline(
        ChannelBinner(4), SpectrumNormalizer("sqrt"), KNeighborsRegressor(5)
    ),
}

# %%
# The scores
# ----------
#
# ``ssim_scorer`` puts the held-out pixels back into maps and scores the maps with holes. All folds
# are scored in the range of the whole maps: an element that is nearly absent from a strip would
# otherwise be scored on its noise.
from sklearn.metrics import make_scorer
from sklearn.model_selection import cross_val_score

from skxrf.metrics import ssim_score


def mean_ssim(model, X, Y, cv, groups):
    """Mean over folds and line groups."""
    scorer = make_scorer(ssim_score, data_range=np.ptp(Y, axis=0))
    scores = cross_val_score(model, X, Y, cv=cv, groups=groups, scoring=scorer, error_score="raise")
    return scores.mean()


results = {}
for name, model in models.items():
    results[name] = [
        *(mean_ssim(model, X[of_first], first, *way) for way in ways.values()),
        mean_ssim(model, X, Y, GroupKFold(3), painting_groups(Y)),
    ]
    print(f"{name:<14}", np.round(results[name], 3))

# %%
places = np.arange(4)
figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
for k, (name, values) in enumerate(results.items()):
    bars = axes.bar(places + 0.4 * k - 0.2, values, 0.38, label=name)
    axes.bar_label(bars, fmt="%.2f", padding=2)
axes.set_xticks(places, [*ways, "paintings"])
axes.set(xlabel="what is held out", ylabel="mean SSIM (1 is perfect)", ylim=(0, 1.15))
axes.legend(loc="upper right", ncols=2)

# %%
# Which one to use
# ----------------
#
# ========= =====================================================================================
# held out  the question
# ========= =====================================================================================
# pixels    Labels exist for some pixels, scattered everywhere: can the rest be filled in?
# strips    The scan was not finished: can the missing rows be predicted from the others?
# blocks    Does it work on parts of *this* painting that nobody has evaluated?
# paintings Does it work on *another* painting?
# ========= =====================================================================================
#
# Next to a held-out pixel lie training pixels with the same paint. A model that remembers has the
# best score there, and a lower one where the paint is new. For use on other paintings hold out
# paintings; for use on a part of the same painting, hold out blocks:
# :doc:`/user_guide/cross_validation`.
