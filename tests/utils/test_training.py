from types import SimpleNamespace

from sklearn.linear_model import LinearRegression

from skxrf.utils.training import find_network, loss_curves


def test_network_is_found_inside_and_its_losses_are_floats():
    network = SimpleNamespace(loss_curve_=[2, 1], validation_loss_curve_=[2.5, 1.5])
    outer = SimpleNamespace(regressor_=SimpleNamespace(best_estimator_=network))
    assert find_network(outer) is network
    assert loss_curves(outer) == {"training": [2.0, 1.0], "validation": [2.5, 1.5]}


def test_no_validation_and_no_network():
    network = SimpleNamespace(loss_curve_=[2.0], validation_loss_curve_=[])
    assert loss_curves(network) == {"training": [2.0]}
    assert find_network(LinearRegression()) is None
    assert loss_curves(LinearRegression()) == {}
