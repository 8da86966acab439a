"""Clusters of spectra: the paints of a painting."""

from ._poisson_mixture import PoissonMixture

__all__ = ["PoissonMixture"]
