"""Factors that make the standard errors of each line group hold."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from skxrf.pretrained._network import AdaptiveFilterNetwork

from ._settings import TrainingSettings
from ._training import validation_batch

__all__ = ["error_factor", "error_factors"]

# Instruments whose fresh spectra the factors are taken from.
_INSTRUMENTS = 24
# As on paintings: usual counts, no chemistry but that of the stacks.
_USUAL_COUNTS = (1500.0, 30_000.0)
# Fewer pixels that hold an element say little about its errors.
_LEAST_PIXELS = 100
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
        hold more than two of them must grow for 68 % to lie within one and 95 % within two; the
        median over instruments.
    """
    usual = replace(
        settings, counts=_USUAL_COUNTS, rescaled_share=0.0, injected_share=0.0, visits=1
    )
    found = []
    for index in range(_INSTRUMENTS):
        batch = validation_batch(folder, usual, index, neighbors)
        parts = [
            network(batch.spectra[start : start + 2048], batch.fits[start : start + 2048])
            for start in range(0, len(batch.spectra), 2048)
        ]
        intensity, error = (torch.cat(part) for part in zip(*parts, strict=True))
        ratio = ((intensity - batch.intensities).abs() / error).numpy()
        there = (batch.intensities > 2 * error).numpy()
        found.append([error_factor(ratio[there[:, j], j]) for j in range(ratio.shape[1])])
    factors = np.ones(len(found[0]), np.float32)
    for j, of_group in enumerate(zip(*found, strict=True)):
        known = [factor for factor in of_group if factor is not None]
        if known:
            # Few pixels make wild factors.
            factors[j] = np.clip(np.median(known), 0.5, 2.0)
    return factors


def error_factor(ratio: NDArray[np.float32]) -> float | None:
    """By what errors must grow to hold.

    Parameters
    ----------
    ratio : ndarray of shape (n_pixels,)
        Errors over what they are claimed to be.

    Returns
    -------
    float or None
        Mean of the factors for 68 % within one and 95 % within two; None for too few pixels.
    """
    if ratio.size < _LEAST_PIXELS:
        return None
    one, two = np.quantile(ratio, _SHARES)
    return float((one + two / 2) / 2)
