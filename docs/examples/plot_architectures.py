"""
GridSearchCV over architectures
===============================

Number and width of layers, convolutions or none: for scikit-learn these are parameters like any
other. So is a whole step of the Pipeline, such as a network around a torch module of one's own.
"""

# %%
# Spectra to learn from
# ---------------------
#
# ``make_spectra`` draws random stacks of paint layers and gives their spectra with the true net
# intensities: training sets of any size.
from skxrf.datasets import make_spectra

X, Y = make_spectra(1500, palette=["icon_1", "icon_2"], random_state=0)
print(X.shape, Y.shape)

# %%
# A module of one's own
# ---------------------
#
# Any ``torch.nn.Module`` will do. Its constructor gets the numbers of channels and outputs. This one
# adds to a dense layer the same layer of a smoothed spectrum.
import torch


class SmoothAndSharp(torch.nn.Module):
    """Dense layers on a spectrum and on its running mean."""

    def __init__(self, n_features, n_outputs, width=64, smoothing=9):
        super().__init__()
        self.smooth = torch.nn.AvgPool1d(smoothing, stride=1, padding=smoothing // 2)
        self.dense = torch.nn.Linear(2 * n_features, width)
        self.last = torch.nn.Linear(width, n_outputs)

    def forward(self, X):
        """Return intensities of shape (n_samples, n_outputs)."""
        both = torch.cat([X, self.smooth(X)], dim=1)
        return self.last(torch.nn.functional.silu(self.dense(both)))


# %%
# The grids
# ---------
#
# Three grids: convolutional networks of one to three layers, and in their place dense networks and
# the module. ``max_epochs`` is small to keep this page quick; for real results, leave it at its
# default.
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

from skxrf.neural_network import (
    SpectrumCNNRegressor,
    SpectrumMLPRegressor,
    SpectrumModuleRegressor,
)
from skxrf.preprocessing import ChannelBinner

cnn = SpectrumCNNRegressor(max_epochs=8, random_state=0)
mlp = SpectrumMLPRegressor(max_epochs=8, random_state=0)
own = SpectrumModuleRegressor(SmoothAndSharp, max_epochs=8, random_state=0)
pipeline = Pipeline([("bin", ChannelBinner(2)), ("net", cnn)])
grids = [
    {"net__channels": [(16,), (16, 32), (16, 32, 32)], "net__kernel_size": [4, 8]},
    {"net": [mlp], "net__hidden_layer_sizes": [(), (64,), (128, 64)]},
    {"net": [own], "net__module__width": [16, 64]},
]

# %%
# The score
# ---------
#
# These spectra are of single stacks and make no maps, so there is no SSIM. The mean of R² over
# line groups (``"r2"``) is one choice; errors in units of the photon noise are better, since faint
# line groups then weigh as much as bright ones. Any function of true and predicted values makes a
# scorer.
import numpy as np
from sklearn.metrics import make_scorer


def error_in_sigmas(y_true, y_pred):
    """Root mean square of (prediction - truth) / sqrt(truth + 1)."""
    sigma = np.sqrt(np.asarray(y_true) + 1)
    return float(np.sqrt(np.mean(((np.asarray(y_pred) - np.asarray(y_true)) / sigma) ** 2)))


search = GridSearchCV(
    pipeline,
    grids,
    scoring={"sigmas": make_scorer(error_in_sigmas, greater_is_better=False), "r2": "r2"},
    refit="sigmas",
    cv=2,
    error_score="raise",
)
search.fit(X, Y)

# %%
# The results
# -----------
import pandas as pd


def describe(params):
    """Name a candidate by what is different about it."""
    if "net__channels" in params:
        return f"CNN, channels {params['net__channels']}, windows of {params['net__kernel_size']}"
    if "net__module__width" in params:
        return f"own module, width {params['net__module__width']}"
    return f"MLP, layers {params['net__hidden_layer_sizes'] or 'none'}"


results = pd.DataFrame(
    {
        "RMS error [sigma]": -search.cv_results_["mean_test_sigmas"],
        "R²": search.cv_results_["mean_test_r2"],
        "training [s]": search.cv_results_["mean_fit_time"],
    },
    index=[describe(params) for params in search.cv_results_["params"]],
).sort_values("RMS error [sigma]")
results.round(3)

# %%
# The error of each candidate, and the time of one training.
import matplotlib.pyplot as plt

figure, panels = plt.subplots(1, 2, figsize=(10, 3.6), sharey=True, layout="constrained")
colors = [{"CNN": "C0", "MLP": "C1", "own": "C2"}[name[:3]] for name in results.index]
for axes, column, unit in zip(
    panels, ["RMS error [sigma]", "training [s]"], ["standard deviations", "s"], strict=True
):
    axes.barh(results.index, results[column], color=colors)
    axes.set_xlabel(f"{column.partition(' [')[0]} [{unit}]")
panels[0].invert_yaxis()
panels[0].set_ylabel("candidate")

# %%
# The search is itself an estimator, the best model fitted again on all spectra, and can be passed
# to ``predict_maps``.
print(search.best_params_)
print(search.predict(X[:2]).round(1))
