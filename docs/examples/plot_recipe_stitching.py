"""
Stitch overlapping scans
========================

A large painting is scanned in parts that overlap. Here four parts, two above two, at different
currents of the tube: offsets and factors come from the overlaps, the weights from the errors.
"""

# sphinx_gallery_thumbnail_number = 1
import numpy as np
import xarray as xr

from skxrf.datasets import make_painting
from skxrf.plotting import ElementMapDisplay

# Yours: parts = [open_maps(name).drop_vars(["y", "x"]) for name in ["part_1.nc", "part_2.nc", ...]];
# positions in mm begin anew in each part, and xarray would match pixels by them.
_, scene = make_painting((90, 110), palette="icon_test", random_state=0)
whole = scene.sel(element=["Fe_K", "Cu_K", "Hg_L", "Pb_L"]).drop_vars(["y", "x"])
rng = np.random.default_rng(1)
parts = []
for factor, y, x in ((1.0, 0, 0), (0.8, 0, 45), (0.9, 40, 0), (0.6, 40, 45)):
    counts = factor * whole[y : y + (50 if y else 55), x : x + 65]
    counts = counts.copy(data=rng.poisson(counts).astype(float))
    parts.append(xr.Dataset({"intensity": counts, "uncertainty": np.sqrt(counts + 1)}))


# %%
# Two scans
# ---------
#
# Of all widths of the overlap, the one at which both are most alike there, all elements together.
# Square roots, so that bright pixels and their noise count no more than others. The factor is the
# ratio of the counts in the overlap, element by element; the mean has inverse variances as weights.
def stitch(a, b, dim):
    """Maps of `a` and of `b`, which goes on after it along `dim`, on the scale of `a`."""

    def likeness(n):
        pair = a["intensity"].isel({dim: slice(-n, None)}), b["intensity"].isel({dim: slice(n)})
        return np.corrcoef([np.sqrt(m.clip(0).fillna(0)).values.ravel() for m in pair])[0, 1]

    n = max(range(5, min(40, a.sizes[dim], b.sizes[dim])), key=likeness)
    one, other = a.isel({dim: slice(-n, None)}), b.isel({dim: slice(n)})
    factor = one["intensity"].sum(("y", "x")) / other["intensity"].sum(("y", "x"))
    b, other = b * factor, other * factor
    weights = [1 / scan["uncertainty"] ** 2 for scan in (one, other)]
    mean = (weights[0] * one["intensity"] + weights[1] * other["intensity"]) / sum(weights)
    both = xr.Dataset({"intensity": mean, "uncertainty": sum(weights) ** -0.5})
    z = (one - other)["intensity"] / np.sqrt(sum(1 / weight for weight in weights))
    print(
        f"{n} pixels along {dim}, factors {factor.values.round(3)}, z {z.mean():.2f} +- {z.std():.2f}"
    )
    joined = xr.concat([a.isel({dim: slice(-n)}), both, b.isel({dim: slice(n, None)})], dim)
    return joined.transpose("y", "x", "element")


# %%
# Four scans
# ----------
#
# First the rows, then both rows. The overlaps are of 20 columns and 15 rows, the factors 1.25, 1.5
# and 1.11. The differences in the overlap, in units of their errors, have a mean of 0 and a spread
# of 1 (less where pixels have few counts: their errors are ``sqrt(counts + 1)``).
above, below = stitch(*parts[:2], "x"), stitch(*parts[2:], "x")
ElementMapDisplay.from_maps(stitch(above, below, "y"))
