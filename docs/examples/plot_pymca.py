"""
From PyMca to skxrf and back
============================

Maps that PyMca has fitted are opened, compared with skxrf's own, used as labels, and written so
that PyMca reads them again. PyMca itself is not needed for any of it.
"""

# %%
# A table as PyMca writes it
# --------------------------
#
# PyMca's batch fit saves its maps as text, one line a pixel, among other formats. With a painting
# of your own that table is all you need. Here we make one: the template fit of a simulated scan,
# with 3 % added to everything, as if another calibration had been used. Where PyMca is installed,
# its own writer writes it.

# sphinx_gallery_thumbnail_number = 2
import tempfile
from pathlib import Path

import numpy as np

from skxrf.datasets import make_painting
from skxrf.inference import predict_maps
from skxrf.linear_model import TemplateFitRegressor
from skxrf.samples import to_samples

folder = tempfile.TemporaryDirectory()
table = Path(folder.name) / "painting.dat"

cube, _ = make_painting((40, 60), palette="icon_2", random_state=0)
line_groups = ["Ca_K", "Fe_K", "Cu_K", "Hg_L", "Pb_L"]
fit = TemplateFitRegressor(line_groups, energy=cube["energy"].values)
fit.fit(to_samples(cube).values)
maps = predict_maps(fit, cube, return_std=True)

images = {name: maps["intensity"].sel(element=name) for name in line_groups}
images |= {f"s({name})": maps["uncertainty"].sel(element=name) for name in line_groups}
images = {name: 1.03 * image.values for name, image in images.items()}
try:
    from PyMca5.PyMcaIO.ArraySave import save2DArrayListAsASCII
except ImportError:
    print("written without PyMca, in its layout")
    columns = [*np.indices((40, 60)), *images.values()]
    np.savetxt(
        table,
        np.stack(columns, axis=-1).reshape(-1, len(columns)),
        fmt=["%d", "%d"] + ["%g"] * len(images),
        delimiter="  ",
        header="  ".join(["row", "column", *images]),
        comments="",
    )
else:
    print("written by PyMca")
    save2DArrayListAsASCII(list(images.values()), str(table), labels=list(images))
print(table.read_text()[:330])

# %%
# Open it
# -------
#
# Columns are recognized in every spelling of a line group (``Fe_K``, ``Fe-K``, ``Fe K``); those
# named ``s(Fe_K)`` are the uncertainties.
from skxrf.io import open_maps

from_pymca = open_maps(table)
from_pymca

# %%
# Compare
# -------
#
# The values of both, for each line group. Both are fits of the same spectra and share
# their noise, so they should lie on a line, whose slope shows the difference.
import matplotlib.pyplot as plt

figure, panels = plt.subplots(1, 5, figsize=(13, 3), layout="constrained")
for axes, name in zip(panels, line_groups, strict=True):
    theirs = from_pymca["intensity"].sel(element=name).values.ravel()
    ours = maps["intensity"].sel(element=name).values.ravel()
    slope = (theirs @ ours) / (ours @ ours)
    axes.plot(ours, theirs, ".", markersize=2, alpha=0.3, rasterized=True)
    axes.axline((0, 0), slope=1, color="0.4", linewidth=1)
    axes.set_title(f"{name.replace('_', ' ')}: slope {slope:.3f}")
    axes.set_xlabel("skxrf [counts]")
panels[0].set_ylabel("table [counts]")

# %%
# Where they differ: with the uncertainties of the table as the unit, white is within one of them.
from skxrf.metrics import z_score
from skxrf.plotting import ZScoreMapDisplay

z = z_score(from_pymca["intensity"], maps["intensity"], sigma=from_pymca["uncertainty"])
ZScoreMapDisplay(z.sel(element=["Fe_K", "Hg_L", "Pb_L"])).plot()

# %%
# Use them as labels
# ------------------
#
# Spectra and labels are matched by row and column, so a network can learn from a table of PyMca.
from sklearn.pipeline import make_pipeline

from skxrf.neural_network import SpectrumCNNRegressor
from skxrf.preprocessing import ChannelBinner

X, Y = to_samples(cube).values, to_samples(from_pymca["intensity"])
model = make_pipeline(ChannelBinner(2), SpectrumCNNRegressor(max_epochs=10, random_state=0))
predicted = predict_maps(model.fit(X, Y), cube)

# %%
# And back
# --------
#
# ``.dat`` and ``.csv`` are PyMca's own tables, with as many digits as give every value back
# exactly.
from skxrf.io import save_maps

back = Path(folder.name) / "predicted.dat"
save_maps(predicted, back)
again = open_maps(back)
print("the same to the last bit:", bool((again.astype("float32") == predicted).all()))

# %%
# PyMca's RGB Correlator opens either file, and other programs read the columns.
print(back.read_text()[:200])

# %%
folder.cleanup()
