"""Element maps from X-ray fluorescence spectra, in scikit-learn's own terms.

Importing :mod:`skxrf` loads nothing heavy; the sub-packages are imported one by one,
for example ``from skxrf.io import open_cube``.
"""

__version__ = "0.1.0.dev0"
