"""Weights of samples, labels that are missing, and what validation is done on."""

import numpy as np
import pandas as pd
import pytest
import sklearn
import torch
import xarray as xr
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skxrf.exceptions import LineGroupError, SkxrfError
from skxrf.model_selection import block_groups
from skxrf.neural_network import SpectrumAugmentation, SpectrumMLPRegressor
from skxrf.neural_network._fit_plan import label_weights, split_rows
from skxrf.neural_network._linear_path import choose_linear_path


def small(**parameters):
    settings = {"hidden_layer_sizes": (16,), "max_epochs": 3, "random_state": 0}
    return SpectrumMLPRegressor(**{**settings, **parameters})


def test_a_ridge_regression_with_weights_is_one_with_copies():
    rng = np.random.default_rng(0)
    X, copies = rng.poisson(20, (80, 10)), rng.integers(1, 4, 80)
    y = X @ rng.normal(size=(10, 2)) + rng.normal(size=(80, 2)) * copies[:, None]
    weight = np.repeat(copies[:, None], 2, axis=1).astype(float)
    rows, none = np.arange(80), np.arange(0)
    weighted = choose_linear_path(X, y, rows, none, weight)
    unit = np.trace(np.cov(X.T, fweights=copies, ddof=0)) / 10 * copies.sum()
    for j in range(2):
        ridge = Ridge(alpha=weighted.strength[j] * unit, solver="cholesky")
        ridge.fit(X, y[:, j], sample_weight=copies)
        np.testing.assert_allclose(weighted.final.coef[:, j], ridge.coef_, rtol=1e-6)
        np.testing.assert_allclose(weighted.final.intercept[j], ridge.intercept_, rtol=1e-6)
    # The scale of the weights means nothing.
    scaled = choose_linear_path(X, y, rows, none, 7.5 * weight)
    np.testing.assert_allclose(scaled.final.coef, weighted.final.coef, rtol=1e-8)


def test_leaving_one_out_with_weights_is_doing_so():
    rng = np.random.default_rng(1)
    X, weight = rng.poisson(20, (30, 4)), rng.uniform(0.2, 2, 30)
    y = X @ rng.normal(size=(4, 1)) + 5 * rng.normal(size=(30, 1))
    from skxrf.neural_network import _linear_path as module

    design, target, rows = module._Design(X), y - y.mean(), np.arange(30)
    moments = module._Moments.of(design, target, rows, weight)
    strength = np.array([0.3])
    found, _ = module._leave_one_out(design, target, rows, moments, strength, weight)
    unit = np.trace(moments.centered()[0]) / 4
    total = 0.0
    for i in range(30):
        others = np.delete(rows, i)
        ridge = Ridge(alpha=0.3 * unit).fit(X[others], y[others], sample_weight=weight[others])
        total += weight[i] * float((ridge.predict(X[[i]]) - y[i]).item()) ** 2
    assert found.item() == pytest.approx(total / weight.sum(), rel=1e-6)


def test_missing_labels_leave_the_other_outputs_alone():
    rng = np.random.default_rng(0)
    X = rng.poisson(20, (80, 10))
    y = X @ rng.normal(size=(10, 3))
    known = np.ones_like(y)
    known[::2, 1] = 0
    rows, none = np.arange(80), np.arange(0)
    found = choose_linear_path(X, np.where(known > 0, y, 1e6), rows, none, known)
    expected = choose_linear_path(X, y, rows, none)
    np.testing.assert_allclose(found.final.coef[:, [0, 2]], expected.final.coef[:, [0, 2]])
    np.testing.assert_allclose(found.final.predict(X)[:, 1], y[:, 1], atol=1e-2 * y.std())


def test_label_weights():
    y = np.array([[1.0, np.nan], [3.0, 4.0]])
    labels, weight = label_weights(y, np.array([1.0, 3.0]))
    np.testing.assert_array_equal(labels, [[1, 0], [3, 4]])
    np.testing.assert_allclose(weight, np.array([[1, 0], [3, 3]]) / 1.75)
    assert label_weights(y[1:], np.array([2.0]))[1] is None
    with pytest.raises(SkxrfError, match="column 1 of y is NaN in all 1 rows"):
        label_weights(y[:1], None)


@pytest.mark.parametrize("linear_path", [True, False])
@pytest.mark.parametrize("loss", ["poisson", "squared_error"])
def test_labels_that_are_not_known_are_not_learnt(loss, linear_path, painting):
    X, y = painting
    rng = np.random.default_rng(0)
    lost = rng.random(y.shape) < 0.3
    model = small(loss=loss, linear_path=linear_path, max_epochs=15)
    whole = model.fit(X, y).score(X, y)
    partly = model.fit(X, y.mask(lost)).score(X, y)
    assert partly > whole - 0.03
    assert np.isfinite(model.loss_curve_).all()
    # Scored on the labels that are there, too.
    assert model.score(X, y.mask(lost)) == pytest.approx(partly, abs=0.02)


def test_weights_of_equal_size_change_nothing_and_rows_of_weight_zero_are_not_there(painting):
    X, y = painting[0][:300], painting[1][:300]
    plain = small().fit(X, y).predict(X)
    np.testing.assert_array_equal(small().fit(X, y, np.full(300, 2.5)).predict(X), plain)
    spoilt = np.concatenate([X, X[:50]]), pd.concat([y, 1e5 + y[:50]])
    weight = np.concatenate([np.ones(300), np.zeros(50)])
    np.testing.assert_array_equal(small().fit(*spoilt, weight).predict(X), plain)
    with pytest.raises(ValueError, match=r"sample_weight is 0 for all|at least one non-zero"):
        small().fit(X, y, np.zeros(300))


# Without its linear path a network needs more steps until its slope is that of the labels.
@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {
            "linear_path": False,
            "hidden_layer_sizes": (32,),
            "learning_rate": 0.03,
            "max_epochs": 40,
        },
        {"loss": "absolute_error"},
    ],
)
def test_weights_draw_the_network_to_the_heavy_rows(parameters, painting):
    X, y = painting
    heavy = np.arange(len(X)) % 2 == 0
    labels = y * np.where(heavy, 1, 2)[:, None]
    model = small(**{"max_epochs": 20, **parameters})
    slopes = []
    for rows in (heavy, ~heavy):
        model.fit(X, labels, np.where(rows, 1.0, 0.01))
        slopes.append(np.sum(model.predict(X) * y.to_numpy()) / np.sum(y.to_numpy() ** 2))
    # The labels of the other rows are twice as large.
    assert slopes[1] / slopes[0] == pytest.approx(2.0, abs=0.2)
    criterion = small(**{**parameters, "max_epochs": 5, "criterion": torch.nn.MSELoss})
    criterion.fit(X, labels, np.where(heavy, 1.0, 0.01))
    assert np.isfinite(criterion.loss_curve_).all()


def test_augmented_and_weighted(painting, line_templates):
    X, y = painting
    changes = SpectrumAugmentation(thinning=0.5, injection=0.1, line_templates=line_templates)
    model = small(augmentation=changes, max_epochs=5)
    model.fit(X, y.where(np.arange(len(y))[:, None] % 3 > [0, -1, -1]), np.linspace(1, 2, len(X)))
    assert model.score(X, y) > 0.8


def test_weights_are_routed(painting):
    X, y = painting[0][:200], painting[1][:200]
    weight = np.linspace(0.5, 2, 200)
    with sklearn.config_context(enable_metadata_routing=True):
        network = small(max_epochs=1).set_fit_request(sample_weight=True)
        network.set_score_request(sample_weight=True)
        pipeline = make_pipeline(FunctionTransformer(np.sqrt), network)
        found = pipeline.fit(X, y, sample_weight=weight).predict(X)
        scores = cross_validate(pipeline, X, y, cv=2, params={"sample_weight": weight})
    expected = small(max_epochs=1).fit(np.sqrt(X), y, weight).predict(np.sqrt(X))
    np.testing.assert_array_equal(found, expected)
    assert np.isfinite(scores["test_score"]).all()


def test_groups_are_held_out_whole(painting, monkeypatch):
    X, y = painting
    index = pd.MultiIndex.from_product([["icon"], range(30), range(40)])
    index.names = ["painting", "y", "x"]
    groups = block_groups(y.set_axis(index), block_shape=(5, 5))
    drawn = []
    from skxrf.neural_network import _base

    original = _base.train_network

    def spy(net, train, valid, settings):
        drawn.append((train.rows, None if valid is None else valid.rows))
        return original(net, train, valid, settings)

    monkeypatch.setattr(_base, "train_network", spy)
    small(max_epochs=1, validation_fraction=0.25).fit(X, y, groups=groups)
    # The networks that weigh the correction have seen two thirds of the groups each.
    *others, (train, valid) = drawn
    seen = [set(groups[rows]) for rows, _ in others]
    assert len(seen) == 3
    assert not set.intersection(*seen)
    assert all(valid is None for _, valid in others)
    assert not set(groups[train]) & set(groups[valid])
    assert len(np.unique(groups[valid])) == round(0.25 * len(np.unique(groups)))
    np.testing.assert_array_equal(np.sort(np.r_[train, valid]), np.arange(len(X)))
    with pytest.raises(SkxrfError, match="groups holds 1 group"):
        small().fit(X, y, groups=np.zeros(len(X)))


def test_rows_are_drawn_from_two_groups_at_least():
    train, valid = split_rows(6, 0.01, 0, np.array(list("aabbcc")))
    assert (len(train), len(valid)) == (4, 2)


def test_validation_spectra_of_another_painting(painting):
    X, y = painting
    model = small().fit(X[:600], y[:600], X_val=X[600:], y_val=y[600:])
    assert len(model.validation_loss_curve_) == 3
    # They choose, but are not fitted to: any labels leave the ridge regression as it is.
    other = small().fit(X[:600], y[:600], X_val=X[600:], y_val=7 * y[600:])
    np.testing.assert_array_equal(other.net_.module_.coef, model.net_.module_.coef)
    assert not np.array_equal(other.residual_weight_, model.residual_weight_)
    with pytest.raises(SkxrfError, match="X_val was passed without y_val"):
        small().fit(X, y, X_val=X)
    with pytest.raises(LineGroupError, match="Fe_K, Ti_K, Ca_K"):
        small().fit(X, y, X_val=X, y_val=y.iloc[:, ::-1])
    with pytest.raises(ValueError, match="63 features"):
        small().fit(X, y, X_val=X[:, 1:], y_val=y)


def test_scores_pair_columns_by_name(painting):
    X, y = painting
    model = small().fit(X, y)
    assert model.score(X, y.iloc[:, ::-1]) == pytest.approx(model.score(X, y))
    with pytest.raises(LineGroupError, match="hold Ni_K, which SpectrumMLPRegressor does not"):
        model.score(X, y.rename(columns={"Ti_K": "Ni_K"}))


def test_elements_of_a_data_array_are_line_groups(painting):
    X, y = painting
    labels = xr.DataArray(y, dims=("sample", "element"), coords={"element": list(y.columns)})
    model = small(max_epochs=1).fit(X, labels)
    assert model.line_groups_ == ["Ca_K", "Ti_K", "Fe_K"]
    assert model.score(X, labels[:, ::-1]) == pytest.approx(model.score(X, labels))
