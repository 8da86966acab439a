"""
Maps without labels: the shipped model
======================================

skxrf comes with a model that was trained on simulated spectra alone. It needs no labels, no list
of elements and no exact calibration, and gives standard errors. Here it maps an icon that was not
in its training, with a wrong energy axis, and its maps are compared with the truth.

On the command line this is ``skxrf map scan.h5 -o maps.nc --report maps.html``.
"""

# %%
# A scan with a wrong axis
# ------------------------
#
# An icon of 48 x 64 pixels with 5,000 counts each. Its energy axis is made wrong by 0.8 % and 20
# eV, as is common in files: the line of iron is then off by 70 eV.

# sphinx_gallery_thumbnail_number = 1
from skxrf.datasets import make_painting

cube, truth = make_painting((48, 64), palette="icon_test", random_state=2)
cube = cube.assign_coords(energy=1.008 * cube["energy"] + 0.02)

# %%
# What the model finds before it predicts
# ---------------------------------------
#
# ``predict_maps`` binds the model to a cube by itself. Done by hand, one can look at what it
# found: the true axis and the resolution, from the lines in the painting's own sum spectrum.
from skxrf.inference import calibrated_to, predict_maps
from skxrf.pretrained import load_pretrained

model = calibrated_to(load_pretrained(), cube)
axis = model.painting_.calibrator
print(f"gain {1000 * axis.gain_:.3f} eV per channel, zero {1000 * axis.offset_:+.1f} eV")
print(f"known to {1000 * axis.errors_['6.4 keV']:.1f} eV at 6.4 keV; in truth 25 and 0 eV")
print("rests on the lines of", ", ".join(axis.lines_))

# %%
# The maps
# --------
#
# With ``return_std=True`` they come with their standard errors, as a Dataset of two variables.
maps = predict_maps(model, cube, return_std=True)
maps

# %%
# The model maps 32 line groups, and a painting holds about half of them: those that the maps show
# beyond noise, with a chance of 1 % to name one too many.
found = model.detected_in(maps)
print("seen:    ", ", ".join(found))
missed = [str(name) for name in truth["element"].values if name not in found]
print("missed:  ", ", ".join(missed) or "none of the painting's eleven")

# %%
# The other detected ones are there as well: argon is in the air, titanium and zinc in the pigments,
# and the M lines of lead come with its L lines.
from skxrf.plotting import ElementMapDisplay

shown = ["S_K", "Ca_K", "Mn_K", "Fe_K", "Cu_K", "Sr_K", "Hg_L", "Pb_L"]
ElementMapDisplay.from_maps(maps, elements=shown, percentiles=(1, 99), n_columns=4)

# %%
# Standard errors
# ---------------
#
# They are large where there are many counts, which scatter by their square root, and where the
# lines of another element are close: on the robe of vermilion the standard error of sulfur is
# larger than on the frame, where there is more sulfur, since the M lines of mercury overlap with
# it.
ElementMapDisplay.from_maps(
    maps["uncertainty"],
    elements=["S_K", "Fe_K", "Hg_L", "Pb_L"],
    percentiles=(1, 99),
    cmap="viridis",
    n_columns=4,
)

# %%
# Against the truth
# -----------------
#
# In a simulation the true net intensities are known. The third column is the difference of map and
# truth in units of the standard errors: if these are right, two thirds of the pixels are white and
# one in three hundred is black. Where an element is absent more are white, since maps are not
# below zero.
from skxrf.plotting import MapComparisonDisplay

some = ["S_K", "Fe_K", "Hg_L", "Pb_L"]
MapComparisonDisplay.from_maps(
    truth,
    maps["intensity"],
    sigma=maps["uncertainty"].sel(element=some).clip(min=1e-3),
    elements=some,
    titles=("truth", "shipped model"),
)

# %%
# In numbers, for every line group whose truth is known:
from skxrf.metrics import score_table

groups = [str(name) for name in truth["element"].values]
errors = maps["uncertainty"].sel(element=groups).clip(min=1e-3)
scores = score_table(truth, maps["intensity"], sigma=errors)
columns = ["mean", "rmse", "slope", "correlation", "within_1", "within_2"]
scores[columns].round({"mean": 0, "rmse": 1, "slope": 3}).round(3)

# %%
# Sulfur and strontium are faint, and photon noise hides them in single pixels, as their standard
# errors show. Neighboring pixels help: :ref:`sphx_glr_auto_examples_plot_denoising.py`. The
# photon-noise limit: :ref:`sphx_glr_auto_examples_plot_accuracy.py`. Training and limits of the
# model: :doc:`model card </user_guide/model_card>`.
