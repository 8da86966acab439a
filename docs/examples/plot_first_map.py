"""
A first map in five minutes
===========================

From the file of a scanner to element maps in a file, without any label or training: open the
cube, look at its spectra, fit, look at the maps, save them.

With a scan of your own, start at `Open the cube`_ and put its path there. The same on the command
line is ``skxrf fit painting.h5 -o maps.nc``.
"""

# %%
# A scan to work with
# -------------------
#
# A small simulated icon, 60 x 80 pixels with 5,000 counts each, is written to a temporary folder.

# sphinx_gallery_thumbnail_number = 3
import tempfile
from pathlib import Path

from skxrf.datasets import make_painting
from skxrf.io import save_cube

folder = tempfile.TemporaryDirectory()
path = Path(folder.name) / "painting.h5"
simulated, _ = make_painting((60, 80), palette="icon_test", random_state=0)
save_cube(simulated, path)

# %%
# Open the cube
# -------------
#
# Only the description of the cube is read now; spectra are read when something is
# computed from them. A file of 20 GB opens as quickly.
from skxrf.io import open_cube

cube = open_cube(path)
print(dict(cube.sizes), cube.dtype)
print(f"{float(cube.energy[0]):.2f} to {float(cube.energy[-1]):.2f} keV")
print(f"steps of {float(cube.x[1] - cube.x[0]):.2f} mm")

# %%
# Look at the spectra
# -------------------
#
# The sum of all spectra shows the main elements. The maximum-pixel spectrum, the largest count in
# each channel, shows pigments of a few pixels.
from skxrf.plotting import SpectrumDisplay

SpectrumDisplay.from_cube(
    cube,
    elements=["S_K", "Ca_K", "Cr_K", "Mn_K", "Fe_K", "Cu_K", "Au_L", "Hg_L", "Pb_L", "Sr_K"],
    energy_range=(1, 20),
)

# %%
# Fit the line groups
# -------------------
#
# ``TemplateFitRegressor`` models the lines of the elements and the response of a silicon detector.
# It refines its calibration on the sum of the spectra and then fits each of them. Without a list
# of line groups it takes those that it finds in the sum spectrum: check this list. Here it takes
# the feet of large peaks for tungsten (``W``), which is implausible in an icon.
from skxrf.inference import predict_maps
from skxrf.linear_model import TemplateFitRegressor
from skxrf.samples import to_samples

spectra = to_samples(cube).values  # one row a pixel
fit = TemplateFitRegressor(energy=cube["energy"].values).fit(spectra)
print(", ".join(fit.line_groups_))

# %%
# ``predict_maps`` applies the fit, or any other fitted estimator, to the cube. With
# ``return_std=True`` the maps come with their standard errors. The cube is lazy, and so are the
# maps: ``compute()`` does the work, a few blocks of the file at a time.
maps = predict_maps(fit, cube, return_std=True).compute()
maps

# %%
# Look at the maps
# ----------------
#
# Net intensities are the counts in the peaks of each element, without background. The colors
# span the range from the 1st to the 99th percentile, so that a few bright pixels do not set it.
from skxrf.plotting import ElementMapDisplay

ElementMapDisplay.from_maps(
    maps,
    elements=["Ca_K", "Mn_K", "Fe_K", "Cu_K", "Au_L", "Hg_L", "Pb_L", "Cr_K"],
    percentiles=(1, 99),
)

# %%
# Three elements in one picture: vermilion (mercury) in red, copper pigments in green, and lead
# white in blue.
from skxrf.plotting import CompositeMapDisplay

CompositeMapDisplay.from_maps(maps["intensity"], elements=["Hg_L", "Cu_K", "Pb_L"])

# %%
# Save them
# ---------
#
# netCDF keeps everything, and ``.dat`` and ``.csv`` are the tables that PyMca writes.
from skxrf.io import save_maps

save_maps(maps, Path(folder.name) / "maps.nc")
save_maps(maps, Path(folder.name) / "maps.dat")
print(sorted(file.name for file in Path(folder.name).iterdir()))

# %%
folder.cleanup()

# %%
# .. rubric:: Where to go from here
#
# - How much of this is noise: :ref:`sphx_glr_auto_examples_plot_template_fit.py`.
# - A network that learns from a part with labels:
#   :ref:`sphx_glr_auto_examples_plot_own_painting.py`.
# - Scans that do not fit into memory: :ref:`sphx_glr_auto_examples_plot_large_files.py`.
