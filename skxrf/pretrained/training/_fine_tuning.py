"""Fine-tuning on labeled pixels of one's own paintings, mixed with simulated spectra."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state

from skxrf.exceptions import LineGroupError, SkxrfError
from skxrf.pretrained._axis import LINE_GROUPS
from skxrf.pretrained._regressor import PretrainedRegressor
from skxrf.pretrained._weights import Weights
from skxrf.utils.processor import has_bfloat16

from ._bank import PhotonChunk, make_chunk
from ._labeled import LabeledSpectra, labeled_spectra
from ._losses import losses
from ._network import network_of, weights_of
from ._rounds import as_batch
from ._settings import TrainingSettings
from ._spectra import draw_spectra, joined
from ._weighing import HeldOutPrediction, weighed


@dataclass(frozen=True)
class FineTuningRule:
    """Amounts of spectra and times of a fine-tuning."""

    stacks_per_instrument: int = 512  # simulated layer stacks under each random scanner
    batch: int = 1024  # spectra of a batch
    kept_share: float = 0.2
    """Share of the spectra of a single painting that are held out."""
    folds_time: float = 0.5
    """Time of the networks that do not see held-out spectra, in units of the training's."""


_RULE = FineTuningRule()


def fine_tune(
    model: PretrainedRegressor,
    X: ArrayLike,
    Y: pd.DataFrame,
    *,
    energy: ArrayLike,
    simulated_share: float = 0.5,
    max_time: float = 60.0,
    learning_rate: float = 3e-4,
    n_instruments: int = 8,
    random_state: Any = None,
) -> PretrainedRegressor:
    """Train the shipped network further on labeled spectra.

    A network that sees labeled spectra of a few paintings alone forgets elements that these do not
    contain, so each step mixes in spectra of random layer stacks under random instruments. The
    weight of the result against a painting's template fit, and its standard errors, are chosen on
    paintings (of a single one: spectra) that networks of a shorter training did not see.

    Parameters
    ----------
    model : PretrainedRegressor
        The shipped model; it is left as it is.
    X : array-like of shape (n_samples, n_channels)
        Spectra [counts] of one instrument on one axis.
    Y : DataFrame of shape (n_samples, n_labels)
        Net intensities [counts]; columns are line groups of the model. Those that are missing
        are learned from the simulated spectra alone. Where the index has a level "painting", as
        that of :func:`skxrf.samples.to_samples`, the model is bound to each painting by itself.
    energy : array-like of shape (n_channels,) or pair of float
        Nominal bin centers [keV] of X, or offset and gain.
    simulated_share : float
        Share of simulated spectra in each step.
    max_time : float
        Training time [s], without the simulation of stacks (about 1 s an instrument); half as
        much is spent on networks for the held-out spectra.
    learning_rate : float
        Of the first step; it falls to zero.
    n_instruments : int
        Random instruments of the simulated spectra.
    random_state : int, RandomState or None
        Seed of stacks, noise and order. The number of steps depends on the machine.

    Returns
    -------
    PretrainedRegressor
        A new model, not bound to any painting yet.

    Raises
    ------
    LineGroupError
        If a column is no line group of the model.
    SkxrfError
        If a number is out of its range, or shapes do not match.
    """
    if not 0 <= simulated_share < 1 or not max_time > 0 or not learning_rate > 0:
        raise SkxrfError(
            f"simulated_share={simulated_share!r}, max_time={max_time!r}, learning_rate="
            f"{learning_rate!r}: expected a share below 1 and positive numbers."
        )
    unknown = [str(name) for name in Y.columns if name not in LINE_GROUPS]
    if unknown:
        raise LineGroupError(
            f"the model does not predict {', '.join(unknown)}: its line groups are "
            f"{', '.join(LINE_GROUPS)}."
        )
    spectra = np.asarray(X)
    if spectra.ndim != 2 or len(spectra) != len(Y):
        raise SkxrfError(f"X has the shape {spectra.shape} and Y {Y.shape}: rows must match.")
    seed = int(check_random_state(random_state).randint(2**31 - 1))
    settings = TrainingSettings(
        n_stacks=_RULE.stacks_per_instrument * n_instruments,
        stacks_per_instrument=_RULE.stacks_per_instrument,
        seed=seed,
    )
    weights = model.load_weights()
    labeled = labeled_spectra(model, spectra, Y, energy)
    chunks = [make_chunk(settings, i) for i in range(settings.n_instruments)]

    def trained(on: LabeledSpectra, seconds: float) -> Weights:
        return _trained(weights, on, chunks, settings, simulated_share, seconds, learning_rate)

    folds = _folds(labeled.paintings, np.random.default_rng([seed, 6]))
    held_out = [
        HeldOutPrediction.of(
            trained(labeled.of(~kept), _RULE.folds_time * max_time / len(folds)), labeled.of(kept)
        )
        for kept in folds
    ]
    network = weighed(trained(labeled, max_time), held_out)
    tuned = PretrainedRegressor(**model.get_params(deep=False))
    tuned.set_params(weights=network, energy=None)
    return tuned


def _folds(paintings: NDArray[np.intp], rng: np.random.Generator) -> list[NDArray[np.bool_]]:
    """Masks of the held-out spectra: each painting once, or some spectra of the only one."""
    found = np.unique(paintings)
    if len(found) > 1:
        return [paintings == painting for painting in found]
    return [rng.random(len(paintings)) < _RULE.kept_share]


def _trained(
    weights: Weights,
    labeled: LabeledSpectra,
    chunks: list[PhotonChunk],
    settings: TrainingSettings,
    simulated_share: float,
    max_time: float,
    learning_rate: float,
) -> Weights:
    """Train for `max_time` on labeled and simulated spectra, mixed in each step."""
    own, has_label = labeled.spectra, labeled.has_label
    network = network_of(weights).train().requires_grad_(True)
    optimizer = torch.optim.AdamW(network.parameters(), lr=learning_rate, weight_decay=1e-4)
    rng = np.random.default_rng([settings.seed, 5])
    n_simulated = round(simulated_share * _RULE.batch)
    labels = torch.ones(_RULE.batch, len(LINE_GROUPS))
    labels[n_simulated:] = torch.from_numpy(has_label.astype(np.float32))
    started = time.monotonic()
    simulated, used = None, 0
    while (passed := (time.monotonic() - started) / max_time) < 1:
        if n_simulated and (simulated is None or used + n_simulated > len(simulated.counts)):
            chunk = chunks[rng.integers(len(chunks))]
            # Simulated spectra that are drawn together, and steps that they serve.
            simulated, used = draw_spectra(chunk, settings, rng, 8192), 0
            simulated = simulated._replace(counts=simulated.counts.astype(np.float32))
        rows = rng.integers(len(own.counts), size=_RULE.batch - n_simulated)
        parts = [tuple(part[rows] for part in own)]
        if simulated is not None:
            parts.insert(0, tuple(part[used : used + n_simulated] for part in simulated))
            used += n_simulated
        batch = as_batch(joined(parts))
        for group in optimizer.param_groups:
            group["lr"] = learning_rate * (1 + np.cos(np.pi * min(passed, 1.0))) / 2
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=has_bfloat16()):
            intensity, error = network(batch.spectra, batch.fits)
        total, *_ = losses(intensity, error, batch, labels)
        torch.autograd.backward(total)
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
    description = {**weights.description, "fine_tuned_on": len(own.counts)}
    return weights_of(network, description, error_scale=weights.error_scale)
