"""scikit-learn's own checks, whole: none skipped, and none expected to fail but for the reason given."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from skxrf.neural_network import SpectrumCNNRegressor, SpectrumMLPRegressor
from skxrf.neural_network._published import PublishedCNNRegressor, PublishedMLPRegressor

# As of scikit-learn's own MLPRegressor: batches are drawn by row, so that a row of weight two is
# not two rows.
EXPECTED = {
    "check_sample_weight_equivalence_on_dense_data": "batches are drawn by row",
}

# The linear path alone learns the checks' data (tests/test_common.py); the layers need some more
# epochs to. Training is of the base class: each way of it once, and layers of each kind alone.
VARIANTS = [
    SpectrumMLPRegressor(early_stopping=True, max_epochs=2),
    SpectrumMLPRegressor(linear_path=False, max_epochs=15),
    SpectrumCNNRegressor(linear_path=False, early_stopping=True, max_epochs=15),
    PublishedMLPRegressor((32,), max_epochs=40, learning_rate=1e-2),
    PublishedCNNRegressor((8,), kernel_size=5, pool_size=1, max_epochs=40, learning_rate=1e-2),
]


@parametrize_with_checks(VARIANTS, expected_failed_checks=lambda _: EXPECTED)
def test_estimator(estimator, check):
    try:
        check(estimator)
    except pytest.skip.Exception as skipped:
        pytest.fail(f"a check was skipped: {skipped}")
