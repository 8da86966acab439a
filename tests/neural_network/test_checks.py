"""scikit-learn's own checks, whole: none skipped, none expected to fail."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from skxrf.neural_network import SpectrumCNNRegressor, SpectrumMLPRegressor

# The linear path alone learns the checks' data; the layers need some more epochs to.
VARIANTS = [
    estimator(linear_path=linear_path, early_stopping=early_stopping, max_epochs=max_epochs)
    for estimator in (SpectrumMLPRegressor, SpectrumCNNRegressor)
    for linear_path, max_epochs in ((True, 2), (False, 15))
    for early_stopping in (False, True)
]


@parametrize_with_checks(VARIANTS)
def test_estimator(estimator, check):
    try:
        check(estimator)
    except pytest.skip.Exception as skipped:
        pytest.fail(f"a check was skipped: {skipped}")
