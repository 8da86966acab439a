"""Simulated spectra and paintings with known net intensities."""

from ._paintings import make_painting
from ._spectra import DEFAULT_LINE_GROUPS, make_spectra

__all__ = ["DEFAULT_LINE_GROUPS", "make_painting", "make_spectra"]
