"""Learning curves of fitted networks, looked up through Pipelines and meta-estimators."""

from __future__ import annotations

from typing import Any

from skxrf.utils.fitted import inner_estimators


def find_network(estimator: object) -> Any:
    """Find the network, which has a ``loss_curve_``, inside a fitted estimator.

    `estimator`: a network, or a Pipeline, search or meta-estimator around one. Returns None where
    there is no network.
    """
    for inner in inner_estimators(estimator):
        if getattr(inner, "loss_curve_", None) is not None:
            return inner
    return None


def loss_curves(estimator: object) -> dict[str, list[float]]:
    """Losses per epoch: ``training`` and, where there is one, ``validation``; empty without any.

    `estimator`: a network, or a Pipeline, search or meta-estimator around one. Returns lists of
    losses by their names.
    """
    network = find_network(estimator)
    if network is None:
        return {}
    curves = {"training": [float(loss) for loss in network.loss_curve_]}
    validation = getattr(network, "validation_loss_curve_", None)
    if validation is not None and len(validation):
        curves["validation"] = [float(loss) for loss in validation]
    return curves
