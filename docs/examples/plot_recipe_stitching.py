"""
Stitch overlapping scans
========================

A large painting is scanned in parts that overlap. Here two parts, one darker than the other because
the tube was weaker: the offset and the factor come from the overlap, the weights from the errors.
"""

# sphinx_gallery_thumbnail_number = 1
import numpy as np
import xarray as xr

from skxrf.datasets import make_painting
from skxrf.plotting import ElementMapDisplay

_, scene = make_painting((60, 110), palette="icon_test", random_state=0)
rng = np.random.default_rng(1)
elements = ["Fe_K", "Cu_K", "Hg_L", "Pb_L"]
whole = scene.sel(element=elements).drop_vars(["y", "x"])
left = whole[:, :65].copy(data=rng.poisson(whole[:, :65]).astype(float))
right = whole[:, 45:].copy(data=rng.poisson(0.8 * whole[:, 45:]).astype(float))


# %%
# Where they overlap
# ------------------
#
# Of all numbers of common columns, the one at which the two strips are most alike, all elements
# together. Square roots, so that bright pixels and their noise count no more than others.
def likeness(n):
    """Correlation of the last n columns of the left scan and the first n of the right."""
    strips = np.sqrt(left[:, -n:]).values.ravel(), np.sqrt(right[:, :n]).values.ravel()
    return np.corrcoef(*strips)[0, 1]


overlap = max(range(5, 40), key=likeness)
print("columns in the overlap:", overlap, "(true: 20)")

# %%
# One scale, one map
# ------------------
#
# The factor is the ratio of the counts in the overlap, element by element. In the overlap the mean
# is weighted with the inverse variances.
a, b = left[:, -overlap:], right[:, :overlap]
factor = a.sum(("y", "x")) / b.sum(("y", "x"))
print("factors:", factor.round(3).values, "(true: 1.25)")
weight_a, weight_b = 1 / (a + 1), 1 / (factor**2 * (b + 1))
both = (weight_a * a + weight_b * factor * b) / (weight_a + weight_b)
parts = [left[:, :-overlap], both, factor * right[:, overlap:]]
stitched = xr.concat(parts, "x").transpose("y", "x", "element")
ElementMapDisplay.from_maps(stitched)

# %%
# The seam: the difference of both in the overlap, in units of its error, has a mean of 0 and a
# spread of 1.
z = (a - factor * b) / np.sqrt(a + 1 + factor**2 * (b + 1))
print(
    "mean of z:", z.mean(("y", "x")).round(2).values, "spread:", z.std(("y", "x")).round(2).values
)
