"""Whole element maps from a cube and a fitted estimator."""

from skxrf.inference._calibration import calibrated_to
from skxrf.inference._predict_maps import predict_maps
from skxrf.inference._to_file import predict_maps_to_file

__all__ = ["calibrated_to", "predict_maps", "predict_maps_to_file"]
