"""Fit of pixels whose weights and ratios of lines are those of their paint."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skxrf.spectrum_fit._paint_templates import paint_templates
from skxrf.spectrum_fit._pixel_fit import PoissonFit
from skxrf.spectrum_fit._template_model import Setup, TemplateModel
from skxrf.spectrum_fit._weight_classes import WeightClasses


@dataclass(frozen=True)
class LearnedPaints:
    """Fit of the pixels of a painting, and the model that it is made from."""

    fit: PoissonFit  # fit of single spectra, with classes where there are enough spectra
    model: TemplateModel
    """Its components and sum spectrum's fit have the ratios that the paints have in common."""
    n_paints: int = 1  # number of classes that have their own ratios of lines


def learned_paints(
    fit: PoissonFit,
    model: TemplateModel,
    setup: Setup | None,
    spectra: NDArray[Any],
    weights: NDArray[np.float64] | None,
) -> LearnedPaints:
    """Find the classes of like spectra, and the ratios of lines in each.

    `fit`: fit of single spectra with the components of the sum spectrum; gets the classes. `model`:
    fit of the sum spectrum. `setup`: measurement; None where all classes have the ratios of the sum
    spectrum. `spectra` (n_spectra, n_fitted_channels): spectra [counts]. `weights` (n_spectra,):
    number of spectra that each one stands for.
    """
    fit.share_weights(spectra, weights)
    if fit.classes is None or setup is None or not model.groups:
        return LearnedPaints(fit, model)
    found = paint_templates(model, setup, fit.classes.sums(spectra, weights))
    with_ratios = PoissonFit(found.painting, fit.shape, fit.n_reweights)
    with_ratios.classes = WeightClasses(found.components, fit.classes.shapes, fit.classes.shares)
    sum_fit = replace(model.fit, families=found.families)
    return LearnedPaints(
        with_ratios,
        replace(model, fit=sum_fit, components=found.painting),
        len(found.components),
    )
