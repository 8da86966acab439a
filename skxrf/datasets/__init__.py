"""Simulated spectra and paintings with known net intensities."""

from ._make_spectra import make_spectra
from ._paintings import make_painting

__all__ = ["make_painting", "make_spectra"]
