"""Any torch module on spectra."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import torch

from skxrf.neural_network._augmentation import SpectrumAugmentation
from skxrf.neural_network._base import BaseSpectrumRegressor
from skxrf.neural_network._losses import Loss
from skxrf.neural_network._precision import Precision
from skxrf.neural_network._shared_docs import with_shared_docs


@with_shared_docs
class SpectrumModuleRegressor(BaseSpectrumRegressor):
    """Any torch module from spectra to line intensities, with the training of the built-in ones.

    Linear path, losses, seeds, time limits, loading in whole batches, line groups and early
    stopping are those of :class:`SpectrumCNNRegressor`.

    Parameters
    ----------
    module : type
        Class of a ``torch.nn.Module`` whose ``forward`` takes transformed spectra of shape
        (n_samples, n_channels) and returns (n_samples, n_outputs). Its constructor gets the sizes
        that it has parameters for, ``n_features`` or ``in_features`` and ``n_outputs`` or
        ``out_features``; others are given as ``module__<name>``.
    {shared_parameters}

    Attributes
    ----------
    {shared_attributes}
    {linear_attributes}

    See Also
    --------
    SpectrumCNNRegressor, SpectrumMLPRegressor : Built-in architectures.

    Notes
    -----
    {shared_notes}

    A fitted regressor can be pickled where the class can be imported.
    :func:`skxrf.persistence.save_model` refuses it, because opening the file would run the
    module's code.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from skxrf.neural_network import SpectrumModuleRegressor
    >>> class TwoLayers(torch.nn.Sequential):
    ...     def __init__(self, n_features, n_outputs, width=16):
    ...         first, last = torch.nn.Linear(n_features, width), torch.nn.Linear(width, n_outputs)
    ...         super().__init__(first, torch.nn.SiLU(), last)
    >>> rng = np.random.default_rng(0)
    >>> y = rng.uniform(0, 500, size=(400, 2))
    >>> X = rng.poisson(y @ rng.dirichlet(np.ones(64), size=2))
    >>> model = SpectrumModuleRegressor(TwoLayers, module__width=8, max_epochs=5, random_state=0)
    >>> bool(model.fit(X, y).score(X, y) > 0.9)
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseSpectrumRegressor._parameter_constraints,
        "module": [type],
    }
    _draws_itself = False

    def __init__(
        self,
        module: type[torch.nn.Module],
        *,
        linear_path: bool = True,
        input_transform: Literal["sqrt", "standard"] | None = "sqrt",
        loss: Loss = "poisson",
        augmentation: SpectrumAugmentation | None = None,
        precision: Precision = "auto",
        learning_rate: float = 5e-3,
        weight_decay: float = 1.0,
        batch_size: int | Literal["auto"] = "auto",
        max_epochs: int | Literal["auto"] = "auto",
        max_time: float | None = None,
        early_stopping: bool | int = False,
        validation_fraction: float = 0.1,
        warm_start: bool = False,
        device: str | torch.device = "cpu",
        random_state: Any = None,
        verbose: int | bool = False,
        **skorch_parameters: Any,
    ) -> None:
        self._store(locals())

    @classmethod
    def _defaults(cls) -> dict[str, Any]:
        return cls(torch.nn.Identity).get_params(deep=False)
