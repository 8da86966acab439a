"""Spectra per second that the estimators turn into intensities, on 2048 channels.

Ready uint16 and float32 arrays, by the default networks in float32 and in bfloat16, by the shipped
model where its weights are there, and by PyMca's fast fit. The speed by processor time, times the
number of cores, is that of an idle machine.
"""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable
from functools import partial
from typing import Any

import click
import numpy as np
import torch

from benchmarks.pymca import PyMcaFastFit
from benchmarks.tables import RESULTS, write_rows
from benchmarks.timing import in_turns, load
from skxrf.datasets import make_spectra
from skxrf.exceptions import FileFormatError
from skxrf.neural_network import SpectrumCNNRegressor, SpectrumMLPRegressor
from skxrf.pretrained import load_pretrained
from skxrf.simulation import Instrument

N_CHANNELS = 2048
AXIS = (0.0, 0.02)
N_DIFFERENT = 4_000
N_SPECTRA = 20_000


@click.command("speed")
@click.option("--repeats", default=5, show_default=True, help="Turns of each estimator.")
@click.option("--threads", default=os.cpu_count() or 1, show_default=True, help="Torch's threads.")
def main(repeats: int, threads: int) -> None:
    """Speed of prediction: fit, then time the predictions in turns."""
    torch.set_num_threads(threads)
    scanner = Instrument.m6_jetstream().with_axis(*AXIS, N_CHANNELS)
    X, Y = make_spectra(N_DIFFERENT, instrument=scanner, random_state=0)
    rows = np.random.default_rng(0).integers(len(X), size=N_SPECTRA)
    spectra = {"uint16": X[rows], "float32": X[rows].astype(np.float32)}
    calls: dict[tuple[str, str, str], Callable[[], Any]] = {}
    for (name, arithmetic), model in _models(X, Y).items():
        for dtype, array in spectra.items():
            calls[name, arithmetic, dtype] = partial(_silent, model.predict, array)
    table = [
        {
            "estimator": name,
            "arithmetic": arithmetic,
            "spectra": dtype,
            "channels": N_CHANNELS,
            "n": N_SPECTRA,
            "threads": threads,
            "spectra_per_s": times.per_second(N_SPECTRA),
            "spectra_per_cpu_s": times.per_processor_second(N_SPECTRA),
            **load(),
        }
        for (name, arithmetic, dtype), times in in_turns(calls, repeats).items()
    ]
    click.echo(write_rows(RESULTS / "prediction_speed.csv", table).to_string(index=False))


def _models(X: Any, Y: Any) -> dict[tuple[str, str], Any]:
    """Fitted estimators by name and arithmetic."""
    models: dict[tuple[str, str], Any] = {}
    for estimator in (SpectrumCNNRegressor, SpectrumMLPRegressor):
        for precision in ("float32", "bfloat16"):
            model = estimator(max_epochs=2, precision=precision, random_state=0)
            models[estimator.__name__, precision] = model.fit(X[:2500], Y[:2500])
    with contextlib.suppress(FileFormatError):
        for precision in ("float32", "bfloat16"):
            shipped = load_pretrained().set_params(precision=precision)
            models["load_pretrained()", precision] = shipped.calibrated(X, AXIS)
    energy = AXIS[0] + AXIS[1] * np.arange(N_CHANNELS)
    for background in ("polynomial", "snip"):
        pymca = PyMcaFastFit(energy, background)
        _silent(pymca.fit, X, Y)
        models[f"PyMca fast fit, {background}", "float64"] = pymca
    return models


def _silent(call: Callable[..., Any], *arguments: Any) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        call(*arguments)
