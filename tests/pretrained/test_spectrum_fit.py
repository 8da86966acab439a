"""The template fit of a calibrated model lies on the spectra, in their own channels."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from skxrf.pretrained import load_pretrained


def test_fit_lies_on_the_spectra_where_the_nominal_axis_is_wrong(painting, spectra, misinformed):
    nominal = 0.02 + 1.01 * painting[0]["energy"].to_numpy()
    fit = misinformed.spectrum_fit()
    np.testing.assert_array_equal(fit.energy_, nominal)
    channels = fit.fitted_channels_
    amplitudes = fit.decompose(spectra)
    assert fit.components_.shape == (amplitudes.shape[1], len(nominal[channels]))
    total = spectra.sum(axis=0)[channels].astype(np.float64)
    curve = (amplitudes @ fit.components_).sum(axis=0)
    assert curve.sum() == pytest.approx(total.sum(), rel=2e-3)

    def misplaced(shift):
        """Share of the counts that lie elsewhere than the curve says."""
        return np.abs(np.roll(curve, shift) - total)[2:-2].sum() / total.sum()

    assert misplaced(0) < 0.05
    assert min(misplaced(-1), misplaced(1)) > 2 * misplaced(0)


def test_line_groups_are_net_intensities_of_the_template_fit(model, spectra):
    fit = model.spectrum_fit()
    found = fit.decompose(spectra[:50])
    expected = model.painting_.template_fit.predict(spectra[:50])
    names = model.painting_.template_fit.line_groups_
    columns = [fit.fitted_groups_.index(name) for name in names]
    np.testing.assert_allclose(found[:, columns], expected, rtol=1e-4, atol=1e-2)


def test_without_a_painting_there_is_none():
    with pytest.raises(NotFittedError, match="not bound"):
        load_pretrained().spectrum_fit()
