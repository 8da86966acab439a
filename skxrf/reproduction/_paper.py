"""The paper's table 1 at the paper's size: networks of the library beside the published ones."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from skxrf.exceptions import SkxrfError
from skxrf.utils.progress import StepReport
from skxrf.utils.provenance import machine, now, versions

from ._paper_data import PaperData, PaperSetUp, paper_data
from ._paper_training import TrainedNetwork, Training, train
from ._rivals import RIVALS, Rival, Task
from ._scores import score_rows


@dataclass(frozen=True)
class PaperResult:
    """Maps, scores and training of the networks on the paper's set-up."""

    set_up: PaperSetUp  # paintings and numbers
    n_scanned: int  # pixels of the paintings that the spectra to learn from were drawn from
    networks: list[TrainedNetwork]  # in the order of the table
    scores: pd.DataFrame
    """One row a number: ``method``, ``against`` (``"reference"`` or ``"truth"``), ``element``,
    ``metric``, ``value``."""
    # reference, truth (y, x, element): maps of the held-out painting by the template fit, and the
    # true ones [counts].
    reference: xr.DataArray = field(repr=False)
    truth: xr.DataArray = field(repr=False)
    predictions: dict[str, xr.DataArray] = field(repr=False)  # maps by each network
    provenance: dict[str, str]  # versions, machine, date

    def table(self, metric: str = "ssim", against: str = "reference") -> pd.DataFrame:
        """Scores of one kind: one row a method, one column a line group."""
        chosen = self.scores.query("metric == @metric and against == @against")
        table = chosen.pivot(index="method", columns="element", values="value")
        return table.loc[list(dict.fromkeys(chosen["method"])), [*self.set_up.elements, "mean"]]


def reproduce_paper(
    folder: str | os.PathLike[str],
    *,
    methods: Sequence[str] | None = None,
    training: Training | None = None,
    set_up: PaperSetUp | None = None,
    progress: bool = False,
) -> PaperResult:
    """Repeat the paper's table 1 on simulated icons of the paper's size, in steps that are kept.

    `folder`: folder of the results. Its ``checkpoint`` has the spectra and the networks, from which
    another run goes on, with a larger budget or further methods. `methods`: names of the networks;
    by default the library's, then the published ones. `training`: budget of each network.
    `progress`: whether to report progress on standard error. Returns results of the networks that
    were named, in their order. The files in `folder` are written anew after each network.
    """
    from .report._paper_page import write_paper_page

    set_up, training = set_up or PaperSetUp(), training or Training()
    rivals = _networks(methods)
    checkpoint = Path(folder) / "checkpoint"
    with StepReport(enabled=progress) as report:
        data = paper_data(set_up, checkpoint / "data", say=report.say)
        task = Task(
            data.energy, list(set_up.elements), len(data.X), training.budget, set_up.random_state
        )
        maps = data.maps(data.Y_test), data.maps(data.truth)
        result = PaperResult(set_up, data.n_scanned, [], pd.DataFrame(), *maps, {}, {})
        rows = _scores("Template fit", data, data.Y_test.to_numpy(), ("truth",))
        for rival in rivals:
            state, found = train(rival, task, data, training, checkpoint / "networks", report.say)
            rows += _scores(rival.name, data, found, ("reference", "truth"))
            result = replace(
                result,
                networks=[*result.networks, state],
                scores=pd.DataFrame(rows),
                predictions={**result.predictions, rival.name: data.maps(found)},
                provenance=_provenance(),
            )
            write_paper_page(result, Path(folder))
    return result


def _networks(methods: Sequence[str] | None) -> list[Rival]:
    known = {rival.name.lower(): rival for rival in RIVALS.values() if rival.kind != "classical"}
    wanted = list(known) if methods is None else [name.lower() for name in methods]
    unknown = [name for name in wanted if name not in known]
    if unknown or not wanted:
        raise SkxrfError(
            f"unknown network {', '.join(map(repr, unknown)) or '(none given)'}: known are "
            f"{', '.join(rival.name for rival in known.values())}."
        )
    return [known[name] for name in dict.fromkeys(wanted)]


def _scores(
    name: str, data: PaperData, found: NDArray[Any], against: Sequence[str]
) -> list[dict[str, object]]:
    references = {"reference": data.Y_test, "truth": data.truth}
    return [
        row
        for kind in against
        for row in score_rows(references[kind], found, method=name, against=kind, scope="all")
    ]


def _provenance() -> dict[str, str]:
    packages = versions(("numpy", "scikit-learn", "torch", "skorch", "xraylib"))
    return {
        "date": now(),
        "versions": ", ".join(" ".join(package) for package in packages.items()),
        "machine": machine(),
    }
