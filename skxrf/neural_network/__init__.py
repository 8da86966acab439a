"""Networks from spectra to line intensities, as scikit-learn estimators."""

from skxrf.neural_network._augmentation import SpectrumAugmentation
from skxrf.neural_network._cnn import SpectrumCNNRegressor
from skxrf.neural_network._mlp import SpectrumMLPRegressor
from skxrf.neural_network._module_regressor import SpectrumModuleRegressor
from skxrf.neural_network._published import published_networks

__all__ = [
    "SpectrumAugmentation",
    "SpectrumCNNRegressor",
    "SpectrumMLPRegressor",
    "SpectrumModuleRegressor",
    "published_networks",
]
