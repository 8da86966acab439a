"""Networks from spectra to line intensities, as scikit-learn estimators."""

from skxrf.neural_network._cnn import SpectrumCNNRegressor
from skxrf.neural_network._mlp import SpectrumMLPRegressor
from skxrf.neural_network._published import published_networks

__all__ = ["SpectrumCNNRegressor", "SpectrumMLPRegressor", "published_networks"]
