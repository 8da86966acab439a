"""Training of the shipped networks: checkpointed, resumable, the same from its seed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from torch import Tensor

from skxrf.exceptions import SkxrfError
from skxrf.neural_network import AdaptiveFilterNetwork
from skxrf.pretrained._axis import COMPONENT_GROUPS, ENERGY, LINE_GROUPS, N_BACKGROUND

from ._bank import stored_chunk
from ._settings import TrainingSettings
from ._spectra import N_NEIGHBORS, Spectra, draw_spectra, joined

__all__ = ["architecture", "batch_of", "losses", "train_network", "validation_batch"]

# Instruments whose spectra are shuffled together, and spectra of each of them.
_VISITS = 8
_SPECTRA_PER_VISIT = 4096
# Rounds beyond any training's.
_FIRST_VALIDATION_ROUND = 1_000_000
# Rounds between checkpoints.
_CHECKPOINT_ROUNDS = 40
# Errors beyond so many expected errors count linearly (pseudo-Huber).
_HUBER = 3.0
# Overlaps and background make errors larger than the variance of a line known but for its size.
_VARIANCE_FACTOR = 1.2
# Share of an intensity that calibration and line ratios leave uncertain.
_RELATIVE_ERROR = 0.01
# How much pixels with hardly any of an element say about its standard error.
_FAINT_WEIGHT = 0.15


class _Batch(NamedTuple):
    spectra: Tensor
    fits: Tensor
    intensities: Tensor
    variances: Tensor


def train_network(
    folder: Path,
    settings: TrainingSettings,
    *,
    neighbors: bool = False,
    device: str = "cpu",
    say: Callable[[str], None] = print,
) -> AdaptiveFilterNetwork:
    """Train a network on simulated spectra, or go on with a training that was interrupted.

    Parameters
    ----------
    folder : Path
        Where the bank of photons and the checkpoint are kept.
    settings : TrainingSettings
        The recipe.
    neighbors : bool
        Whether the network sees the mean spectrum of the eight neighbours as well.
    device : str
        Where to train, such as ``"cpu"`` or ``"cuda"``.
    say : callable
        Told how far it is.

    Returns
    -------
    AdaptiveFilterNetwork
        In evaluation mode, on the CPU.

    Raises
    ------
    SkxrfError
        If the loss stops being finite, or the checkpoint is of another recipe.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name = "neighborhood" if neighbors else "pixels"
    checkpoint = folder / f"checkpoint-{name}.pt"
    torch.manual_seed(settings.seed)
    network = AdaptiveFilterNetwork(**architecture(settings, neighbors))
    n_rounds = -(-settings.n_spectra // (_VISITS * _SPECTRA_PER_VISIT))
    steps_per_round = _VISITS * _SPECTRA_PER_VISIT // settings.spectra_per_batch
    first = 0
    if not checkpoint.exists():
        _initialize(network, _round(folder, settings, 0, neighbors))
    network.to(device)
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=settings.learning_rate, weight_decay=1e-4, fused=True
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        settings.learning_rate,
        total_steps=n_rounds * steps_per_round,
        pct_start=0.1,
        final_div_factor=1000.0,
    )
    recipe = {**asdict(settings), "neighbors": neighbors}
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True, map_location=device)
        if state["recipe"] != _plain(recipe):
            raise SkxrfError(
                f"{checkpoint} is of a training with other settings: remove it, or choose another "
                "folder."
            )
        network.load_state_dict(state["network"])
        optimizer.load_state_dict(state["optimizer"])
        schedule.load_state_dict(state["schedule"])
        first = state["rounds"]
        say(f"{name}: going on after round {first} of {n_rounds}")
    started, drawing = time.monotonic(), 0.0
    for index in range(first, n_rounds):
        before = time.monotonic()
        data = _round(folder, settings, index, neighbors)
        drawing += time.monotonic() - before
        rng = np.random.default_rng([settings.seed, 3, index])
        found = []
        for batch in _batches(data, settings.spectra_per_batch, rng, device):
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast(torch.device(device).type, dtype=torch.bfloat16):
                intensity, error = network(batch.spectra, batch.fits)
            fit, spread = losses(intensity, error, batch)
            torch.autograd.backward(fit + 0.2 * spread)
            torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimizer.step()
            schedule.step()
            found.append((float(fit.detach()), float(spread.detach())))
        if not np.all(np.isfinite(found)):
            raise SkxrfError(f"the loss of the {name} network is not finite in round {index}.")
        done = index + 1
        if done % 10 == 0 or done == n_rounds:
            fit_loss, spread_loss = np.mean(found, axis=0)
            passed = time.monotonic() - started
            rate = (done - first) * _VISITS * _SPECTRA_PER_VISIT / passed
            left = (n_rounds - done) * passed / (done - first) / 60
            say(
                f"{name}: round {done} of {n_rounds}, loss {fit_loss:.4f}, {spread_loss:.4f}, "
                f"{rate:,.0f} spectra/s ({drawing / passed:.0%} drawing), {left:.0f} min left"
            )
        if done % _CHECKPOINT_ROUNDS == 0 or done == n_rounds:
            state = {
                "recipe": _plain(recipe),
                "rounds": done,
                "network": network.state_dict(),
                "optimizer": optimizer.state_dict(),
                "schedule": schedule.state_dict(),
            }
            partial = checkpoint.with_suffix(".partial")
            torch.save(state, partial)
            partial.replace(checkpoint)
    return network.to("cpu").eval()


def architecture(settings: TrainingSettings, neighbors: bool) -> dict[str, int]:
    """Arguments of the network of a recipe."""
    return {
        "n_features": ENERGY.size,
        "n_outputs": len(LINE_GROUPS),
        "n_components": len(COMPONENT_GROUPS) + N_BACKGROUND,
        "n_spectra": 2 if neighbors else 1,
        "n_filters": settings.n_filters,
        "n_estimators": settings.n_estimators,
        "hidden": settings.hidden,
    }


def validation_batch(
    folder: Path, settings: TrainingSettings, index: int, neighbors: bool
) -> _Batch:
    """Spectra of the recipe that no training step saw.

    Parameters
    ----------
    folder : Path
        Folder of the bank.
    settings : TrainingSettings
        The recipe.
    index : int
        Number of the batch.
    neighbors : bool
        Whether to draw neighbourhoods too.

    Returns
    -------
    _Batch
        Of the size of a round.
    """
    return batch_of(_round(folder, settings, _FIRST_VALIDATION_ROUND + index, neighbors))


def _plain(recipe: dict[str, Any]) -> dict[str, Any]:
    return {k: list(v) if isinstance(v, tuple) else v for k, v in recipe.items()}


def _round(folder: Path, settings: TrainingSettings, index: int, neighbors: bool) -> Spectra:
    """Spectra of some instruments, in the order of a permutation of all of them."""
    rng = np.random.default_rng([settings.seed, 2, index, int(neighbors)])
    parts = []
    for visit in range(_VISITS):
        turn, place = divmod(index * _VISITS + visit, settings.n_instruments)
        order = np.random.default_rng([settings.seed, 4, turn]).permutation(settings.n_instruments)
        chunk = stored_chunk(folder, settings, int(order[place]))
        parts.append(draw_spectra(chunk, settings, rng, _SPECTRA_PER_VISIT, neighbors=neighbors))
    return joined(parts)


def _batches(
    data: Spectra,
    size: int,
    rng: np.random.Generator,
    device: str,
) -> Iterator[_Batch]:
    order = rng.permutation(len(data.counts))
    for start in range(0, len(order), size):
        rows = order[start : start + size]
        yield batch_of(joined([tuple(part[rows] for part in data)]), device)


def batch_of(data: Spectra, device: str = "cpu") -> _Batch:
    """Spectra as tensors."""
    spectra = torch.from_numpy(data.counts.astype(np.float32))
    fits = torch.from_numpy(data.fits)
    if spectra.shape[1] > 1:  # the mean of the neighbours, not their sum
        spectra[:, 1] /= N_NEIGHBORS
        fits[:, 1] /= N_NEIGHBORS
    truth, variances = torch.from_numpy(data.intensities), torch.from_numpy(data.variances)
    return _Batch(*(part.to(device) for part in (spectra, fits, truth, variances)))


def losses(
    intensity: Tensor, error: Tensor, batch: _Batch, judged: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """How far intensities are off in units of photon noise, and how far errors are from that.

    Where `judged` is 0, there is no label.
    """
    weight = _weights(batch.intensities, batch.variances)
    if judged is not None:
        weight = weight * judged
    difference = intensity - batch.intensities
    squares = difference.square() * weight
    fit = 2 * _HUBER**2 * (torch.sqrt(1 + squares / _HUBER**2) - 1).mean()
    ratio = (difference.detach() / error).square().clamp_max(100.0)
    # Errors are judged where there is something: pixels above two of them.
    bright = (batch.intensities > 2 * error.detach()).float()
    counted = (bright + _FAINT_WEIGHT) * (weight > 1e-8)
    spread = (counted * (torch.log(error / batch.variances.add(1).sqrt()) + ratio / 2)).mean()
    return fit, spread


@torch.no_grad()
def _initialize(network: AdaptiveFilterNetwork, data: Spectra) -> None:
    """Scales from the first spectra; the first fit as the first estimate."""
    batch = batch_of(data)
    total = batch.spectra.sum(dim=2).clamp_min(1)
    root = torch.sqrt(batch.spectra * (5000 / total)[:, :, None]).flatten(1)
    deviation = root.std(dim=0)
    gain = 1 / torch.maximum(deviation, 0.1 * deviation.mean())
    network.gain.copy_(gain)
    network.shift.copy_(-root.mean(dim=0) * gain)
    dose = total[:, :1].sqrt()
    own = batch.spectra[:, 0]
    shape = (own / total[:, :1]).mean(dim=0)
    scale = torch.sqrt(torch.maximum(shape, 1e-3 * shape.mean()))
    network.mean_shape.copy_(shape)
    network.channel_scale.copy_(1 / scale)
    unit = torch.sqrt((batch.variances / dose.square()).median(dim=0).values)
    network.unit.copy_(unit)
    # Most spectra hold none of most components: their median error is the unit of the others.
    noise = (batch.fits[:, 0] / dose).abs().median(dim=0).values / 0.6745
    n_outputs = len(unit)
    network.fit_unit.copy_(torch.cat([unit, noise[n_outputs:].clamp_min(1e-3)]))
    # Learnt filters start as the strongest directions of the whitened spectra.
    rows = (own - total[:, :1] * shape) / (scale * dose)
    _, vectors = torch.linalg.eigh(rows.T @ rows)
    for filters in network.filters:
        weight = cast(Tensor, filters.weight)
        weight.copy_(vectors.flip(1)[:, : len(weight)].T)
    network.read_out.weight.zero_()
    network.read_out.weight[:, :n_outputs] = torch.eye(n_outputs)


def _weights(intensities: Tensor, variances: Tensor) -> Tensor:
    expected = _VARIANCE_FACTOR * variances + (_RELATIVE_ERROR * intensities).square() + 1
    return 1 / expected
