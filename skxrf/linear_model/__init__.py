"""Linear models of spectra: the classical physics baseline, a fit of line templates."""

from ._template_fit import TemplateFitRegressor

__all__ = ["TemplateFitRegressor"]
