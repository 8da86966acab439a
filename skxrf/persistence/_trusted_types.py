"""The types of ours, and of scikit-learn's insides, that a model's file may contain.

The list is short on purpose and every entry was looked at: an object of such a type is made
without calling its constructor and gets the attributes that the file contains, arrays, numbers and
texts in the end. So a type may be added if

- neither its ``__setstate__`` nor setting its attributes runs, imports or opens anything that
  its state names;
- its methods do not run, import or open anything that its attributes name;
- wrong attributes make an exception and no crash; if they can crash the process, `_contents.py`
  must look at them first.

Scikit-learn's public estimators, numpy's arrays and their like are trusted by skops itself.

A class that moves must still be found under its old name, or files that contain it open no more:
the model under tests/data is there to notice it.
"""

TRUSTED_TYPES = (
    # Regressors, and what they keep.
    "skxrf.neural_network._augmentation.SpectrumAugmentation",
    "skxrf.neural_network._cnn.SpectrumCNNRegressor",
    "skxrf.neural_network._mlp.SpectrumMLPRegressor",
    "skxrf.neural_network._published.PublishedCNNRegressor",
    "skxrf.neural_network._published.PublishedMLPRegressor",
    "skxrf.neural_network._statistics.Statistics",
    # The shipped model, calibrated to a painting or fine-tuned.
    "skxrf.pretrained._regressor.PretrainedRegressor",
    "skxrf.pretrained._painting.PaintingFit",
    "skxrf.pretrained._weights.Weights",
    "skxrf.preprocessing._energy_calibrator.EnergyCalibrator",
    "skxrf.preprocessing._rebinning.BinShares",
    "skxrf.spectrum_fit._axis_fit.AxisFit",
    "skxrf.linear_model._template_fit.TemplateFitRegressor",
    "skxrf.linear_model._area_outputs.AreaOutputs",
    "skxrf.spectrum_fit._pixel_fit.PoissonFit",
    "skxrf.spectrum_fit._weight_classes.WeightClasses",
    "skxrf.spectrum_fit._priors.AxisCorrection",
    "skxrf.spectrum_fit._sum_spectrum.SumSpectrumFit",
    "skxrf.physics._detector.DetectorResponse",
    "skxrf.spectrum_fit._pixel_fit.ComponentPairs",
    "skxrf.compose.SubsampledRegressor",
    "skxrf.cluster._poisson_mixture.PoissonMixture",
    # Transformers.
    "skxrf.preprocessing._binning.ChannelBinner",
    "skxrf.preprocessing._energy_range.EnergyRangeSelector",
    "skxrf.preprocessing._normalization.SpectrumNormalizer",
    # The nodes of a decision tree; `_contents.py` looks at them.
    "sklearn.tree._tree.Tree",
)
