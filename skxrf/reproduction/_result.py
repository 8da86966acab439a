"""Result of the experiment: plain data that report and files are written from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

Kind = Literal["network", "published network", "classical"]


@dataclass(frozen=True)
class Settings:
    """The choices of a run."""

    n_folds: int = 5  # number K of parts; each is held out once
    budget: float = 8.0  # training time for each fit of a network [s]
    max_samples: int = 50_000  # largest number of spectra that a fit may use
    random_state: int = 0  # seed of everything drawn at random


@dataclass(frozen=True)
class DataDescription:
    """Description of the mapped data."""

    name: str  # name for headings
    source: str  # the file, or how the data were simulated
    simulated: bool  # whether no instrument measured them
    shapes: dict[str, tuple[int, int]]  # rows and columns of each painting
    n_channels: int  # channels of a spectrum
    energy: NDArray[np.float64] = field(repr=False)  # (n_channels,): bin centers [keV]
    # sum_spectrum, maximum_spectrum (n_channels,): sum and maximum over all pixels [counts]
    sum_spectrum: NDArray[Any] = field(repr=False)
    maximum_spectrum: NDArray[Any] = field(repr=False)
    n_labeled: int  # pixels that have reference intensities
    reference_name: str  # origin of the reference maps, such as ``"template fit"``
    split_name: str  # unit that is held out, such as ``"blocks of 16 x 16 pixels"``

    @property
    def n_pixels(self) -> int:
        """Pixels of all paintings."""
        return sum(rows * columns for rows, columns in self.shapes.values())

    @property
    def counts_per_pixel(self) -> float:
        """Mean counts of a spectrum, all channels."""
        return float(self.sum_spectrum.sum()) / self.n_pixels


@dataclass(frozen=True)
class MethodResult:
    """Result of one method in all folds.

    Parameters
    ----------
    name : str
        Short name for tables.
    kind : {"network", "published network", "classical"}
        Group that it is shown in.
    description : str
        One sentence.
    predictions : dict of str to DataArray of dims (y, x, element)
        Maps of each painting, every pixel predicted by a model that never saw it.
    folds : DataFrame
        One row a fold: ``ssim``, ``within_sigma``, ``r2``, ``fit_seconds``,
        ``predict_seconds``, ``n_fitted``, ``n_predicted``, and ``epochs`` (NaN without any).
    loss_curves : dict of str to list of float
        Curves of the last fold's network; empty for the others.
    n_parameters : int, optional
        Trainable numbers of a network.
    is_reference : bool
        Whether it is the method that made the reference maps, so that it is no rival.
    warnings : tuple of str
        Warnings of the fits, each once.
    """

    name: str
    kind: Kind
    description: str
    predictions: dict[str, xr.DataArray] = field(repr=False)
    folds: pd.DataFrame = field(repr=False)
    loss_curves: dict[str, list[float]] = field(default_factory=dict, repr=False)
    n_parameters: int | None = None
    is_reference: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def spectra_per_second(self) -> float:
        """Spectra predicted per second, over all folds."""
        return float(self.folds["n_predicted"].sum() / self.folds["predict_seconds"].sum())


@dataclass(frozen=True)
class ReproductionResult:
    """Result of the whole experiment.

    Parameters
    ----------
    settings : Settings
        The choices of the run.
    data : DataDescription
        Description of the mapped data.
    elements : list of str
        Line groups of the maps.
    reference : dict of str to DataArray of dims (y, x, element)
        Reference maps of each painting [counts].
    truth : dict of str to DataArray, optional
        True expected intensities [counts], known for simulations only.
    methods : list of MethodResult
        In the order of the tables.
    scores : DataFrame
        Tidy: one row a number, with the columns ``method``, ``against`` (``"reference"`` or
        ``"truth"``), ``scope`` (``"all"`` or ``"fold 1"``...), ``element`` (a line group or
        ``"mean"``), ``metric`` and ``value``.
    seconds : float
        Wall time of the whole run.
    provenance : dict of str to str
        Versions, machine, date, command.
    """

    settings: Settings
    data: DataDescription
    elements: list[str]
    reference: dict[str, xr.DataArray] = field(repr=False)
    truth: dict[str, xr.DataArray] | None = field(repr=False)
    methods: list[MethodResult]
    scores: pd.DataFrame = field(repr=False)
    seconds: float
    provenance: dict[str, str]

    def table(self, metric: str, against: str = "reference") -> pd.DataFrame:
        """Scores of the maps as a whole: one row a method; the mean, then each line group.

        Parameters
        ----------
        metric : str
            ``"ssim"``, ``"within_sigma"``, ``"rmse"`` or ``"r2"``.
        against : {"reference", "truth"}
            Maps to compare with.

        Returns
        -------
        DataFrame of shape (n_methods, n_elements + 1)
        """
        chosen = self.scores.query("scope == 'all' and metric == @metric and against == @against")
        table = chosen.pivot(index="method", columns="element", values="value")
        order = list(dict.fromkeys(chosen["method"]))
        return table.loc[order, ["mean", *self.elements]]

    def score(
        self, method: str, metric: str = "ssim", against: str = "reference", element: str = "mean"
    ) -> float:
        """Look up one number of :meth:`table`.

        Parameters
        ----------
        method : str
            Name of the method.
        metric : {"ssim", "within_sigma", "rmse", "r2"}
            Score.
        against : {"reference", "truth"}
            Maps to compare with.
        element : str
            A line group, or ``"mean"``.

        Returns
        -------
        float
        """
        return float(self.table(metric, against)[element].to_dict()[method])
