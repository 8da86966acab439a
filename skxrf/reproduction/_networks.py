"""Epochs and size of a fitted network."""

from __future__ import annotations

from typing import Any

from skxrf.utils.training import find_network


def n_epochs(estimator: Any) -> float:
    """Epochs that a network was trained for; NaN for other estimators."""
    network = find_network(estimator)
    return float("nan") if network is None else float(network.n_iter_)


def count_parameters(estimator: Any) -> int | None:
    """Number of trainable parameters of a network; None for other estimators."""
    network = find_network(estimator)
    if network is None:
        return None
    return sum(int(weights.numel()) for weights in network.net_.module_.parameters())
