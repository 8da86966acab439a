"""Simulated spectra and paintings with known net intensities."""

from ._make_spectra import DEFAULT_LINE_GROUPS, make_spectra
from ._paintings import make_painting

__all__ = ["DEFAULT_LINE_GROUPS", "make_painting", "make_spectra"]
