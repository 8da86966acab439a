"""
Lay a map over a photograph
===========================

A photograph shows the painting in perspective. Four points that are seen in both, clicked in any image
viewer, are enough to bring it onto the pixels of the maps with scikit-image.
"""

# sphinx_gallery_thumbnail_number = 1
import matplotlib.pyplot as plt
import numpy as np
from skimage.transform import ProjectiveTransform, warp

from skxrf.datasets import make_painting

# Yours: maps = open_maps("maps.nc")["intensity"], the corners (or four other points) in both, and in
# place of the last three lines photo = skimage.util.img_as_float(skimage.io.imread("photo.jpg"))[..., :3].
# Here the photograph is the painting's colors in perspective.
_, maps = make_painting((90, 120), palette="icon_test", random_state=0)
corners = np.array([(0, 0), (119, 0), (119, 89), (0, 89)], float)  # x, y in the maps
in_photo = np.array([(40, 25), (350, 45), (365, 290), (20, 275)], float)  # the same, clicked
colors = np.clip(maps.sel(element=["Hg_L", "Cu_K", "Pb_L"]).values / 2000, 0, 1)
to_maps = ProjectiveTransform.from_estimate(in_photo, corners)
photo = warp(colors, to_maps, output_shape=(310, 400))

# %%
# Photograph and map
# ------------------
#
# ``warp`` asks for each pixel of the result where it lies in the photograph. More points than four
# make it more exact: ``from_estimate`` then takes the best fit.
to_photo = ProjectiveTransform.from_estimate(corners, in_photo)
under = warp(photo, to_photo, output_shape=maps.shape[:2])
gold = maps.sel(element="Au_L").values

figure, axes = plt.subplots(1, 3, figsize=(13, 3.4), layout="constrained")
axes[0].imshow(photo)
axes[0].set_title("photograph")
axes[1].imshow(under)
axes[1].set_title("on the pixels of the scan")
axes[2].imshow(under.mean(axis=2), cmap="gray")
axes[2].imshow(gold, cmap="autumn_r", alpha=np.clip(gold / np.quantile(gold, 0.99), 0, 1))
axes[2].set_title("Au L over it")
for ax in axes:
    ax.set(xlabel="x [pixels]", ylabel="y [pixels]")
