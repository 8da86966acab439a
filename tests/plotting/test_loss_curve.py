import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skxrf.exceptions import SkxrfError
from skxrf.plotting import LossCurveDisplay


def test_one_panel_a_network_with_its_curves():
    curves = {
        "CNN": {"training": [3.0, 2.0, 1.0], "validation": [3.0, 2.5, 2.0]},
        "MLP": {"training": [9.0]},
    }
    display = LossCurveDisplay.from_curves(curves)
    assert [axes.get_title() for axes in display.axes_] == ["CNN", "MLP"]
    training, validation = display.axes_[0].lines
    np.testing.assert_array_equal(training.get_xdata(), [1, 2, 3])
    np.testing.assert_array_equal(validation.get_ydata(), [3.0, 2.5, 2.0])
    assert display.axes_[1].lines[0].get_marker() == "o"
    display.figure_.canvas.draw()


def test_a_loss_that_falls_far_is_on_a_log_axis():
    curves = {"far": {"training": [100.0, 1.0]}, "near": {"training": [3.0, 2.0]}}
    far, near = LossCurveDisplay.from_curves(curves).axes_
    assert (far.get_yscale(), near.get_yscale()) == ("log", "linear")


def test_a_loss_that_diverged_is_drawn():
    curves = {"CNN": {"training": [3.0, np.inf, np.nan]}}
    LossCurveDisplay.from_curves(curves).figure_.canvas.draw()


def test_the_network_is_found_in_pipelines_and_searches():
    X = np.random.default_rng(0).normal(size=(30, 3))
    network = MLPRegressor(hidden_layer_sizes=(4,), max_iter=4, random_state=0)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), network), {"mlpregressor__alpha": [1e-3]}, cv=2
    )
    with pytest.warns(UserWarning, match="Maximum iterations"):
        search.fit(X, X[:, 0])
    display = LossCurveDisplay.from_estimator(search)
    assert display.axes_[0].get_title() == "MLPRegressor"
    fitted = search.best_estimator_[-1]
    np.testing.assert_allclose(display.axes_[0].lines[0].get_ydata(), fitted.loss_curve_)


def test_an_estimator_without_a_network_is_refused():
    with pytest.raises(SkxrfError, match="LinearRegression contains no network"):
        LossCurveDisplay.from_estimator(LinearRegression())
    with pytest.raises(SkxrfError, match="no loss curve"):
        LossCurveDisplay.from_curves({})
