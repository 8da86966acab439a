"""Transformers of spectra, and the rebinning of counts."""

from skxrf.preprocessing._rebinning import rebin_counts

__all__ = ["rebin_counts"]
