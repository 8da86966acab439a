"""Transformers of spectra, and the rebinning of counts."""

from skxrf.preprocessing._binning import ChannelBinner
from skxrf.preprocessing._energy_calibrator import EnergyCalibrator
from skxrf.preprocessing._energy_range import EnergyRangeSelector
from skxrf.preprocessing._normalization import SpectrumNormalizer
from skxrf.preprocessing._rebinning import rebin_counts

__all__ = [
    "ChannelBinner",
    "EnergyCalibrator",
    "EnergyRangeSelector",
    "SpectrumNormalizer",
    "rebin_counts",
]
