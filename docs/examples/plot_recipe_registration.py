"""
Two scans of one painting, and a photograph
===========================================

A second scan never lies exactly on the first. Here it is shifted and turned by an unknown amount,
which is found from the maps and undone, with the standard errors. Then a photograph is laid
under a map.
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
# A photograph below
# ------------------
#
# Four points that are seen in both give the perspective: here the corners of the painting.
import matplotlib.pyplot as plt
from skimage.transform import ProjectiveTransform

picture = np.clip(maps.sel(element=["Hg_L", "Cu_K", "Pb_L"]).values / 2000, 0, 1)
corners = np.array([(0, 0), (119, 0), (119, 89), (0, 89)], float)  # x, y in the maps
in_photo = np.array([(40, 25), (350, 45), (365, 290), (20, 275)], float)
photo = warp(picture, ProjectiveTransform.from_estimate(in_photo, corners), output_shape=(310, 400))

to_photo = ProjectiveTransform.from_estimate(corners, in_photo)  # found by clicking on the corners
under = warp(photo, to_photo, output_shape=first.shape)
figure, axes = plt.subplots(1, 4, figsize=(14, 3), layout="constrained")
axes[0].imshow(np.abs(second - first), cmap="gray", vmax=3000)
axes[0].set_title("difference before")
axes[1].imshow(np.abs(aligned - first), cmap="gray", vmax=3000)
axes[1].set_title("difference after")
axes[2].imshow(photo)
axes[2].set_title("photograph")
axes[3].imshow(under)
axes[3].imshow(first, cmap="inferno", alpha=np.clip(first / 2500, 0, 0.7))
axes[3].set_title("Cu K over the photograph")
for ax in axes:
    ax.set(xlabel="x [pixels]", ylabel="y [pixels]")
