"""Training loop: skorch's, with a learning-rate cycle, early stopping and a time limit."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass
from typing import Any

import torch
from skorch.callbacks import LRScheduler
from skorch.helper import predefined_split

from skxrf.neural_network._batches import SpectrumDataset
from skxrf.neural_network._callbacks import (
    BestWeights,
    OneCycle,
    Progress,
    StoppedBy,
    StopTraining,
    TimeLimit,
)
from skxrf.neural_network._modules import WrappedNetwork
from skxrf.neural_network._net import SpectrumNet


@dataclass(frozen=True)
class TrainingSettings:
    """Settings of one run of the training loop."""

    # epochs, batch_size: passes over the training rows, and rows per batch
    epochs: int
    batch_size: int
    learning_rate: float  # the rate, or the peak of its cycle
    one_cycle: bool
    """True for a rate of one cycle, unless a callback schedules it; else it is constant."""
    patience: int | None
    """Epochs without improvement after which training stops; None: no early stopping."""
    deadline: float | None  # time of ``time.monotonic`` [s] to stop at
    seed: int  # seed of the order of the rows, and of dropout
    verbose: bool  # whether to print the progress


def train_network(
    net: SpectrumNet,
    train: SpectrumDataset,
    valid: SpectrumDataset | None,
    settings: TrainingSettings,
) -> StoppedBy:
    """Run skorch's training loop on an initialized net.

    `net`: initialized; trained in place, its history goes on. `train`, `valid`: rows to train on
    and to validate on. Returns reason for the end of the run.
    """
    for group in net.optimizer_.param_groups:
        # The second is where a schedule of torch's starts that continues.
        group["lr"] = group["initial_lr"] = settings.learning_rate
    # Assigned, as net.set_params refuses the iterators' arguments once a net is initialized.
    net.batch_size = settings.batch_size
    net.iterator_train__seed = settings.seed
    net.iterator_train__deadline = settings.deadline
    net.train_split = None if valid is None else predefined_split(valid)
    net.initialize_callbacks()
    kept = net.callbacks_
    net.callbacks_ = kept + _callbacks(kept, settings, len(train))
    net.module_.restart_dropout(settings.seed)
    stopped_by: StoppedBy = "max_epochs"
    try:
        with _own_randomness(net, settings.seed):
            net.notify("on_train_begin", X=train, y=None)
            try:
                net.fit_loop(train, epochs=settings.epochs)
            except StopTraining as stop:
                stopped_by = stop.stopped_by
            net.notify("on_train_end", X=train, y=None)
    finally:
        # Nothing of this run is left but the history: neither its data nor its deadline.
        net.callbacks_ = kept
        net.train_split = None
        net.iterator_train__deadline = None
    return stopped_by


def _callbacks(
    others: list[tuple[str, Any]], settings: TrainingSettings, n_rows: int
) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    scheduled = any(isinstance(callback, LRScheduler) for _, callback in others)
    if settings.one_cycle and not scheduled:
        n_batches = settings.epochs * math.ceil(n_rows / settings.batch_size)
        found.append(("rate", OneCycle(settings.learning_rate, n_batches, settings.deadline)))
    if settings.verbose:
        found.append(("progress", Progress(settings.epochs)))
    if settings.patience is not None:
        found.append(("best", BestWeights(settings.patience)))
    if settings.deadline is not None:
        found.append(("time", TimeLimit(settings.deadline)))
    return found


@contextlib.contextmanager
def _own_randomness(net: SpectrumNet, seed: int) -> Any:
    """Seed torch's global generator for a module of the user's, and put it back afterwards."""
    if not isinstance(net.module_, WrappedNetwork):
        yield
        return
    device = torch.device(net.device)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield
