"""The linear reference: unbiased, with a known variance, of independent parts of the counts."""

import numpy as np
import pytest

from skxrf.audit._reference import ReferenceRule, linear_reference
from skxrf.exceptions import LineGroupError
from skxrf.model_selection._thinning import count_folds
from tests.audit.conftest import GROUPS, FixedFit, make_scene


def test_intensities_are_unbiased_and_their_variances_right(scene):
    reference = linear_reference(scene.fit, scene.spectra)
    off = reference.intensities(scene.spectra) - scene.truth
    variances = reference.variances(scene.spectra)
    n = len(off)
    assert (abs(off.mean(axis=0)) < 4 * np.sqrt(variances.mean(axis=0) / n)).all()
    np.testing.assert_allclose((off**2).mean(axis=0) / variances.mean(axis=0), 1, atol=0.15)


def test_the_variance_is_the_cramer_rao_bound():
    from skxrf.simulation import cramer_rao_bound

    scene = make_scene(3, counts=5.0)
    reference = linear_reference(scene.fit, scene.spectra)
    T = scene.fit.components_
    amplitudes = np.linalg.lstsq(T.T, scene.spectra.T.astype(float), rcond=None)[0].T
    mean = np.stack([amplitudes[reference.paints == k].mean(axis=0) @ T for k in range(4)])
    bound = cramer_rao_bound(mean.clip(1e-6), T[:4], nuisances=T[4:]) ** 2
    found = reference.variances(scene.spectra)
    for paint in range(4):
        of_paint = found[reference.paints == paint].mean(axis=0)
        np.testing.assert_allclose(of_paint, bound[paint], rtol=0.03)


def test_it_is_linear_in_the_counts(scene):
    reference = linear_reference(scene.fit, scene.spectra)
    parts = list(count_folds(scene.spectra, 3, np.random.default_rng(0)))
    total = sum(reference.intensities(part) for part in parts)
    np.testing.assert_allclose(total, reference.intensities(scene.spectra), atol=1e-6)


def test_paints_need_pixels(scene):
    few = scene.spectra[: ReferenceRule.pixels_of_a_paint]
    assert linear_reference(scene.fit, few).paints.max() == 0


def test_components_that_coincide_stop_nothing(scene):
    fit = scene.fit
    doubled = FixedFit(
        fit.energy_,
        [*GROUPS, "Mn_K"],
        fit.fitted_channels_,
        np.vstack([fit.components_[:4], fit.components_[2:3], fit.components_[4:]]),
    )
    found = linear_reference(doubled, scene.spectra).intensities(scene.spectra)
    assert np.isfinite(found).all()
    one = linear_reference(fit, scene.spectra).intensities(scene.spectra)
    np.testing.assert_allclose(found[:, 0], one[:, 0], rtol=0.01, atol=0.5)


def test_nothing_found_is_nothing_to_audit(scene):
    empty = FixedFit(scene.fit.energy_, [], scene.fit.fitted_channels_, scene.fit.components_[4:])
    with pytest.raises(LineGroupError, match="nothing to audit"):
        linear_reference(empty, scene.spectra)


def test_wrong_templates_show_by_fits_of_other_weights():
    scene = make_scene(3, counts=20.0)
    right = linear_reference(scene.fit, scene.spectra)
    noise = np.sqrt(right.variances(scene.spectra).mean(axis=0))
    # Of 480 pixels a paint: chance alone gives 0.05.
    assert (right.template_errors < 0.1 * noise).all()
    # Pb L whose lines above 11.5 keV are a fifth too bright.
    components = scene.fit.components_.copy()
    components[3] *= np.where(scene.fit.energy_ > 11.5, 1.2, 1.0)
    components[3] /= components[3].sum()
    wrong = FixedFit(scene.fit.energy_, list(GROUPS), scene.fit.fitted_channels_, components)
    reference = linear_reference(wrong, scene.spectra)
    off = reference.intensities(scene.spectra) - scene.truth
    bias = np.sqrt(np.mean([off[reference.paints == k].mean(axis=0)[3] ** 2 for k in range(4)]))
    assert bias > noise[3]
    assert 0.2 * bias < reference.template_errors[3] < 3 * bias
