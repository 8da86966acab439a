"""Training of one network of the paper's set-up, in blocks after which it can be resumed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skxrf.persistence import load_model, save_model
from skxrf.utils.files import whole_file

from ._networks import count_parameters
from ._paper_data import PaperData, save_array
from ._rivals import Rival, Task


@dataclass(frozen=True)
class Training:
    """Settings of the training."""

    budget: float = 3600.0  # training time of each network [s], over all runs in the same folder
    block: float = 120.0  # time after which a published network is stored [s]
    patience: int = 100
    """Passes over the spectra without a better validation loss after which a published network
    counts as converged."""


@dataclass(frozen=True)
class TrainedNetwork:
    """State of a network's training."""

    # name, kind: name and group of the method
    name: str
    kind: str
    seconds: float = 0.0  # training time
    passes: float = 0.0  # passes over the training spectra
    converged: bool = False
    """True where the training came to its end: the whole schedule of this library's networks, no
    better validation loss for `Training.patience` passes of the published ones."""
    best: float = float("inf")  # best validation loss
    best_passes: float = 0.0  # passes after which it was reached
    n_parameters: int = 0  # trainable numbers
    curve: list[tuple[float, float, float]] = field(default_factory=list)
    """Seconds, passes and validation loss after each epoch; the last epoch of a block may have been
    cut short."""
    spectra_per_second: float = 0.0  # speed of prediction


def train(
    rival: Rival,
    task: Task,
    data: PaperData,
    training: Training,
    folder: Path,
    say: Callable[[str], None],
) -> tuple[TrainedNetwork, NDArray[np.float32]]:
    """Train a network until it converges or the budget is spent, and predict the painting.

    `task`: description of the problem. `folder`: where the networks are stored; one that is there
    is trained further. `say`: told what is being done. Returns `state`; `predictions`
    (n_pixels, n_elements), float32: intensities of the held-out painting by the weights with the
    best validation loss.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name = rival.name.replace(" ", "_").replace("+", "_plus")
    files = {part: folder / f"{name}{end}" for part, end in _ENDINGS.items()}
    state = TrainedNetwork(rival.name, rival.kind)
    model: Any = rival.make(task)
    if files["state"].exists():
        state = TrainedNetwork(**json.loads(files["state"].read_text(encoding="utf-8")))
        model = load_model(files["last"])
    while not state.converged and state.seconds < training.budget:
        left = training.budget - state.seconds
        whole = rival.kind == "network"
        if not whole:
            model.set_params(warm_start=True, max_time=min(left, training.block))
        state = _after_block(model, state, data, training, files, whole)
        say(
            f"{state.name}: {state.seconds:,.0f} s, {state.passes:.1f} passes, validation loss "
            f"{state.curve[-1][2]:.4g}{', converged' if state.converged else ''}"
        )
        if whole:
            break
    if not files["predictions"].exists():
        best = load_model(files["best"])
        started = time.perf_counter()
        found = np.asarray(best.predict(data.X_test), dtype=np.float32)
        speed = len(found) / (time.perf_counter() - started)
        save_array(files["predictions"], found)
        state = replace(state, spectra_per_second=speed)
        _store(state, files["state"])
    return state, np.load(files["predictions"])


_ENDINGS = {
    "state": ".json",
    "last": "_last.skxrf",
    "best": "_best.skxrf",
    "predictions": "_predictions.npy",
}


def _after_block(
    model: Any,
    state: TrainedNetwork,
    data: PaperData,
    training: Training,
    files: dict[str, Path],
    whole: bool,
) -> TrainedNetwork:
    """Train for a block of time and store the network."""
    n_before = len(getattr(model, "loss_curve_", ()))
    started = time.perf_counter()
    model.fit(data.X, data.Y)
    seconds = state.seconds + time.perf_counter() - started
    # The last epoch of a block may have been cut short.
    epochs = model.net_.history[n_before:]
    n_rows = len(data.X) * (1 - model.validation_fraction)
    share = model.net_.batch_size / n_rows
    losses = [float(epoch["valid_loss"]) for epoch in epochs]
    times = seconds - sum(epoch["dur"] for epoch in epochs) + np.cumsum([e["dur"] for e in epochs])
    done = state.passes + share * np.cumsum([epoch["train_batch_count"] for epoch in epochs])
    passes = float(done[-1])
    best, best_passes = state.best, state.best_passes
    files["predictions"].unlink(missing_ok=True)
    save_model(model, files["last"])
    if min(losses) < best or whole:
        best, best_passes = min(losses), passes
        save_model(model, files["best"])
    state = replace(
        state,
        seconds=seconds,
        passes=passes,
        best=best,
        best_passes=best_passes,
        converged=model.stopped_by_ == "max_epochs"
        if whole
        else passes - best_passes >= training.patience,
        n_parameters=count_parameters(model) or 0,
        curve=[*state.curve, *zip(times.tolist(), done.tolist(), losses, strict=True)],
    )
    _store(state, files["state"])
    return state


def _store(state: TrainedNetwork, path: Path) -> None:
    with whole_file(path) as partial:
        partial.write_text(json.dumps(asdict(state)), encoding="utf-8")
