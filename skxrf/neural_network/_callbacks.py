"""Callbacks of a fit: learning rate, early stopping, time limit, progress."""

from __future__ import annotations

import math
import sys
import time
from typing import Any, Literal

import torch
from skorch.callbacks import Callback
from torch import Tensor

from skxrf.exceptions import SkxrfError

StoppedBy = Literal["max_epochs", "early_stopping", "max_time", "callback"]


class StopTraining(KeyboardInterrupt):
    """Signal to end a fit before its last epoch.

    skorch ends a fit by a KeyboardInterrupt; this one can be told from a real Ctrl-C.
    """

    def __init__(self, stopped_by: StoppedBy) -> None:
        super().__init__(stopped_by)
        self.stopped_by = stopped_by


class FiniteLoss(Callback):
    """Refusal of a training loss that is not finite."""

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        """Check the epoch's loss."""
        loss = net.history[-1, "train_loss"]
        if not math.isfinite(loss):
            raise SkxrfError(
                f"the training loss became {loss} in epoch {len(net.history)}: "
                "lower learning_rate, or bring the spectra and labels to moderate values."
            )


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
    """Early stopping on the validation loss; the weights of the best epoch are restored.

    `patience`: epochs without an improvement after which training stops. `tol`: smallest decrease
    of the loss that counts as an improvement.
    """

    def __init__(self, patience: int, tol: float = 1e-4) -> None:
        self.patience = patience
        self.tol = tol

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        """Forget earlier fits."""
        self.best = self.reference = math.inf
        self.n_no_change = 0
        self.weights: list[Tensor] = []

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        """Keep the weights if they are the best so far; stop if nothing improves."""
        loss = net.history[-1, "valid_loss"]
        if loss < self.best:
            self.best = loss
            self.weights = [p.detach().clone() for p in net.module_.parameters()]
        if loss < self.reference - self.tol:
            self.reference = loss
            self.n_no_change = 0
        else:
            self.n_no_change += 1
        if self.n_no_change >= self.patience:
            raise StopTraining("early_stopping")

    def on_train_end(self, net: Any, **kwargs: Any) -> None:
        """Restore the best weights."""
        with torch.no_grad():
            for parameter, best in zip(net.module_.parameters(), self.weights, strict=False):
                parameter.copy_(best)


class TimeLimit(Callback):
    """End of the fit after the epoch in which the deadline passed."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        """Stop if it is too late for another epoch."""
        if time.monotonic() >= self.deadline:
            raise StopTraining("max_time")


class Progress(Callback):
    """Printed losses: one line that is rewritten on a terminal, about 20 lines elsewhere."""

    def __init__(self, max_epochs: int) -> None:
        self.max_epochs = max_epochs

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        """Start the clock."""
        self.started = time.monotonic()
        self.epoch = 0
        self.pending = ""

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        """Write this epoch's losses if it is its turn."""
        self.epoch += 1
        text = f"epoch {self.epoch}/{self.max_epochs}  loss {net.history[-1]['train_loss']:.4g}"
        if "valid_loss" in net.history[-1]:
            text += f"  validation {net.history[-1]['valid_loss']:.4g}"
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
