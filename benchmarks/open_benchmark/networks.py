"""Network of CNR-ISPC for MA-XRF spectra, from its published description."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin


class _Layers(torch.nn.Sequential):
    """Four convolutions of width 5, pooling by two, a strided 1 x 1 convolution, a dense layer."""

    def __init__(self, n_channels: int, n_outputs: int) -> None:
        layers: list[torch.nn.Module] = []
        width = 1
        for place, wider in enumerate((11, 22, 44, 88)):
            layers += [torch.nn.Conv1d(width, wider, 5, padding=2), torch.nn.ReLU()]
            if place < 3:
                layers.append(torch.nn.MaxPool1d(2))
            width = wider
        layers += [torch.nn.Conv1d(width, width, 1, stride=4), torch.nn.Flatten()]
        n_features = width * -(-(n_channels // 8) // 4)
        super().__init__(*layers, torch.nn.Linear(n_features, n_outputs))


class IspcNetwork(MultiOutputMixin, RegressorMixin, BaseEstimator):
    """Convolutions on raw counts, trained with an L1 loss and rescaled, redrawn spectra.

    `max_epochs`: passes over the spectra. `batch_size`: spectra in a step. `random_state`: seed of
    weights, order and noise.
    """

    def __init__(
        self,
        max_epochs: int = 30,
        batch_size: int = 256,
        learning_rate: float = 7e-5,
        random_state: int = 0,
    ) -> None:
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train; each spectrum is scaled by 0.5, 1 or 15 with its labels, and drawn anew."""
        spectra, labels = (np.asarray(one, np.float32) for one in (X, y))
        self.n_features_in_ = spectra.shape[1]
        rng = np.random.default_rng(self.random_state)
        with torch.random.fork_rng():
            torch.manual_seed(self.random_state)
            self.module_ = _Layers(spectra.shape[1], labels.shape[1])
        optimizer = torch.optim.Adam(self.module_.parameters(), lr=self.learning_rate)
        for _ in range(self.max_epochs):
            order = rng.permutation(len(spectra))
            for start in range(0, len(order), self.batch_size):
                rows = order[start : start + self.batch_size]
                factors = rng.choice(np.float32([0.5, 1, 15]), (len(rows), 1))
                drawn = rng.poisson(spectra[rows] * factors).astype(np.float32)
                loss = torch.nn.functional.l1_loss(
                    self.module_(torch.from_numpy(drawn)[:, None]),
                    torch.from_numpy(labels[rows] * factors),
                )
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
        return self

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Intensities [counts], float32."""
        spectra = torch.from_numpy(np.asarray(X, np.float32))[:, None]
        with torch.inference_mode():
            parts = [self.module_(part) for part in spectra.split(2048)]
        return torch.cat(parts).numpy()
