import os
import pickle
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest
import torch
from joblib import parallel_config
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import cross_val_predict
from skorch.callbacks import LRScheduler
from torch.optim.lr_scheduler import ConstantLR

from skxrf.exceptions import LineGroupError, SkxrfError
from skxrf.neural_network import SpectrumCNNRegressor, SpectrumMLPRegressor
from skxrf.neural_network._base import _auto_epochs
from skxrf.neural_network._batches import collect
from skxrf.neural_network._linear_path import choose_linear_path

MLP, CNN = SpectrumMLPRegressor, SpectrumCNNRegressor


def small(estimator=MLP, **parameters):
    settings = {"hidden_layer_sizes": (16, 16), "max_epochs": 3, "random_state": 0}
    return estimator(**{**settings, **parameters})


def scaled_error(y, prediction):
    """Root mean square error per output, in standard deviations of the labels."""
    y = np.asarray(y)
    return np.sqrt(np.square(prediction - y).mean(axis=0)) / y.std(axis=0)


@pytest.mark.parametrize("estimator", [MLP, CNN])
def test_better_than_ridge_where_intensities_are_not_linear(estimator, painting):
    X, y = painting
    ridge = Ridge(alpha=10.0).fit(X[:900].astype(float), y[:900])
    theirs = scaled_error(y[900:], ridge.predict(X[900:].astype(float)))
    # By default, as far as it holds for spectra unlike those of the training as well.
    model = estimator(max_epochs=20, random_state=0).fit(X[:900], y[:900])
    assert np.all(scaled_error(y[900:], model.predict(X[900:])) < theirs)
    assert np.all(model.residual_weight_.max(axis=0) > 0)
    # Where the user says that validation is on spectra like those to come, more of it.
    model.fit(X[:700], y[:700], X_val=X[700:900], y_val=y[700:900])
    assert np.all(scaled_error(y[900:], model.predict(X[900:])) < 0.95 * theirs)


def test_weights_rest_on_intensities_that_were_held_out(painting):
    X, y = painting
    model = MLP(random_state=0).fit(X[:1000], y[:1000], X_val=X[1000:], y_val=y[1000:])
    assert model.residual_weight_.shape == model.residual_intensity_.shape == (5, 3)
    assert np.all(np.diff(model.residual_intensity_, axis=0) > 0)
    assert np.all(model.residual_intensity_[-1] < 10 * y.max())
    assert np.all(model.residual_weight_[0] > 0.2)
    np.testing.assert_array_equal(model.residual_weight_[-1], 0)
    # Brighter spectra than any that was seen: ridge regression alone.
    bright = 50 * X[np.all(y > 300, axis=1)].astype(np.float32)
    linear = collect(model.net_.module_, bright, model.net_.module_.linear)
    np.testing.assert_allclose(model.predict(bright), linear, rtol=1e-6)


def test_not_worse_than_ridge_where_there_is_nothing_to_learn():
    rng = np.random.default_rng(0)
    X = rng.poisson(20, size=(300, 40))
    y = X @ rng.normal(size=(40, 3)) + rng.normal(size=(300, 3))
    model = MLP(max_epochs=40, learning_rate=2e-2, random_state=0).fit(X[:200], y[:200])
    linear = clone(model).set_params(learning_rate=1e-12).fit(X[:200], y[:200])
    plain = MLP(linear_path=False, max_epochs=40, random_state=0).fit(X[:200], y[:200])
    error = scaled_error(y[200:], model.predict(X[200:]))
    assert np.all(error < 1.02 * scaled_error(y[200:], linear.predict(X[200:])))
    assert np.all(error < 0.7 * scaled_error(y[200:], plain.predict(X[200:])))


def test_linear_path_is_fitted_to_all_rows_in_the_end():
    rng = np.random.default_rng(0)
    X = rng.poisson(20, size=(60, 10)).astype(float)
    y = X @ rng.normal(size=10) + rng.normal(scale=5.0, size=60)
    model = small(max_epochs=1).fit(X, y)
    expected = choose_linear_path(X, y[:, None], np.arange(60), np.arange(0)).final
    np.testing.assert_allclose(model.net_.module_.coef, expected.coef, rtol=1e-6)
    np.testing.assert_allclose(model.net_.module_.intercept, expected.intercept, rtol=1e-6)


@pytest.mark.parametrize(
    ("dtype", "computed"),
    [
        (np.uint16, np.float32),
        (np.int64, np.float32),
        (np.float16, np.float32),
        (np.float32, np.float32),
        (np.float64, np.float64),
    ],
)
def test_computation_follows_the_dtype_of_the_spectra(dtype, computed, painting):
    X, y = painting[0][:100].astype(dtype), painting[1][:100]
    model = small(max_epochs=1).fit(X, y)
    assert model.predict(X).dtype == computed
    weights = next(model.net_.module_.parameters())
    assert weights.dtype == getattr(torch, np.dtype(computed).name)
    # Another dtype than in fit changes the dtype of the result, not the result.
    other = model.predict(X.astype(np.float64))
    assert other.dtype == np.float64
    np.testing.assert_allclose(other, model.predict(X), rtol=1e-5, atol=1e-3)


def test_integers_are_not_converted_as_a_whole(painting, monkeypatch):
    X, y = painting
    model = small(max_epochs=1).fit(X, y)
    seen = []
    read_out = type(model.net_.module_).read_out

    def spy(module, linear, hidden):
        seen.append(len(linear))
        return read_out(module, linear, hidden)

    monkeypatch.setattr(type(model.net_.module_), "read_out", spy)
    monkeypatch.setattr("skxrf.neural_network._batches.rows_per_batch", lambda *_: 500)
    model.predict(X)
    assert seen == [500, 500, 200]


def test_negative_spectra_and_labels_are_fine(painting):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(300, 20)), rng.normal(size=(300, 2))
    for loss in ("poisson", "squared_error", "absolute_error"):
        for linear_path in (True, False):
            model = small(loss=loss, linear_path=linear_path).fit(X, y)
            assert np.isfinite(model.loss_curve_).all()
            assert np.isfinite(model.predict(X)).all()


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_any_scale_of_labels(scale, painting):
    X, y = painting[0][:400], painting[1][:400].to_numpy()
    reference = small().fit(X, y).predict(X)
    scaled = small().fit(X, scale * y).predict(X) / scale
    np.testing.assert_allclose(scaled, reference, atol=0.02 * y.std())


def test_single_output_keeps_its_shape(painting):
    X, y = painting
    model = small(max_epochs=1).fit(X, y["Fe_K"])
    assert model.predict(X).shape == (len(X),)
    assert model.n_outputs_ == 1


def test_line_groups(painting):
    X, y = painting
    model = small(max_epochs=1).fit(X, y)
    assert list(model.line_groups_) == ["Ca_K", "Ti_K", "Fe_K"]
    assert model.fit(X, y["Ti_K"]).line_groups_ == ["Ti_K"]
    assert not hasattr(model.fit(X, y.to_numpy()), "line_groups_")
    assert not hasattr(model.fit(X, y.set_axis(range(3), axis=1)), "line_groups_")


def test_going_on_with_other_line_groups_is_refused(painting):
    X, y = painting
    model = small(warm_start=True, max_epochs=1).fit(X, y)
    with pytest.raises(LineGroupError, match=r"Fe_K, Ti_K, Ca_K, but .* fitted with Ca_K, Ti_K"):
        model.fit(X, y.iloc[:, ::-1])
    with pytest.raises(SkxrfError, match=r"y has 2 outputs, but .* fitted with 3"):
        model.partial_fit(X, y.iloc[:, :2])


@pytest.mark.parametrize("estimator", [MLP, CNN])
def test_seeded_and_no_global_generator_is_touched(estimator, painting):
    X, y = painting
    torch_state, numpy_state = torch.random.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    first = small(estimator).fit(X, y).predict(X)
    assert torch.equal(torch.random.get_rng_state(), torch_state)
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_state)  # noqa: NPY002
    torch.manual_seed(1234)
    np.testing.assert_array_equal(small(estimator).fit(X, y).predict(X), first)
    torch.random.set_rng_state(torch_state)
    assert not np.array_equal(small(estimator, random_state=1).fit(X, y).predict(X), first)


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_parallel_jobs_give_the_same_results(backend, painting):
    X, y = painting[0][:200], painting[1][:200]
    alone = cross_val_predict(small(CNN), X, y, cv=2)
    with parallel_config(backend, n_jobs=2):
        together = cross_val_predict(small(CNN), X, y, cv=2)
    np.testing.assert_array_equal(alone, together)


def test_curves(painting):
    X, y = painting
    model = small(max_epochs=5).fit(X, y)
    assert model.n_iter_ == len(model.loss_curve_) == len(model.validation_loss_curve_) == 5
    assert model.loss_curve_[-1] < model.loss_curve_[0]
    assert model.stopped_by_ == "max_epochs"
    model = small(max_epochs=2, linear_path=False).fit(X, y)
    assert model.validation_loss_curve_ == []


def test_validation_rows_are_drawn_from_the_whole_scan(painting, monkeypatch):
    X, y = painting
    drawn = {}
    original = "skxrf.neural_network._base.train_network"

    def spy(net, train, valid, settings):
        if valid is not None:  # not a network that weighs the correction
            drawn.update(train=train.rows, valid=valid.rows)
        return train_network(net, train, valid, settings)

    from skxrf.neural_network._training import train_network

    monkeypatch.setattr(original, spy)
    small(validation_fraction=0.25).fit(X, y)
    assert len(drawn["valid"]) == 300
    np.testing.assert_array_equal(np.sort(np.concatenate(list(drawn.values()))), np.arange(1200))
    # Of four quarters of the rows, none has much more of them than another.
    counts, _ = np.histogram(drawn["valid"], bins=4, range=(0, 1200))
    assert counts.min() > 50


def test_early_stopping_keeps_the_best_weights(painting):
    X, y = painting[0][:150], painting[1][:150]
    model = MLP(
        linear_path=False,
        early_stopping=4,
        validation_fraction=0.3,
        max_epochs=500,
        learning_rate=2e-2,
        callbacks=[LRScheduler(ConstantLR, factor=1.0)],
        random_state=0,
    ).fit(X, y)
    curve = model.validation_loss_curve_
    assert model.stopped_by_ == "early_stopping"
    assert model.n_iter_ < 500
    assert min(curve[-4:]) > min(curve) - 1e-4
    best = int(np.argmin(curve)) + 1
    assert best < model.n_iter_
    again = clone(model).set_params(max_epochs=best).fit(X, y)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


def test_early_stopping_needs_something_to_hold_out():
    with pytest.raises(SkxrfError, match="1 sample"):
        small(early_stopping=True).fit(np.ones((1, 5)), [1.0])


def test_max_time_ends_within_an_epoch(painting):
    X, y = painting
    model = MLP(max_epochs=100_000, max_time=0.5, batch_size=16, random_state=0)
    started = time.monotonic()
    model.fit(X, y)
    assert model.stopped_by_ == "max_time"
    assert 1 <= model.n_iter_ < 100_000
    assert len(model.loss_curve_) == len(model.validation_loss_curve_) == model.n_iter_
    assert time.monotonic() - started > 0.5
    assert r2_score(y, model.predict(X)) > 0.8


def test_warm_start_goes_on(painting):
    X, y = painting
    model = small(warm_start=True, max_epochs=2).fit(X, y)
    net = model.net_
    model.set_params(max_epochs=3).fit(X, y)
    assert model.net_ is net
    assert model.n_iter_ == len(model.loss_curve_) == 5
    assert model.loss_curve_[2] < model.loss_curve_[0]
    assert clone(model).set_params(warm_start=False).fit(X, y).n_iter_ == 3


@pytest.mark.parametrize(
    "parameters", [{"hidden_layer_sizes": (8,)}, {"loss": "absolute_error"}, {"linear_path": False}]
)
def test_a_network_cannot_go_on_as_another(parameters, painting):
    X, y = painting
    model = small(max_epochs=1).fit(X, y).set_params(warm_start=True, **parameters)
    with pytest.raises(SkxrfError, match=f"another {next(iter(parameters))} cannot go on"):
        model.fit(X, y)
    with pytest.raises(SkxrfError, match="cannot go on"):
        model.partial_fit(X, y)
    model.set_params(warm_start=False).fit(X, y)
    assert hasattr(model, "residual_weight_") == model.linear_path


def test_partial_fit(painting):
    X, y = painting
    model = small(learning_rate=2e-3)
    losses = [model.partial_fit(X, y).loss_curve_[-1] for _ in range(6)]
    assert model.n_iter_ == 6
    assert losses[-1] < losses[0]
    assert model.validation_loss_curve_ == []
    assert model.net_.optimizer_.param_groups[0]["lr"] == 2e-3
    np.testing.assert_array_equal(model.residual_weight_, 1)


def test_partial_fits_do_not_repeat_the_order_of_the_rows(painting, monkeypatch):
    X, y = painting
    seeds = []
    from skxrf.neural_network import _batches

    original = _batches.BatchIterator.__init__

    def spy(self, *arguments, **settings):
        seeds.append(settings.get("seed"))
        original(self, *arguments, **settings)

    monkeypatch.setattr(_batches.BatchIterator, "__init__", spy)
    model = small()
    for _ in range(3):
        model.partial_fit(X, y)
    assert len(set(seeds)) == 3


@pytest.mark.parametrize("estimator", [MLP, CNN])
def test_pickle(estimator, painting):
    X, y = painting
    model = small(estimator, early_stopping=True, max_epochs=8, batch_size=16).fit(X, y)
    data = pickle.dumps(model)
    again = pickle.loads(data)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    # Weights, two moments of the optimiser, buffers; neither training data nor batch records.
    tensors = sum(4 * p.numel() for p in model.net_.module_.state_dict().values())
    assert len(data) < 3 * tensors + 60_000
    np.testing.assert_array_equal(
        again.partial_fit(X, y).predict(X), model.partial_fit(X, y).predict(X)
    )


def test_silent_by_default_and_verbose_on_request(painting, capsys):
    X, y = painting
    small().fit(X, y)
    assert capsys.readouterr() == ("", "")
    small(verbose=True).fit(X, y)
    out, err = capsys.readouterr()
    assert [line.split("  ")[0] for line in out.splitlines()] == [
        "epoch 1/3",
        "epoch 2/3",
        "epoch 3/3",
    ]
    assert err == ""


def test_a_lost_fit_is_an_error(painting):
    X, y = painting
    with pytest.raises(SkxrfError, match="the training loss became"):
        small(linear_path=False, loss="squared_error", learning_rate=1e30).fit(X, y)


@pytest.mark.parametrize("device", ["nowhere", "cuda:99"])
def test_a_device_that_is_not_there(device, painting):
    X, y = painting
    with pytest.raises(SkxrfError, match=f"device='{device}' is not available here"):
        small(device=device).fit(X, y)


def test_auto_device_is_one_that_works(painting):
    X, y = painting
    model = small(device="auto", max_epochs=1).fit(X, y)
    expected = "cuda" if torch.cuda.is_available() else "cpu"
    assert next(model.net_.module_.parameters()).device.type == expected
    assert np.isfinite(model.predict(X)).all()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"activation": "step"}, "activation"),
        ({"loss": "mse"}, "loss"),
        ({"learning_rate": 0.0}, "learning_rate"),
        ({"max_time": 0}, "max_time"),
        ({"hidden_layer_sizes": (8, 0)}, "'hidden_layer_sizes' parameter must hold integers"),
        ({"hidden_layer_sizes": (8, 2.5)}, "'hidden_layer_sizes' parameter must hold integers"),
        ({"early_stopping": 0}, "early_stopping"),
        ({"dropout": 1.0}, "dropout"),
        ({"augmentation": {"thinning": 0.5}}, "augmentation"),
    ],
)
def test_bad_parameters(parameters, message, painting):
    with pytest.raises(ValueError, match=message):
        small(**parameters).fit(*painting)


def test_wrong_number_of_channels(painting):
    X, y = painting
    model = small(max_epochs=1).fit(X, y)
    with pytest.raises(ValueError, match=r"63 features.*expecting 64"):
        model.predict(X[:, :63])


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT to a process group")
def test_ctrl_c_stops_a_search_at_once():
    # A shell that runs the tests in the background has its processes ignore Ctrl-C.
    script = """
        import signal
        import numpy as np
        from sklearn.model_selection import cross_val_score
        from skxrf.neural_network import SpectrumMLPRegressor

        signal.signal(signal.SIGINT, signal.default_int_handler)
        X, y = np.random.default_rng(0).normal(size=(200, 16)), np.arange(200.0)
        model = SpectrumMLPRegressor(
            linear_path=False, max_epochs=1_000_000, verbose=True, early_stopping=1_000_000
        )
        try:
            cross_val_score(model, X, y, cv=3, error_score="raise")
        except KeyboardInterrupt:
            print("interrupted", flush=True)
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline().startswith("epoch 1/")
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    # Once: the other folds do not begin.
    assert rest.splitlines()[-1] == "interrupted"
    assert rest.count("epoch 1/") == 0
    assert process.returncode == 0


def test_fewer_passes_over_many_spectra():
    assert [_auto_epochs(n) for n in (1, 10_000, 20_000, 10**6)] == [30, 30, 15, 8]
