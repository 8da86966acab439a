import io
import math
import sys

import numpy as np
import pytest
from skorch.history import History

from skxrf.neural_network._callbacks import FiniteLoss, OneCycle, Progress, one_cycle


def test_one_cycle_rises_to_its_peak_and_falls_to_almost_nothing():
    progress = np.linspace(0, 1, 101)
    rate = np.array([one_cycle(p) for p in progress])
    assert rate[0] == pytest.approx(1 / 25)
    assert rate.max() == pytest.approx(1.0)
    assert progress[rate.argmax()] == pytest.approx(0.3)
    assert rate[-1] == pytest.approx(1e-5)
    assert np.all(np.diff(rate[:31]) > 0)
    assert np.all(np.diff(rate[30:]) < 0)


class Optimizer:
    def __init__(self):
        self.param_groups = [{"lr": 0.0}, {"lr": 0.0}]


class Net:
    def __init__(self):
        self.optimizer_ = Optimizer()
        self.history = History()


def rates(callback, n_batches):
    net = Net()
    callback.on_train_begin(net)
    found = []
    for _ in range(n_batches):
        callback.on_batch_begin(net, training=True)
        found.append(net.optimizer_.param_groups[1]["lr"])
        callback.on_batch_begin(net, training=False)
    return found


def test_rate_follows_the_batches(monkeypatch):
    expected = [0.1 * one_cycle(i / 4) for i in range(4)]
    assert rates(OneCycle(0.1, 4), 4) == pytest.approx(expected)


def test_rate_follows_the_clock_where_it_is_ahead(monkeypatch):
    now = iter([100.0, 100.0, 109.0])
    monkeypatch.setattr("time.monotonic", lambda: next(now))
    found = rates(OneCycle(0.1, 1000, deadline=110.0), 2)
    assert found == pytest.approx([0.1 * one_cycle(0.0), 0.1 * one_cycle(0.9)])


def report(monkeypatch, terminal, n_epochs, max_epochs):
    stream = io.StringIO()
    stream.isatty = lambda: terminal
    monkeypatch.setattr(sys, "stdout", stream)
    net, progress = Net(), Progress(max_epochs)
    progress.on_train_begin(net)
    for epoch in range(n_epochs):
        net.history.new_epoch()
        net.history.record("train_loss", 1.5 / (epoch + 1))
        net.history.record("valid_loss", 2.5 / (epoch + 1))
        progress.on_epoch_end(net)
    progress.on_train_end(net)
    return stream.getvalue()


def test_progress_is_plain_lines_where_there_is_no_terminal(monkeypatch):
    text = report(monkeypatch, False, 2, 2)
    assert "\r" not in text
    assert "\x1b" not in text
    lines = text.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("epoch 1/2  loss 1.5  validation 2.5")


def test_progress_of_a_long_fit_is_short_and_tells_its_last_epoch(monkeypatch):
    lines = report(monkeypatch, False, 207, 400).splitlines()
    assert len(lines) <= 22
    assert lines[-1].startswith("epoch 207/400")


def test_progress_is_one_line_on_a_terminal(monkeypatch):
    text = report(monkeypatch, True, 5, 5)
    assert text.count("\r") == 5
    assert text.count("\n") == 1
    assert "\x1b" not in text


def test_a_lost_fit_is_refused():
    net = Net()
    for loss in (2.0, math.nan):
        net.history.new_epoch()
        net.history.record("train_loss", loss)
        if math.isfinite(loss):
            FiniteLoss().on_epoch_end(net)
    with pytest.raises(ValueError, match=r"became nan in epoch 2: lower learning_rate"):
        FiniteLoss().on_epoch_end(net)
