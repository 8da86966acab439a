"""Training of the shipped model on simulated spectra, and on labels of one's own."""

from ._fine_tuning import fine_tune

__all__ = ["fine_tune"]
