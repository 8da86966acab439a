"""Factors that make the standard errors of each line group hold."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from skxrf.neural_network import AdaptiveFilterNetwork

from ._settings import TrainingSettings
from ._training import validation_batch

__all__ = ["error_factors"]

# Rounds of fresh spectra that the factors are taken from.
_ROUNDS = 3
# As on paintings: usual counts, no chemistry but that of the stacks.
_USUAL_COUNTS = (1500.0, 30_000.0)
# Fewer pixels that hold an element say little about its errors.
_LEAST_PIXELS = 300
# A normal distribution has these shares within one and within two standard deviations.
_SHARES = (0.6827, 0.9545)


@torch.no_grad()
def error_factors(
    network: AdaptiveFilterNetwork, folder: Path, settings: TrainingSettings, *, neighbors: bool
) -> NDArray[np.float32]:
    """Compare errors with what they claim, on spectra that no training step saw.

    Parameters
    ----------
    network : AdaptiveFilterNetwork
        Trained.
    folder : Path
        Folder of the bank.
    settings : TrainingSettings
        The recipe.
    neighbors : bool
        Whether the network sees neighbourhoods.

    Returns
    -------
    ndarray of shape (n_groups,), float32
        For each line group the mean of two factors: those by which the errors of pixels that
        hold more than two of them must grow for 68 % to lie within one and 95 % within two.
    """
    usual = replace(settings, counts=_USUAL_COUNTS, rescaled_share=0.0, injected_share=0.0)
    ratios, bright = [], []
    for index in range(_ROUNDS):
        batch = validation_batch(folder, usual, index, neighbors)
        for start in range(0, len(batch.spectra), 2048):
            rows = slice(start, start + 2048)
            intensity, error = network(batch.spectra[rows], batch.fits[rows])
            ratios.append(((intensity - batch.intensities[rows]).abs() / error).numpy())
            bright.append((batch.intensities[rows] > 2 * error).numpy())
    ratio, there = np.concatenate(ratios), np.concatenate(bright)
    factors = np.ones(ratio.shape[1], np.float32)
    for j in range(ratio.shape[1]):
        chosen = ratio[there[:, j], j]
        if chosen.size >= _LEAST_PIXELS:
            one, two = np.quantile(chosen, _SHARES)
            factors[j] = (one + two / 2) / 2
    return factors
