"""scikit-learn's own checks on every public estimator: none skipped.

None is expected to fail, but that of sample weights as copies of rows, for the networks, as of
scikit-learn's own MLPRegressor, whose batches are drawn by row, and for the ridge regression without
an energy axis, as of scikit-learn's RidgeCV, which leaves one row out and its copies in; and that of
clusters, which are of standardized values, for the clusterer of counts.
"""

from unittest import SkipTest

import pytest
import torch
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from skxrf.utils.discovery import all_estimators

# What the constructors need, or what makes the checks, which fit on a few dozen rows, fast.
ARGUMENTS = {
    "EnergyRangeSelector": [{"energy": (0.0, 0.01)}, {"low": -1.0, "energy": (0.0, 0.01)}],
    # The checks' spectra hold no lines: the nominal axis is kept.
    "EnergyCalibrator": [
        {"energy": (0.0, 0.01)},
        {"energy": (0.0, 0.01), "target": (-0.1, 0.02, 30)},
    ],
    "ChannelBinner": [{}, {"factor": 3, "energy": (0.0, 0.01)}],
    # Not "live_time": it cannot be transformed without one (tests/preprocessing).
    "SpectrumNormalizer": [
        {"method": method}
        for method in ("total_counts", "sqrt", "anscombe", "log1p", "standard_score")
    ],
    "SubsampledRegressor": [
        {"regressor": Ridge()},
        # Seeded so that the first row is drawn, where a check hides an object: others are not read.
        {"regressor": Ridge(), "max_samples": 0.9, "random_state": 1},
    ],
    # The linear path alone learns the checks' data. Other variants: tests/neural_network.
    "SpectrumMLPRegressor": [{"hidden_layer_sizes": (16,), "max_epochs": 2}],
    "SpectrumCNNRegressor": [{"channels": (8,), "hidden_layer_sizes": (16,), "max_epochs": 2}],
    "SpectrumModuleRegressor": [{"module": torch.nn.Linear, "max_epochs": 2}],
}
WEIGHTS, CLUSTERS = "check_sample_weight_equivalence_on_dense_data", "check_clustering"
EXPECTED = {
    "neural_network": {WEIGHTS: "batches are drawn by row"},
    "linear_model": {
        WEIGHTS: "leave-one-out of the ridge regression leaves the copies of a row in"
    },
    "cluster": dict.fromkeys(
        (CLUSTERS, f"{CLUSTERS}(readonly_memmap=True)"), "its blobs are negative, counts are not"
    ),
}


def expected_failures(estimator):
    return EXPECTED.get(type(estimator).__module__.split(".")[1], {})


ESTIMATORS = [
    cls(**arguments) for name, cls in all_estimators() for arguments in ARGUMENTS.get(name, [{}])
]


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """The checks fit on a few channels: threads would only wait for each other."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


@parametrize_with_checks(ESTIMATORS, expected_failed_checks=expected_failures)
@pytest.mark.filterwarnings("ignore:EnergyCalibrator found no lines")
def test_estimator_passes_the_check(estimator, check):
    try:
        check(estimator)
    except SkipTest as skipped:
        pytest.fail(f"not checked: {skipped}")


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)
def test_no_tag_takes_a_check_out(estimator):
    assert len(list(estimator_checks_generator(clone(estimator), legacy=True))) > 40
    tags = get_tags(estimator)
    assert (tags._skip_test, tags.no_validation, tags.non_deterministic) == (False, False, False)
    assert tags.regressor_tags is None or not tags.regressor_tags.poor_score
    if tags.transformer_tags is not None:
        assert tags.transformer_tags.preserves_dtype == ["float64", "float32"]


def test_every_listed_estimator_is_there():
    assert set(ARGUMENTS) <= {name for name, _ in all_estimators()}
