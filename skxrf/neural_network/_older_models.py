"""Migration of networks that were stored by earlier versions."""

from __future__ import annotations

from typing import Any

import numpy as np

from skxrf.neural_network._augmentation import SpectrumAugmentation

# Parameters of the networks that are now those of SpectrumAugmentation.
_AUGMENTATION = {
    "thinning": "thinning",
    "gain_jitter": "gain_jitter",
    "zero_jitter": "zero_jitter",
    "injection": "injection",
    "rescaling": "rescaling",
    "line_templates": "line_templates",
    "augmented_share": "share",
}
# Parameters that no network has any longer.
_GONE = (
    "learning_rate_schedule",
    "n_iter_no_change",
    "residual_levels",
    "residual_share",
    "scale_outputs",
    "tol",
)
# Parameters of the last version that are now constants, skorch's, or the caller's.
_MOVED = ("n_residual_weights", "nonnegative")


def migrated(state: dict[str, Any]) -> dict[str, Any]:
    """Bring the stored state of an estimator up to date.

    `state`: from ``__getstate__`` of this version or an earlier one; not changed. Returns state of
    this version; the network predicts bit for bit as it did.
    """
    state = _without_moved(state)
    if state.keys().isdisjoint({"_fitted_settings", *_GONE, *_AUGMENTATION}):
        return state
    state = dict(state)
    # Values that reproduce the first versions, which lacked these parameters.
    state.setdefault("precision", "float32")
    if state.get("early_stopping"):
        state["early_stopping"] = state.get("n_iter_no_change", 10)
    state["augmentation"] = _augmentation(state)
    # Parameters that only the published networks still have.
    for name in (*_GONE, *("padding", "pool_size", "stride", "templates"), *_AUGMENTATION):
        state.pop(name, None)
    if "_fitted_settings" not in state:
        return state
    settings = dict(state.pop("_fitted_settings"))
    state["_training_settings"] = {"loss": settings.pop("loss")}
    settings.pop("scale_outputs", None)
    settings["n_residual_weights"] = settings.pop("residual_levels", 1)
    state["_module_settings"] = {"dropout": 0.0, **settings}
    stored = dict(state["_net_state"])
    weights = dict(stored["weights"])
    if "residual_weight" in weights and "residual_levels" not in weights:
        # One weight of the correction for all intensities.
        weight = np.atleast_2d(weights["residual_weight"])
        weights.update(residual_weight=weight, residual_levels=np.zeros_like(weight))
    if "residual_weight_" in state:
        state["residual_weight_"] = np.atleast_2d(state["residual_weight_"])
    state["_net_state"] = {**stored, "weights": weights}
    return state


def _without_moved(state: dict[str, Any]) -> dict[str, Any]:
    if state.keys().isdisjoint(_MOVED):
        return state
    kept = {name: value for name, value in state.items() if name not in _MOVED}
    if state.get("nonnegative"):
        kept["_nonnegative"] = True
    return kept


def _augmentation(state: dict[str, Any]) -> SpectrumAugmentation | None:
    changes = ("thinning", "gain_jitter", "zero_jitter", "injection", "rescaling")
    if not any(state.get(name) for name in changes):
        return None
    given = {new: state[old] for old, new in _AUGMENTATION.items() if old in state}
    return SpectrumAugmentation(**given)
