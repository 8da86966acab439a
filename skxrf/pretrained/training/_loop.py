"""Training loop of the shipped network: checkpointed, resumable, the same from its seed."""

from __future__ import annotations

import logging
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from skxrf.exceptions import SkxrfError
from skxrf.pretrained._axis import COMPONENT_GROUPS, ENERGY, LINE_GROUPS, N_BACKGROUND
from skxrf.pretrained._weights import NetworkScales
from skxrf.utils.files import whole_file
from skxrf.utils.processor import has_bfloat16

from ._losses import losses
from ._network import AdaptiveFilterNetwork
from ._rounds import as_batch, batches, round_of_spectra
from ._settings import TrainingSettings
from ._spectra import Spectra

_log = logging.getLogger(__name__)


def train_network(
    folder: Path, settings: TrainingSettings, *, device: str = "cpu"
) -> AdaptiveFilterNetwork:
    """Train the network on simulated spectra, or resume a training that was interrupted."""
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint = folder / "checkpoint.pt"
    torch.manual_seed(settings.seed)
    network = AdaptiveFilterNetwork(
        ENERGY.size,
        n_outputs=len(LINE_GROUPS),
        n_components=len(COMPONENT_GROUPS) + N_BACKGROUND,
        n_filters=settings.n_filters,
        n_estimators=settings.n_estimators,
        hidden=settings.hidden,
    )
    recipe = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(settings).items()}
    state: dict[str, Any] = {"cycle": 0}
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True, map_location=device)
        if state["recipe"] != recipe:
            raise SkxrfError(
                f"{checkpoint} is of a training with other settings: remove it, or choose another "
                "folder."
            )
        network.load_state_dict(state["network"])
    else:
        initialize(network, round_of_spectra(folder, settings, 0))
    network.to(device)
    start = 0
    cycles = (
        (settings.n_spectra, settings.learning_rate),
        (settings.n_refining_spectra, settings.refining_rate),
    )
    for number, (n_spectra, rate) in enumerate(cycles):
        n_rounds = -(-n_spectra // settings.spectra_per_round)
        if state["cycle"] <= number:
            if number == 1 and state["cycle"] == 0:
                # The errors have shrunk since they were first learned.
                for parameter in network.spread.parameters():
                    torch.nn.init.zeros_(parameter)
            cycle = _Cycle(network, settings, n_rounds, rate, start, device)
            if "rounds" in state and state["cycle"] == number:
                cycle.resume(state)
                _log.info("cycle %d: resumed after round %d", number + 1, cycle.done)
            cycle.run(folder, checkpoint, {"recipe": recipe, "cycle": number})
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
        device: str,
    ) -> None:
        self.network, self.settings, self.device = network, settings, device
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
        """Restore optimizer and schedule from a checkpoint."""
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.done = state["rounds"]

    def run(self, folder: Path, checkpoint: Path, identity: dict[str, Any]) -> None:
        """Train the rounds that are left."""
        started, first, drawing = time.monotonic(), self.done, 0.0
        while self.done < self.n_rounds:
            before = time.monotonic()
            index = self.start + self.done
            data = round_of_spectra(folder, self.settings, index)
            drawing += time.monotonic() - before
            found = self._train(data, index)
            self.done += 1
            last = self.done == self.n_rounds
            if self.done % 10 == 0 or last:
                passed = time.monotonic() - started
                rounds = self.done - first
                _log.info(
                    "cycle %d: round %d of %d, losses %.4f, %.4f, %.0f spectra/s (%.0f %% of the "
                    "time drawing), %.0f min left",
                    identity["cycle"] + 1,
                    self.done,
                    self.n_rounds,
                    *found,
                    rounds * self.settings.spectra_per_round / passed,
                    100 * drawing / passed,
                    (self.n_rounds - self.done) * passed / rounds / 60,
                )
            if self.done % 40 == 0 or last:
                state = {
                    **identity,
                    "rounds": self.done,
                    "network": self.network.state_dict(),
                    "optimizer": self.optimizer.state_dict(),
                    "schedule": self.schedule.state_dict(),
                }
                with whole_file(checkpoint) as partial:
                    torch.save(state, partial)

    def _train(self, data: Spectra, index: int) -> tuple[float, float]:
        """Train one round and return its mean losses, of intensities and of standard errors."""
        rng = np.random.default_rng([self.settings.seed, 3, index])
        found, kind = [], torch.device(self.device).type
        for batch in batches(data, self.settings.spectra_per_batch, rng, self.device):
            self.optimizer.zero_grad(set_to_none=True)
            with torch.autocast(
                kind, dtype=torch.bfloat16, enabled=kind != "cpu" or has_bfloat16()
            ):
                intensity, error = self.network(batch.spectra, batch.fits)
            total, fit, spread = losses(intensity, error, batch)
            torch.autograd.backward(total)
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
            self.optimizer.step()
            self.schedule.step()
            found.append((float(fit.detach()), float(spread.detach())))
        if not np.all(np.isfinite(found)):
            raise SkxrfError(f"the loss of the training is not finite in round {index}.")
        fit_loss, spread_loss = np.mean(found, axis=0)
        return float(fit_loss), float(spread_loss)


@torch.no_grad()
def initialize(network: AdaptiveFilterNetwork, data: Spectra) -> None:
    """Set the scales from some spectra, and the linear filter fit as the first estimate."""
    batch = as_batch(data)
    total = batch.spectra.sum(dim=1, keepdim=True).clamp_min(1)
    root = torch.sqrt(batch.spectra * (NetworkScales().reference_counts / total))
    deviation = root.std(dim=0)
    gain = 1 / torch.maximum(deviation, 0.1 * deviation.mean())
    network.gain.copy_(gain)
    network.shift.copy_(-root.mean(dim=0) * gain)
    dose = total.sqrt()
    shape = (batch.spectra / total).mean(dim=0)
    scale = torch.sqrt(torch.maximum(shape, 1e-3 * shape.mean()))
    network.mean_shape.copy_(shape)
    network.channel_scale.copy_(1 / scale)
    unit = torch.sqrt((batch.variances / dose.square()).median(dim=0).values)
    network.unit.copy_(unit)
    # Most spectra contain none of most components: the median of their fits gives the unit of the
    # others (0.6745 standard deviations of a normal distribution).
    noise = (batch.fits / dose).abs().median(dim=0).values / 0.6745
    n_outputs = len(unit)
    network.fit_unit.copy_(torch.cat([unit, noise[n_outputs:].clamp_min(1e-3)]))
    # Learned filters start as the strongest directions of the whitened spectra.
    rows = (batch.spectra - total * shape) / (scale * dose)
    _, vectors = torch.linalg.eigh(rows.T @ rows)
    network.filter_weight.copy_(vectors.flip(1)[:, : len(network.filter_weight)].T)
    network.read_out.weight.zero_()
    network.read_out.weight[:, :n_outputs] = torch.eye(n_outputs)
