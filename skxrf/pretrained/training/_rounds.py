"""Spectra of the training rounds and of validation, drawn from the bank of photons."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from ._bank import stored_chunk
from ._losses import Batch
from ._settings import TrainingSettings
from ._spectra import Spectra, draw_spectra, joined


def round_of_spectra(folder: Path, settings: TrainingSettings, index: int) -> Spectra:
    """Draw spectra of some instruments, which follow a permutation of all of them.

    `folder`: folder of the bank. `index`: number of the round; the random numbers follow from it.
    """
    # The last number told apart the two networks that were once trained.
    rng = np.random.default_rng([settings.seed, 2, index, 0])
    parts = []
    for visit in range(settings.visits):
        turn, place = divmod(index * settings.visits + visit, settings.n_instruments)
        order = np.random.default_rng([settings.seed, 4, turn]).permutation(settings.n_instruments)
        chunk = stored_chunk(folder, settings, int(order[place]))
        parts.append(draw_spectra(chunk, settings, rng, settings.spectra_per_visit))
    return joined(parts)


def validation_spectra(folder: Path, settings: TrainingSettings, index: int) -> Spectra:
    """Draw a round of spectra kept from all training steps."""
    # Number of the first round of validation: beyond those of any training.
    return round_of_spectra(folder, settings, 1_000_000 + index)


def batches(data: Spectra, size: int, rng: np.random.Generator, device: str) -> Iterator[Batch]:
    """Shuffle spectra and yield them in batches, the last one perhaps smaller."""
    order = rng.permutation(len(data.counts))
    for start in range(0, len(order), size):
        rows = order[start : start + size]
        yield as_batch(Spectra._make(part[rows] for part in data), device)


def as_batch(data: Spectra, device: str = "cpu") -> Batch:
    """Move spectra to tensors on a device."""
    parts = data._replace(counts=data.counts.astype(np.float32))
    return Batch(*(torch.from_numpy(part).to(device) for part in parts))
