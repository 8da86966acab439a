"""Spectra per second that the estimators turn into intensities, on 2048 channels.

Ready arrays of a painting's spectra, by the template fit, the shipped model and the default networks
in float32 and in bfloat16, and PyMca's fast fit; and a gzip HDF5 file
of the same spectra, read alone and mapped into a file by bound models. The speed by processor
time, times the number of cores, is that of an idle machine.
"""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import click
import h5py
import numpy as np
import pandas as pd
import torch

from benchmarks.pymca import PyMcaFastFit
from benchmarks.tables import RESULTS, write_rows
from benchmarks.timing import in_turns, load
from skxrf.datasets import make_painting
from skxrf.inference import predict_maps_to_file
from skxrf.io import open_cube
from skxrf.linear_model import TemplateFitRegressor
from skxrf.neural_network import SpectrumCNNRegressor, SpectrumMLPRegressor
from skxrf.pretrained import load_pretrained
from skxrf.samples import to_samples

N_CHANNELS = 2048
AXIS = (0.0, 0.02)
SHAPE = (50, 80)
# Rows of the painting that are drawn for the timings.
N_ROWS = 250
READING, MAPPING = "gzip HDF5 file, reading alone", "gzip HDF5 file to maps"


@click.command("speed")
@click.option("--repeats", default=5, show_default=True, help="Turns of each estimator.")
@click.option("--threads", default=os.cpu_count() or 1, show_default=True, help="Threads.")
@click.option("--only", default="", help="Only estimators with this in their name.")
def main(repeats: int, threads: int, only: str) -> None:
    """Speed of prediction: fit, then time the predictions in turns."""
    torch.set_num_threads(threads)
    cube, maps = make_painting(SHAPE, n_channels=N_CHANNELS, energy=AXIS, random_state=0)
    rows = np.random.default_rng(0).integers(SHAPE[0], size=N_ROWS)
    counts = cube.to_numpy()[rows]
    spectra = counts.reshape(-1, N_CHANNELS)
    models = {
        key: model
        for key, model in _models(to_samples(cube).to_numpy(), to_samples(maps), threads)
        if only in key[0]
    }
    calls: dict[tuple[str, str, str], Callable[[], Any]] = {}
    for (name, arithmetic), model in models.items():
        for array in (spectra, spectra.astype(np.float32)):
            calls[name, arithmetic, str(array.dtype)] = partial(_silent, model.predict, array)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "scan.h5")
        with h5py.File(path, "w") as file:
            layout = {"chunks": (1, *counts.shape[1:]), "compression": "gzip"}
            file.create_dataset("counts", data=counts, **layout)
            file["energy_keV"] = cube["energy"].to_numpy()
        calls[READING, "", "uint16"] = partial(_read, path)
        for (name, arithmetic), model in models.items():
            if name in ("TemplateFitRegressor", "load_pretrained()"):
                calls[f"{MAPPING}, {name}", arithmetic, "uint16"] = partial(_map, model, path)
        timed = in_turns(calls, repeats)
    table = [
        {
            "estimator": name,
            "arithmetic": arithmetic,
            "spectra": dtype,
            "channels": N_CHANNELS,
            "n": len(spectra),
            "threads": threads,
            "spectra_per_s": times.per_second(len(spectra)),
            "spectra_per_cpu_s": times.per_processor_second(len(spectra)),
            **load(),
        }
        for (name, arithmetic, dtype), times in timed.items()
    ]
    click.echo(write_rows(RESULTS / "prediction_speed.csv", table).to_string(index=False))


def _models(X: Any, Y: pd.DataFrame, threads: int) -> Iterator[tuple[tuple[str, str], Any]]:
    """Fitted estimators by name and arithmetic."""
    energy = AXIS[0] + AXIS[1] * np.arange(N_CHANNELS)
    for weights, name in (("shared", ""), ("own", ", own weights")):
        fit = TemplateFitRegressor(energy=energy, anode="Rh", weights=weights, n_jobs=threads)
        yield (f"TemplateFitRegressor{name}", "float32"), fit.fit(X)
    for precision in ("float32", "bfloat16"):
        model = load_pretrained().set_params(precision=precision).bind(X, AXIS)
        yield ("load_pretrained()", precision), model
    for estimator in (SpectrumCNNRegressor, SpectrumMLPRegressor):
        for precision in ("float32", "bfloat16"):
            model = estimator(max_epochs=2, precision=precision, random_state=0)
            yield (estimator.__name__, precision), model.fit(X[:2500], Y[:2500])
    for background in ("polynomial", "snip"):
        pymca = PyMcaFastFit(energy, background)
        _silent(pymca.fit, X, Y)
        yield (f"PyMca fast fit, {background}", "float64"), pymca


def _read(path: Path) -> None:
    """Read and unpack the file row by row."""
    with h5py.File(path) as file:
        for row in range(N_ROWS):
            file["counts"][row]


def _map(model: Any, path: Path) -> None:
    predict_maps_to_file(model, open_cube(path), path.with_name("maps.nc"), return_std=True)


def _silent(call: Callable[..., Any], *arguments: Any) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        call(*arguments)
