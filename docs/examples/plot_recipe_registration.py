"""
Register two scans of one painting
==================================

A second scan never lies exactly on the first. Here it is shifted and turned by an unknown amount,
which is found from the maps and undone, with the standard errors.
"""

# sphinx_gallery_thumbnail_number = 1
import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.optimize import minimize
from skimage.registration import phase_cross_correlation
from skimage.transform import EuclideanTransform, warp

from skxrf.datasets import make_painting

# A painting, and two scans of it with a beam that is wider than a step. The second is turned by
# 1.5 degrees and shifted.
_, maps = make_painting((90, 120), palette="icon_test", random_state=0)
scene = gaussian_filter(maps.sel(element="Cu_K").values.astype(float), 1.5)
rng = np.random.default_rng(0)


def moved(image, shift_x, shift_y, angle, order=1):
    """Image turned about its center by an angle [degrees] and shifted [pixels]."""
    center = np.array(image.shape[::-1]) / 2
    turn = EuclideanTransform(rotation=np.deg2rad(angle))
    move = EuclideanTransform(translation=center + np.array((shift_x, shift_y)))
    motion = EuclideanTransform(translation=-center) + turn + move
    return warp(image, motion.inverse, order=order, cval=np.nan)


true_motion = (3.4, -5.3, 1.5)
first = rng.poisson(scene).astype(float)
second = rng.poisson(np.nan_to_num(moved(scene, *true_motion, order=3)).clip(0)).astype(float)

# %%
# Find the motion
# ---------------
#
# The cross-correlation gives a first shift; then shift and angle are searched together. Square
# roots, so that bright pixels and their noise count no more than others.
start, _, _ = phase_cross_correlation(np.sqrt(second), np.sqrt(first), upsample_factor=10)


def difference(motion):
    """Mean squared difference of the square roots, where both scans are."""
    return np.nanmean((np.sqrt(moved(first, *motion)) - np.sqrt(second)) ** 2)


found = minimize(difference, (start[1], start[0], 0.0), method="Nelder-Mead")
print("true  shift x, shift y [pixels], angle [degrees]:", true_motion)
print("found shift x, shift y [pixels], angle [degrees]:", found.x.round(2))

# %%
# Carry the errors along
# ----------------------
#
# Interpolation averages neighbors, each with a weight: the variance of the result has the squares
# of the weights. Interpolating the variances is simpler and errs on the safe side.
back = [-found.x[0], -found.x[1], -found.x[2]]
angle = np.deg2rad(back[2])
back[:2] = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ back[:2]
aligned, variance = moved(second, *back), moved(second + 1, *back)
z = (aligned - first) / np.sqrt(variance + first + 1)
print(f"|z| <= 1: {np.nanmean(np.abs(z[np.isfinite(z)]) <= 1):.0%} of the pixels (at least 68 %)")

# %%
# The differences of the two scans, before and after.
import matplotlib.pyplot as plt

figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
for ax, image, title in zip(axes, (second, aligned), ("before", "after"), strict=True):
    shown = ax.imshow(image - first, cmap="RdBu_r", vmin=-2000, vmax=2000)
    ax.set(title=f"second - first, {title}", xlabel="x [pixels]", ylabel="y [pixels]")
figure.colorbar(shown, ax=axes, label="Cu K [counts]")
