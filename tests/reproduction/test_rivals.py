import dataclasses

import numpy as np
import pytest
from sklearn.base import clone

from skxrf.exceptions import LineGroupError
from skxrf.physics import DetectorResponse, line_group
from skxrf.reproduction._experiment import held_out_parts, run_method, task_of
from skxrf.reproduction._networks import count_parameters, n_epochs
from skxrf.reproduction._result import Settings
from skxrf.reproduction._rivals import RIVALS, Task, pure_spectra
from skxrf.samples import to_samples
from skxrf.utils.progress import StepReport

SETTINGS = Settings(n_folds=2, budget=0.4, random_state=3)


@pytest.fixture
def task(linear_problem):
    return task_of(linear_problem, SETTINGS)


def test_each_rival_is_described_and_can_be_tuned(task):
    kinds = [rival.kind for rival in RIVALS.values()]
    assert kinds == ["network"] * 2 + ["published network"] * 4 + ["classical"] * 6
    assert [key for key, rival in RIVALS.items() if not rival.learns] == ["template_fit", "shipped"]
    for rival in RIVALS.values():
        assert rival.description.endswith(".")
        estimator = clone(rival.make(task))
        for name, values in rival.grid.items():
            for value in values:
                estimator.set_params(**{name: value})


def test_networks_get_budget_and_seed(task):
    for rival in RIVALS.values():
        if rival.kind != "classical":
            network = rival.make(task)
            assert network.max_time == 0.4
            assert network.random_state == 3


def test_plus_networks_know_the_pure_spectra(linear_problem, task):
    templates = np.asarray(RIVALS["published_cnn_plus"].make(task).templates)
    assert templates.shape == (2, 40)
    energy = linear_problem.data.energy
    # The highest channel of each is at its strongest line.
    assert energy[templates[0].argmax()] == pytest.approx(6.4, abs=0.3)
    assert energy[templates[1].argmax()] == pytest.approx(10.55, abs=0.3)


def test_pure_spectra_have_the_line_ratios_that_a_detector_counts():
    energy = 0.01 * np.arange(3000)
    spectrum = pure_spectra(Task(energy, ["Pb_L"], 100, 1.0))[0]
    group, detector = line_group("Pb_L"), DetectorResponse()
    alpha, gamma = (energy > 10.3) & (energy < 10.75), (energy > 14.5) & (energy < 15.3)
    counted = group.intensities * detector.efficiency(group.energies)
    in_alpha = (group.energies > 10.3) & (group.energies < 10.75)
    in_gamma = (group.energies > 14.5) & (group.energies < 15.3)
    expected = counted[in_gamma].sum() / counted[in_alpha].sum()
    found = spectrum[gamma].sum() / spectrum[alpha].sum()
    # Tails of L-alpha and of L-beta make up the rest; without the efficiency it is 6 % more.
    assert found == pytest.approx(expected, rel=0.02)


def test_rivals_shrink_with_the_data(task):
    small = dataclasses.replace(task, n_samples=10)
    assert RIVALS["pls"].make(small)[-1].n_components == 5
    neighbors = RIVALS["knn"].make(small)
    assert neighbors[-1].n_neighbors == 5
    assert neighbors[-2].n_components == 5


@pytest.mark.parametrize("key", ["cnn", "published_mlp_plus"])
def test_a_network_runs_within_its_budget_and_shows_its_curve(linear_problem, key):
    splits = held_out_parts(linear_problem, SETTINGS)
    with StepReport(enabled=False) as progress:
        result, _ = run_method(RIVALS[key], linear_problem, splits, SETTINGS, progress)
    assert (result.folds["epochs"] >= 1).all()
    assert len(result.loss_curves["training"]) == result.folds["epochs"].iloc[-1]
    assert result.n_parameters > 0


def test_what_is_no_network_has_no_epochs():
    from sklearn.linear_model import LinearRegression

    assert np.isnan(n_epochs(LinearRegression()))
    assert count_parameters(LinearRegression()) is None


def test_the_shipped_model_gives_the_line_groups_of_the_labels(shipped_on_icon, monkeypatch):
    cube, maps, bound = shipped_on_icon
    monkeypatch.setattr(type(bound), "fit", lambda *_: bound)
    X, Y = to_samples(cube).to_numpy(), to_samples(maps)[["Pb_L", "Fe_K"]]
    task = Task(cube["energy"].to_numpy(), list(Y.columns), len(X), 1.0)
    model = RIVALS["shipped"].make(task).fit(X, Y)
    error = np.sqrt(np.square(model.predict(X) - Y.to_numpy()).mean(axis=0))
    assert np.all(error < 0.1 * Y.to_numpy().std(axis=0))
    with pytest.raises(LineGroupError, match="does not map Xe_L"):
        RIVALS["shipped"].make(task).fit(X, Y.rename(columns={"Pb_L": "Xe_L"}))
