"""Whole element maps from a cube and a fitted estimator."""

from skxrf.inference._predict_maps import predict_maps

__all__ = ["predict_maps"]
