"""Callbacks that watch, steer and end a fit."""

from __future__ import annotations

import math
import sys
import time
from typing import Any, Literal

import numpy as np
import torch
from skorch.callbacks import Callback
from torch import Tensor

from skxrf.exceptions import SkxrfError

StoppedBy = Literal["max_epochs", "early_stopping", "max_time"]


class StopTraining(Exception):
    """Ends a fit before its last epoch.

    skorch raises KeyboardInterrupt for this, and so cannot tell it from a real Ctrl-C.
    """

    def __init__(self, stopped_by: StoppedBy) -> None:
        super().__init__(stopped_by)
        self.stopped_by = stopped_by


class LearningCurve(Callback):
    """Mean training and validation loss of every epoch; refuses a loss that is not finite."""

    def __init__(self) -> None:
        self.train: list[float] = []
        self.valid: list[float] = []

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        """Average the epoch's batches, whose losses skorch has recorded."""
        batches = net.history[-1]["batches"]
        self.train.append(_mean_loss(batches, "train"))
        if "valid_loss" in batches[-1]:
            self.valid.append(_mean_loss(batches, "valid"))
        if not math.isfinite(self.train[-1]):
            raise SkxrfError(
                f"the training loss became {self.train[-1]} in epoch {len(self.train)}: "
                "lower learning_rate, or bring the spectra and labels to moderate values."
            )


def _mean_loss(batches: list[dict[str, Any]], part: str) -> float:
    recorded = [b for b in batches if f"{part}_loss" in b]
    sizes = [b[f"{part}_batch_size"] for b in recorded]
    return float(np.average([b[f"{part}_loss"] for b in recorded], weights=sizes))


class OneCycle(Callback):
    """One-cycle learning rate (Smith & Topin 2018, arXiv:1708.07120), per batch.

    Half-cosine rise from 1/25 of the peak over the first 30 % of the fit, half-cosine fall
    to 1e-5 of it. With a deadline, the share of the time counts where it is ahead of the
    share of the batches, so that a fit that runs out of time ends with a small rate too.
    """

    def __init__(self, peak: float, n_batches: int, deadline: float | None = None) -> None:
        self.peak = peak
        self.n_batches = n_batches
        self.deadline = deadline

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        """Start the clock."""
        self.batch = 0
        self.started = time.monotonic()

    def on_batch_begin(self, net: Any, training: bool = False, **kwargs: Any) -> None:
        """Set the rate of the coming step."""
        if not training:
            return
        progress = self.batch / self.n_batches
        if self.deadline is not None:
            available = max(self.deadline - self.started, 1e-9)
            progress = max(progress, (time.monotonic() - self.started) / available)
        rate = self.peak * one_cycle(min(progress, 1.0))
        for group in net.optimizer_.param_groups:
            group["lr"] = rate
        self.batch += 1


def one_cycle(progress: float) -> float:
    """Learning rate as a share of its peak, at a share of the fit."""
    warm_up, first, last = 0.3, 1 / 25, 1e-5
    if progress < warm_up:
        return 1 + (first - 1) * (1 + math.cos(math.pi * progress / warm_up)) / 2
    phase = (progress - warm_up) / (1 - warm_up)
    return last + (1 - last) * (1 + math.cos(math.pi * phase)) / 2


class BestWeights(Callback):
    """Early stopping on the validation loss; the best epoch's weights are put back."""

    def __init__(self, curve: LearningCurve, n_iter_no_change: int, tol: float) -> None:
        self.curve = curve
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        """Forget earlier fits."""
        self.best = self.reference = math.inf
        self.n_no_change = 0
        self.weights: list[Tensor] = []

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        """Keep the weights if they are the best so far; stop if nothing improves."""
        loss = self.curve.valid[-1]
        if loss < self.best:
            self.best = loss
            self.weights = [p.detach().clone() for p in net.module_.parameters()]
        if loss < self.reference - self.tol:
            self.reference = loss
            self.n_no_change = 0
        else:
            self.n_no_change += 1
        if self.n_no_change >= self.n_iter_no_change:
            raise StopTraining("early_stopping")

    def on_train_end(self, net: Any, **kwargs: Any) -> None:
        """Put the best weights back."""
        with torch.no_grad():
            for parameter, best in zip(net.module_.parameters(), self.weights, strict=False):
                parameter.copy_(best)


class TimeLimit(Callback):
    """Ends the fit with the epoch in which the deadline passed."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        """Stop if it is too late for another epoch."""
        if time.monotonic() >= self.deadline:
            raise StopTraining("max_time")


class Progress(Callback):
    """Tells the loss: a line that is rewritten on a terminal, about 20 lines elsewhere."""

    def __init__(self, curve: LearningCurve, max_epochs: int) -> None:
        self.curve = curve
        self.max_epochs = max_epochs

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        """Start the clock."""
        self.started = time.monotonic()
        self.epoch = 0
        self.pending = ""

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        """Write this epoch's losses if it is its turn."""
        self.epoch += 1
        text = f"epoch {self.epoch}/{self.max_epochs}  loss {self.curve.train[-1]:.4g}"
        if self.curve.valid:
            text += f"  validation {self.curve.valid[-1]:.4g}"
        text += f"  {time.monotonic() - self.started:.1f} s"
        terminal = sys.stdout.isatty()
        turn = self.epoch == 1 or self.epoch % max(self.max_epochs // 20, 1) == 0
        if terminal:
            print(f"\r{text:<72}", end="", flush=True)
        elif turn:
            print(text, flush=True)
        self.pending = "\n" if terminal else "" if turn else f"{text}\n"

    def on_train_end(self, net: Any, **kwargs: Any) -> None:
        """Finish the line, so that the last epoch always shows."""
        print(self.pending, end="", flush=True)
