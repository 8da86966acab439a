"""
One element against another
===========================

Pixels of one paint lie on a line through the origin, mixtures between such lines: a scatter plot
shows which elements belong together, and where.
"""

# sphinx_gallery_thumbnail_number = 1
import matplotlib.pyplot as plt

from skxrf.datasets import make_painting
from skxrf.inference import predict_maps
from skxrf.linear_model import TemplateFitRegressor
from skxrf.samples import to_samples

# Yours: maps = open_maps("maps.nc")["intensity"], in place of the next three lines.
cube, truth = make_painting((60, 80), palette="icon_test", random_state=0)
fit = TemplateFitRegressor(list(truth["element"].values), energy=cube["energy"].values)
maps = predict_maps(fit.fit(to_samples(cube).values), cube)
table = to_samples(maps)  # a row for each pixel, a column for each line group

# %%
# There are two branches: earth pigments with much manganese (umber) and with little. The upper one
# is chosen in the plot and shown in the map.
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
cells = left.hexbin(table["Fe_K"], table["Mn_K"], gridsize=50, bins="log", mincnt=1, cmap="viridis")
figure.colorbar(cells, ax=left, label="pixels")
left.set(xlabel="Fe K [counts]", ylabel="Mn K [counts]")

branch = (maps.sel(element="Mn_K") > 0.1 * maps.sel(element="Fe_K")) & (
    maps.sel(element="Mn_K") > 30
)
left.plot([0, 300, 3000], [30, 30, 300], color="C1")
branch.plot(ax=right, add_colorbar=False, cmap="gray", yincrease=False)
right.set(title="Mn K above 30 counts and a tenth of Fe K", aspect="equal")

# %%
# All pairs at once: the correlation of every element with every other.
correlation = table.corr().round(2)
correlation
