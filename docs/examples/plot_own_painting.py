"""
Training on your own painting
=============================

A part of a painting has been evaluated, by PyMca or by any other fit; a network learns from it and
maps the rest. Here the painting is simulated, so the maps can be compared with the truth.
"""

# %%
# The data
# --------
#
# A scan of 60 x 80 pixels, and reference maps of its left half. The references come from a template
# fit here; ``open_maps("reference.dat")`` would read those of PyMca. Both halves keep the pixel
# numbers of the whole scan, which match spectra and labels.

# sphinx_gallery_thumbnail_number = 3
import numpy as np

from skxrf.datasets import make_painting
from skxrf.inference import predict_maps
from skxrf.linear_model import TemplateFitRegressor
from skxrf.samples import to_samples

cube, truth = make_painting((60, 80), palette="icon_1", random_state=3)
line_groups = ["S_K", "Ca_K", "Mn_K", "Fe_K", "Cu_K", "Au_L", "Hg_L", "Pb_L"]
truth = truth.sel(element=line_groups)

left = cube.isel(x=slice(0, 40))
spectra = to_samples(left).values
fit = TemplateFitRegressor(line_groups, energy=cube["energy"].values).fit(spectra)
reference = predict_maps(fit, left)

# %%
# Spectra and labels
# ------------------
#
# ``X`` has one row a pixel and one column a channel, ``Y`` one column a line group. The index of
# ``Y`` says which pixel a row is.
X, Y = to_samples(left).values, to_samples(reference)
print(X.shape, X.dtype)
Y.head(3).round(1)

# %%
# A model
# -------
#
# Any Pipeline of scikit-learn. ``ChannelBinner(2)`` adds up pairs of channels, which halves the
# work; the network takes counts as they are.
from sklearn.pipeline import make_pipeline

from skxrf.neural_network import SpectrumCNNRegressor
from skxrf.preprocessing import ChannelBinner

model = make_pipeline(ChannelBinner(2), SpectrumCNNRegressor(random_state=0))

# %%
# Test it first on parts of the painting that are held out: whole blocks, not single pixels, whose
# neighbors have the same paint (:ref:`sphx_glr_auto_examples_plot_cross_validation.py`).
from sklearn.model_selection import GroupKFold, cross_validate

from skxrf.metrics import ssim_scorer, z_score_scorer
from skxrf.model_selection import block_groups

scores = cross_validate(
    model,
    X,
    Y,
    groups=block_groups(Y, block_shape=(15, 10)),
    cv=GroupKFold(2, shuffle=True, random_state=0),
    scoring={"ssim": ssim_scorer, "within_sigma": z_score_scorer},
    error_score="raise",
)
print("SSIM of each fold:       ", scores["test_ssim"].round(3))
print("share with |z| <= 1:     ", scores["test_within_sigma"].round(3))

# %%
# Train, and look at the training
# -------------------------------
#
# The loss is a mean of squared errors, damped for outliers, in units of the errors expected from
# counting statistics. The curve of the held-out spectra should have flattened, and should not rise
# while the other falls.
from skxrf.plotting import LossCurveDisplay

model.fit(X, Y)
LossCurveDisplay.from_estimator(model)

# %%
# Map the whole painting
# ----------------------
from skxrf.plotting import ElementMapDisplay

maps = predict_maps(model, cube)
ElementMapDisplay.from_maps(maps, percentiles=(1, 99))

# %%
# The right half, against the truth
# ---------------------------------
#
# In the right half, which the model has not seen, the predicted maps are
# compared with the true intensities. White pixels are within one standard deviation,
# sqrt(truth + 1), the photon noise of the line's own counts. Other counts add noise: where there
# is no mercury, but gold or lead with lines nearby, an error of 5 counts is small for the spectrum
# and black in this picture.
from skxrf.metrics import ssim_score
from skxrf.plotting import MapComparisonDisplay

right = {"x": slice(40, 80)}
for name, half in [("left, seen", {"x": slice(0, 40)}), ("right, not seen", right)]:
    values = ssim_score(truth.isel(half), maps.isel(half), multioutput="raw_values")
    print(f"{name:<16}", dict(zip(line_groups, np.round(values, 3).tolist(), strict=True)))

MapComparisonDisplay.from_maps(
    truth.isel(right), maps.isel(right), elements=["Fe_K", "Hg_L", "Pb_L"], titles=("truth", "CNN")
)
