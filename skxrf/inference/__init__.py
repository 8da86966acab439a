"""Whole element maps from a cube and a fitted estimator."""

from skxrf.inference._binding import bind
from skxrf.inference._fit_detectors import fit_detectors
from skxrf.inference._paint_maps import paint_maps
from skxrf.inference._predict_maps import predict_maps
from skxrf.inference._to_file import predict_maps_to_file

__all__ = ["bind", "fit_detectors", "paint_maps", "predict_maps", "predict_maps_to_file"]

# Former name of `bind`.
calibrated_to = bind
