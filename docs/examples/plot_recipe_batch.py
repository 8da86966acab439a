"""
A batch of ten files
====================

One model, loaded once, for all scans of a series, on one color scale. In a terminal: ``skxrf map *.h5
-o maps --report reports``, which goes on after a file that fails and leaves finished ones alone.
"""

# sphinx_gallery_thumbnail_number = 1
import tempfile
from pathlib import Path

from skxrf.datasets import make_painting
from skxrf.inference import predict_maps
from skxrf.io import open_cube, open_maps, save_cube, save_maps
from skxrf.linear_model import TemplateFitRegressor
from skxrf.samples import to_samples

folder = tempfile.TemporaryDirectory()
series = Path(folder.name)
scans, _ = make_painting((40, 120), palette="icon_test", random_state=0)
for k in range(10):
    save_cube(scans.isel(x=slice(12 * k, 12 * k + 12)), series / f"scan_{k}.h5")

# %%
# The same model for all: with one calibration and one list of line groups, maps can be compared. It
# is fitted on the first scan; ``load_pretrained()`` would adapt itself to each.
files = sorted(series.glob("scan_*.h5"))
first = open_cube(files[0])
fit = TemplateFitRegressor(["Ca_K", "Fe_K", "Cu_K", "Pb_L"], energy=first["energy"].values)
fit.fit(to_samples(first).values)
for file in files:
    save_maps(predict_maps(fit, open_cube(file), return_std=True), file.with_suffix(".nc"))

# %%
# All of them, beside each other.
import matplotlib.pyplot as plt

figure, axes = plt.subplots(2, 5, figsize=(13, 4.6), layout="constrained")
for ax, file in zip(axes.flat, files, strict=True):
    copper = open_maps(file.with_suffix(".nc"))["intensity"].sel(element="Cu_K")
    image = ax.imshow(copper, vmin=0, vmax=5000, cmap="inferno")
    ax.set(title=file.stem, xlabel="x [pixels]", ylabel="y [pixels]")
    ax.label_outer()
figure.colorbar(image, ax=axes, label="Cu K [counts]")

# %%
folder.cleanup()
