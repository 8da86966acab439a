"""Simulated spectra and paintings with known net intensities."""

from skxrf.simulation import DEFAULT_LINE_GROUPS

from ._make_spectra import make_spectra
from ._paintings import make_painting

__all__ = ["DEFAULT_LINE_GROUPS", "make_painting", "make_spectra"]
