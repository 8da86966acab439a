import numpy as np
import pytest

from skxrf.reproduction._experiment import held_out_parts, run_method
from skxrf.reproduction._methods import METHOD_NAMES, make_methods
from skxrf.reproduction._networks import count_parameters, n_epochs
from skxrf.reproduction._result import Settings
from skxrf.utils.progress import StepReport

SETTINGS = Settings(n_folds=2, budget=0.4, random_state=3)


def test_every_name_makes_its_method(linear_problem):
    methods = make_methods(linear_problem, list(METHOD_NAMES), SETTINGS)
    assert [m.name for m in methods] == list(METHOD_NAMES)
    kinds = [m.kind for m in methods]
    assert kinds == ["network"] * 2 + ["published network"] * 4 + ["classical"] * 5
    assert [m.name for m in methods if m.is_template_fit] == ["Template fit"]
    assert all(m.description.endswith(".") for m in methods)


def test_networks_get_budget_and_seed(linear_problem):
    for method in make_methods(linear_problem, list(METHOD_NAMES), SETTINGS):
        if method.kind != "classical":
            assert method.estimator.max_time == 0.4
            assert method.estimator.random_state == 3


def test_plus_networks_know_the_pure_spectra(linear_problem):
    plus = make_methods(linear_problem, ["published CNN+"], SETTINGS)[0].estimator
    templates = np.asarray(plus.templates)
    assert templates.shape == (2, 40)
    energy = linear_problem.data.energy
    # The highest channel of each is at its strongest line.
    assert energy[templates[0].argmax()] == pytest.approx(6.4, abs=0.3)
    assert energy[templates[1].argmax()] == pytest.approx(10.55, abs=0.3)


def test_methods_shrink_with_the_data(linear_problem):
    few = linear_problem.Y.copy()
    few.iloc[10:] = np.nan
    small = type(linear_problem)(
        linear_problem.X, few, None, linear_problem.groups, {}, linear_problem.data
    )
    pls, neighbours = make_methods(small, ["PLS", "k nearest neighbours"], SETTINGS)
    assert pls.estimator.n_components == 5
    assert neighbours.estimator[-1].n_neighbors == 5


@pytest.mark.parametrize("name", ["CNN", "published MLP+"])
def test_a_network_runs_within_its_budget_and_shows_its_curve(linear_problem, name):
    method = make_methods(linear_problem, [name], SETTINGS)[0]
    splits = held_out_parts(linear_problem, SETTINGS)
    with StepReport(enabled=False) as progress:
        result, _ = run_method(method, linear_problem, splits, SETTINGS, progress)
    assert (result.folds["epochs"] >= 1).all()
    assert len(result.loss_curves["training"]) == result.folds["epochs"].iloc[-1]
    assert result.n_parameters > 0


def test_what_is_no_network_has_no_epochs():
    from sklearn.linear_model import LinearRegression

    assert np.isnan(n_epochs(LinearRegression()))
    assert count_parameters(LinearRegression()) is None
