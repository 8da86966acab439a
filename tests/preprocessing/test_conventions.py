"""Conventions of all transformers of spectra: tags, defaults, checks of X."""

import numpy as np
import pandas as pd
import pytest
from sklearn.utils import get_tags

from skxrf.preprocessing import (
    ChannelBinner,
    EnergyCalibrator,
    EnergyRangeSelector,
    SpectrumNormalizer,
)

COUNTS = np.arange(1.0, 13.0).reshape(2, 6)
TRANSFORMERS = [
    ChannelBinner(),
    EnergyCalibrator(energy=(0.0, 1.0)),
    EnergyRangeSelector(energy=(0.0, 1.0)),
    SpectrumNormalizer(),
]
transformers = pytest.mark.parametrize(
    "transformer", TRANSFORMERS, ids=lambda one: type(one).__name__
)


@transformers
def test_floats_keep_their_precision(transformer):
    tags = get_tags(transformer)
    assert tags.transformer_tags.preserves_dtype == ["float64", "float32"]
    assert tags.requires_fit == (not isinstance(transformer, SpectrumNormalizer))
    assert tags.target_tags.required is False


@transformers
@pytest.mark.filterwarnings("ignore:EnergyCalibrator found no lines")
def test_names_and_numbers_of_channels_are_checked(transformer):
    frame = pd.DataFrame(COUNTS, columns=list("abcdef"))
    transformer.fit(frame)
    assert transformer.n_features_in_ == 6
    assert transformer.feature_names_in_.tolist() == list("abcdef")
    with pytest.raises(ValueError, match="feature names should match"):
        transformer.transform(frame[list("abcdfe")])
    with pytest.raises(ValueError, match="NaN"):
        transformer.transform(frame.where(frame > 3))
    with pytest.raises(ValueError, match="expecting 6 features"):
        transformer.fit(COUNTS).transform(COUNTS[:, :4])


def test_defaults():
    np.testing.assert_array_equal(
        ChannelBinner().fit_transform(COUNTS), COUNTS[:, ::2] + COUNTS[:, 1::2]
    )
    whole = EnergyRangeSelector(energy=(0.0, 1.0))
    np.testing.assert_array_equal(whole.fit_transform(COUNTS), COUNTS)
    expected = COUNTS / COUNTS.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(SpectrumNormalizer().fit_transform(COUNTS), expected)
