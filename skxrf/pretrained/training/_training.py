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
from skxrf.pretrained._axis import COMPONENT_GROUPS, ENERGY, LINE_GROUPS, N_BACKGROUND
from skxrf.pretrained._network import AdaptiveFilterNetwork

from ._bank import stored_chunk
from ._settings import TrainingSettings
from ._spectra import N_NEIGHBORS, Spectra, draw_spectra, joined

__all__ = ["architecture", "batch_of", "losses", "train_network", "validation_batch"]

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
_FAINT_WEIGHT = 0.02


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
    pixels: AdaptiveFilterNetwork | None = None,
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
    pixels : AdaptiveFilterNetwork, optional
        Trained network of single pixels that one of neighbourhoods starts as: it then needs the
        second cycle of the learning rate alone, and can only become better.
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
    cycles = [
        (-(-n // settings.spectra_per_round), rate)
        for n, rate in zip(
            (settings.n_spectra, settings.n_refining_spectra),
            (settings.learning_rate, settings.refining_rate),
            strict=True,
        )
    ]
    if pixels is not None:
        cycles = cycles[1:]
    recipe = _plain({**asdict(settings), "neighbors": neighbors})
    if pixels is not None:
        recipe["starts_as"] = "pixels"
    state: dict[str, Any] | None = None
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True, map_location=device)
        if state["recipe"] != recipe:
            raise SkxrfError(
                f"{checkpoint} is of a training with other settings: remove it, or choose another "
                "folder."
            )
        network.load_state_dict(state["network"])
    else:
        _initialize(network, _round(folder, settings, 0, neighbors))
        if pixels is not None:
            network.start_as(pixels)
    network.to(device)
    # Rounds of a network that starts as another one come after those that the other one saw.
    start = 0 if pixels is None else -(-settings.n_spectra // settings.spectra_per_round)
    for cycle, (n_rounds, rate) in enumerate(cycles):
        if state is None or state["cycle"] <= cycle:
            if len(cycles) == 2 and cycle == 1 and (state is None or state["cycle"] == 0):
                # The errors have shrunk since they were first learnt.
                for parameter in network.spread.parameters():
                    torch.nn.init.zeros_(parameter)
            run = _Cycle(network, settings, n_rounds, rate, start, neighbors, device)
            if state is not None and state["cycle"] == cycle:
                run.resume(state)
                say(f"{name}, cycle {cycle + 1}: going on after round {run.done} of {n_rounds}")
            run(
                folder,
                checkpoint,
                {"recipe": recipe, "cycle": cycle},
                f"{name}, cycle {cycle + 1}",
                say,
            )
        start += n_rounds
    return network.to("cpu").eval()


class _Cycle:
    """One rise and fall of the learning rate."""

    def __init__(
        self,
        network: AdaptiveFilterNetwork,
        settings: TrainingSettings,
        n_rounds: int,
        learning_rate: float,
        start: int,
        neighbors: bool,
        device: str,
    ) -> None:
        self.network, self.settings, self.neighbors, self.device = (
            network, settings, neighbors, device,
        )  # fmt: skip
        self.n_rounds, self.start, self.done = n_rounds, start, 0
        steps_per_round = -(-settings.spectra_per_round // settings.spectra_per_batch)
        self.optimizer = torch.optim.AdamW(
            network.parameters(), lr=learning_rate, weight_decay=1e-4, fused=True
        )
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer,
            learning_rate,
            total_steps=n_rounds * steps_per_round,
            pct_start=0.1,
            final_div_factor=1000.0,
        )

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.done = state["rounds"]

    def __call__(
        self,
        folder: Path,
        checkpoint: Path,
        identity: dict[str, Any],
        title: str,
        say: Callable[[str], None],
    ) -> None:
        """Train the rounds that are left."""
        started, first, drawing = time.monotonic(), self.done, 0.0
        while self.done < self.n_rounds:
            before = time.monotonic()
            index = self.start + self.done
            data = _round(folder, self.settings, index, self.neighbors)
            drawing += time.monotonic() - before
            fit_loss, spread_loss = self._train(data, index, title)
            self.done += 1
            last = self.done == self.n_rounds
            if self.done % 10 == 0 or last:
                passed = time.monotonic() - started
                rate = (self.done - first) * self.settings.spectra_per_round / passed
                left = (self.n_rounds - self.done) * passed / (self.done - first) / 60
                say(
                    f"{title}: round {self.done} of {self.n_rounds}, loss {fit_loss:.4f}, "
                    f"{spread_loss:.4f}, {rate:,.0f} spectra/s ({drawing / passed:.0%} drawing), "
                    f"{left:.0f} min left"
                )
            if self.done % _CHECKPOINT_ROUNDS == 0 or last:
                self._keep(checkpoint, identity)

    def _train(self, data: Spectra, index: int, title: str) -> tuple[float, float]:
        """One round; the mean losses."""
        rng = np.random.default_rng([self.settings.seed, 3, index])
        found = []
        for batch in _batches(data, self.settings.spectra_per_batch, rng, self.device):
            self.optimizer.zero_grad(set_to_none=True)
            with torch.autocast(torch.device(self.device).type, dtype=torch.bfloat16):
                intensity, error = self.network(batch.spectra, batch.fits)
            fit, spread = losses(intensity, error, batch)
            torch.autograd.backward(fit + 0.2 * spread)
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
            self.optimizer.step()
            self.schedule.step()
            found.append((float(fit.detach()), float(spread.detach())))
        if not np.all(np.isfinite(found)):
            raise SkxrfError(f"{title}: the loss is not finite in round {index}.")
        fit_loss, spread_loss = np.mean(found, axis=0)
        return float(fit_loss), float(spread_loss)

    def _keep(self, checkpoint: Path, identity: dict[str, Any]) -> None:
        state = {
            **identity,
            "rounds": self.done,
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
        }
        partial = checkpoint.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(checkpoint)


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
    for visit in range(settings.visits):
        turn, place = divmod(index * settings.visits + visit, settings.n_instruments)
        order = np.random.default_rng([settings.seed, 4, turn]).permutation(settings.n_instruments)
        chunk = stored_chunk(folder, settings, int(order[place]))
        parts.append(
            draw_spectra(chunk, settings, rng, settings.spectra_per_visit, neighbors=neighbors)
        )
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
