"""Whole element maps from a cube and a fitted estimator."""

from skxrf.inference._calibration import calibrated_to, sample_spectra
from skxrf.inference._neighborhood import with_neighborhood
from skxrf.inference._predict_maps import predict_maps
from skxrf.inference._to_file import MapsRun, predict_maps_to_file

__all__ = [
    "MapsRun",
    "calibrated_to",
    "predict_maps",
    "predict_maps_to_file",
    "sample_spectra",
    "with_neighborhood",
]
