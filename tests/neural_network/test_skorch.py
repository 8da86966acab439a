"""Reach of skorch through the estimators: callbacks, optimizers, criteria, the net itself."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from skorch.callbacks import Callback, Checkpoint, EarlyStopping, EpochScoring, LRScheduler
from skorch.dataset import ValidSplit
from torch.optim.lr_scheduler import ConstantLR, ExponentialLR

from skxrf.exceptions import SkxrfError
from skxrf.neural_network import SpectrumCNNRegressor, SpectrumMLPRegressor


def small(**parameters):
    settings = {"hidden_layer_sizes": (16,), "max_epochs": 3, "random_state": 0}
    return SpectrumMLPRegressor(**{**settings, **parameters})


def test_history_is_left(painting):
    model = small().fit(*painting)
    history = model.net_.history
    assert history[:, "train_loss"] == model.loss_curve_
    assert history[:, "valid_loss"] == model.validation_loss_curve_
    assert history[:, "epoch"] == [1, 2, 3]
    assert all(duration > 0 for duration in history[:, "dur"])


@pytest.mark.parametrize("use_caching", [True, False])
def test_scores_of_callbacks_are_those_of_the_labels(use_caching, painting):
    X, y = painting
    scoring = EpochScoring("r2", lower_is_better=False, use_caching=use_caching)
    model = small(callbacks=[scoring], linear_path=False).fit(X, y, X_val=X[:50], y_val=y[:50])
    scores = model.net_.history[:, "r2"]
    assert len(scores) == 3
    # Without a linear path nothing is changed after the last epoch.
    assert scores[-1] == pytest.approx(model.score(X[:50], y[:50]), abs=1e-5)


def test_early_stopping_of_skorch_ends_a_fit_and_nothing_else(painting):
    stopping = EarlyStopping(patience=1, threshold=1e9, threshold_mode="abs")
    model = small(callbacks=[("stop", stopping)], max_epochs=20).fit(*painting)
    assert model.stopped_by_ == "callback"
    assert model.n_iter_ < 20
    assert np.all(model.residual_weight_ >= 0)
    model.set_params(callbacks__stop__patience=4)
    assert model.get_params()["callbacks__stop__patience"] == 4


def test_an_error_of_a_callback_is_passed_on(painting):
    class Pruned(Exception):
        pass

    class Pruning(Callback):
        def on_epoch_end(self, net, **kwargs):
            raise Pruned

    with pytest.raises(Pruned):
        small(callbacks=[Pruning()]).fit(*painting)


def test_a_schedule_replaces_the_cycle(painting):
    rates = []

    class Rates(Callback):
        def on_epoch_end(self, net, **kwargs):
            rates.append(net.optimizer_.param_groups[0]["lr"])

    schedule = LRScheduler(ExponentialLR, gamma=0.5)
    small(callbacks=[Rates(), schedule], learning_rate=8e-3).fit(*painting)
    assert rates == pytest.approx([8e-3, 4e-3, 2e-3])


def test_checkpoint_restores_the_best_epoch(painting, tmp_path):
    checkpoint = Checkpoint(dirname=str(tmp_path), load_best=True)
    model = small(callbacks=[checkpoint], linear_path=False).fit(*painting)
    assert (tmp_path / "params.pt").is_file()
    assert np.isfinite(model.predict(painting[0])).all()


@pytest.mark.parametrize(
    "parameters",
    [
        {"optimizer": torch.optim.SGD, "optimizer__momentum": 0.9, "learning_rate": 1e-3},
        {"optimizer": torch.optim.RMSprop, "optimizer__lr": 2e-3},
        {"optimizer__betas": (0.8, 0.9)},
        {"criterion": torch.nn.HuberLoss, "criterion__delta": 2.0},
        {"criterion": torch.nn.L1Loss},
        {"device": torch.device("cpu")},
        {"dropout": 0.2},
    ],
)
def test_it_trains_clones_and_pickles(parameters, painting):
    import pickle

    X, y = painting
    model = clone(small(**parameters)).fit(X, y)
    assert set(parameters) <= set(model.get_params())
    assert model.score(X, y) > 0.8
    again = clone(model).fit(X, y)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    loaded = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    assert loaded.net_.history[:, "train_loss"] == model.loss_curve_
    np.testing.assert_allclose(
        loaded.partial_fit(X, y).predict(X), model.partial_fit(X, y).predict(X), rtol=1e-5
    )


def test_the_criterion_sees_errors_in_units_of_the_expected_ones(painting):
    own = small(loss="squared_error").fit(*painting)
    given = small(loss="squared_error", criterion=torch.nn.MSELoss).fit(*painting)
    np.testing.assert_allclose(given.loss_curve_, own.loss_curve_, rtol=1e-4)


def test_parameters_are_searched_and_misspelt_ones_refused(painting):
    X, y = painting[0][:300], painting[1][:300]
    grid = {"optimizer__eps": [1e-8, 1e-4], "dropout": [0.0, 0.3]}
    search = GridSearchCV(small(max_epochs=1), grid, cv=2, error_score="raise").fit(X, y)
    assert search.best_estimator_.get_params()["optimizer__eps"] in (1e-8, 1e-4)
    with pytest.raises(TypeError, match=r"unexpected parameter 'optimiser'.*optimizer"):
        small(optimiser=torch.optim.SGD).fit(X, y)
    with pytest.raises(ValueError, match="Invalid parameter 'optimiser'"):
        small().set_params(optimiser=torch.optim.SGD)


@pytest.mark.parametrize(
    "parameters", [{"optimizer": "adam"}, {"criterion": "mse"}, {"callbacks": EpochScoring("r2")}]
)
def test_values_that_skorch_cannot_take_are_refused_by_name(parameters, painting):
    (name,) = parameters
    with pytest.raises(ValueError, match=f"The '{name}' parameter of SpectrumMLPRegressor must be"):
        small(**parameters).fit(*painting)


def test_the_net_can_be_used_alone(painting):
    X, y = painting[0].astype(np.float32), painting[1].to_numpy(np.float32)
    model = small(precision="float32").fit(X, y)
    net = model.net_
    before = len(net.history)
    np.testing.assert_allclose(net.predict(X), model.predict(X), rtol=1e-5, atol=1e-3)
    net.set_params(max_epochs=2)
    net.partial_fit(X, y)
    assert len(net.history) == before + 2


def test_train_split_of_skorch(painting):
    X, y = painting
    model = small(train_split=ValidSplit(cv=3), linear_path=False).fit(X, y)
    assert len(model.validation_loss_curve_) == 3
    with pytest.raises(SkxrfError, match="must return two subsets"):
        small(train_split=lambda dataset, y: (dataset, None)).fit(X, y)


@pytest.mark.parametrize("estimator", [SpectrumMLPRegressor, SpectrumCNNRegressor])
def test_mixed_precision(estimator, painting):
    X, y = painting
    plain = estimator(max_epochs=3, random_state=0).fit(X, y)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = estimator(max_epochs=3, random_state=0).fit(X, y)
        inside = mixed.predict(X)
    assert mixed.score(X, y) > plain.score(X, y) - 0.02
    np.testing.assert_array_equal(inside, mixed.predict(X))


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ({"optimizer": torch.optim.SGD}, "optimizer"),
        ({"optimizer__betas": (0.5, 0.9)}, "optimizer__betas"),
        ({"criterion": torch.nn.L1Loss}, "criterion"),
        ({"input_transform": None}, "input_transform"),
        ({"activation": "relu"}, "activation"),
        ({"device": "meta"}, "device"),
    ],
)
def test_a_fit_that_continues_refuses_another(parameters, name, painting):
    X, y = painting[0][:200], painting[1][:200]
    model = small(max_epochs=1, warm_start=True).fit(X, y).set_params(**parameters)
    with pytest.raises(SkxrfError, match=f"another {name} cannot go on"):
        model.fit(X, y)
    with pytest.raises(SkxrfError, match=f"another {name} cannot go on"):
        model.partial_fit(X, y)


def test_a_fit_that_continues_takes_over_what_may_change(painting):
    X, y = painting[0][:200], painting[1][:200]
    model = small(max_epochs=1, warm_start=True).fit(X, y)
    calls = []

    class Count(Callback):
        def on_epoch_end(self, net, **kwargs):
            calls.append(1)

    constant = LRScheduler(ConstantLR, factor=1.0)
    model.set_params(
        weight_decay=0.25, learning_rate=3e-3, dropout=0.5, callbacks=[Count(), constant]
    ).fit(X, y)
    group = model.net_.optimizer_.param_groups[0]
    assert (group["weight_decay"], group["lr"]) == (0.25, 3e-3)
    assert model.net_.module_.dropout.share == 0.5
    assert calls == [1]


def test_in_a_pipeline(painting):
    X, y = painting
    pipeline = make_pipeline(FunctionTransformer(np.sqrt), small())
    pipeline.set_params(spectrummlpregressor__callbacks=[EpochScoring("r2")])
    assert len(pipeline.fit(X, y)[-1].net_.history[:, "r2"]) == 3
