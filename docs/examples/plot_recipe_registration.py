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

# Yours: first = open_maps("first.nc")["intensity"].sel(element="Cu_K").fillna(0).values, and second likewise,
# cut to one size. Here a painting, and two scans of it with a beam that is wider than a step. The second is
# turned by 1.5 degrees and shifted.
_, maps = make_painting((100, 130), palette="icon_test", random_state=0)
scene = gaussian_filter(maps.sel(element="Cu_K").values.astype(float), 1.5)
rng = np.random.default_rng(0)


def motion(image, shift_x, shift_y, angle):
    """Turn of an image about its center by an angle [degrees], then a shift [pixels]."""
    center = np.array(image.shape[::-1]) / 2
    turn = EuclideanTransform(rotation=np.deg2rad(angle))
    shift = EuclideanTransform(translation=center + np.array((shift_x, shift_y)))
    return EuclideanTransform(translation=-center) + turn + shift


true_motion = (3.4, -5.3, 1.5)
seen = slice(15, -15), slice(15, -15)  # the painting goes on beyond both scans
first = rng.poisson(scene[seen]).astype(float)
second = warp(scene, motion(scene, *true_motion).inverse, order=3)[seen]
second = rng.poisson(second.clip(0)).astype(float)

# %%
# Find the motion
# ---------------
#
# The cross-correlation gives a first shift; then shift and angle are searched together, from steps of
# two pixels and two degrees. Square roots, so that bright pixels and their noise count no more than others.
(y, x), _, _ = phase_cross_correlation(np.sqrt(second), np.sqrt(first), normalization=None)


def difference(values):
    """Mean squared difference of the square roots, where both scans are."""
    moved = warp(first, motion(first, *values).inverse, cval=np.nan)
    return np.nanmean((np.sqrt(moved) - np.sqrt(second)) ** 2)


simplex = np.array((x, y, 0.0)) + np.vstack([np.zeros(3), 2 * np.eye(3)])
found = minimize(difference, simplex[0], method="Nelder-Mead", options={"initial_simplex": simplex})
print("shift x, y [pixels], angle [degrees]:", found.x.round(2), "; true ones:", true_motion)

# %%
# Carry the errors along
# ----------------------
#
# Interpolation averages neighbors, each with a weight: the variance of the result has the squares
# of the weights. Interpolating the variances is simpler and errs on the safe side. Here they are those
# of counts; yours are the squares of ``open_maps("second.nc")["uncertainty"]``.
back = motion(second, *found.x)
aligned, variance = (warp(one, back, cval=np.nan) for one in (second, second + 1))
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
