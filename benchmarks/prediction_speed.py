"""How many spectra a second the estimators turn into intensities, on 2048 channels.

    python -m benchmarks.prediction_speed

writes ``results/prediction_speed.csv``: spectra per second of wall time and per second of
processor time, for ready uint16 and float32 arrays, by the default networks in float32 and in
bfloat16, by the shipped model where its weights are there, and by PyMca's fast fit in the same run.
The estimators take turns, and the median of the turns counts. Where others use the machine, the
processor time says what it can do: times the number of cores, it is the speed of an idle one.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from benchmarks.pymca import PyMcaFastFit
from skxrf.datasets import make_spectra
from skxrf.exceptions import FileFormatError
from skxrf.neural_network import SpectrumCNNRegressor, SpectrumMLPRegressor
from skxrf.pretrained import load_pretrained
from skxrf.simulation import Instrument

RESULTS = Path(__file__).parent / "results" / "prediction_speed.csv"
N_CHANNELS = 2048
AXIS = (0.0, 0.02)
N_DIFFERENT = 4_000
N_SPECTRA = 20_000


def main() -> None:
    """Fit, then time the predictions in turns."""
    parser = argparse.ArgumentParser(description="How fast spectra become intensities.")
    parser.add_argument("--repeats", type=int, default=5, help="turns of each estimator")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    scanner = Instrument.m6_jetstream().with_axis(*AXIS, N_CHANNELS)
    X, Y = make_spectra(N_DIFFERENT, instrument=scanner, random_state=0)
    energy = AXIS[0] + AXIS[1] * np.arange(N_CHANNELS)
    rows = np.random.default_rng(0).integers(len(X), size=N_SPECTRA)
    spectra = {"uint16": X[rows], "float32": X[rows].astype(np.float32)}
    timed: dict[tuple[str, str, str], Callable[[], Any]] = {}

    def add(name: str, arithmetic: str, model: Any) -> None:
        for dtype, array in spectra.items():
            timed[name, arithmetic, dtype] = partial(model.predict, array)

    for estimator in (SpectrumCNNRegressor, SpectrumMLPRegressor):
        for precision in ("float32", "bfloat16"):
            model = estimator(max_epochs=2, precision=precision, random_state=0)
            add(estimator.__name__, precision, model.fit(X[:2500], Y[:2500]))
    with contextlib.suppress(FileFormatError):
        for precision in ("float32", "bfloat16"):
            shipped = load_pretrained().set_params(precision=precision).calibrated(X, AXIS)
            add("load_pretrained()", precision, shipped)
    for background in ("polynomial", "snip"):
        pymca = PyMcaFastFit(energy, background)
        with contextlib.redirect_stdout(io.StringIO()):
            pymca.fit(X, Y)
        add(f"PyMca fast fit, {background}", "float64", pymca)
    wall: dict[tuple[str, str, str], list[float]] = {key: [] for key in timed}
    processor: dict[tuple[str, str, str], list[float]] = {key: [] for key in timed}
    for turn in range(options.repeats + 1):
        for key, predict in timed.items():
            start = time.perf_counter(), time.process_time()
            with contextlib.redirect_stdout(io.StringIO()):
                predict()
            if turn > 0:  # the first one warms up
                wall[key].append(time.perf_counter() - start[0])
                processor[key].append(time.process_time() - start[1])
    table = [
        {
            "estimator": key[0],
            "arithmetic": key[1],
            "spectra": key[2],
            "channels": N_CHANNELS,
            "n": N_SPECTRA,
            "threads": options.threads,
            "spectra_per_s": round(N_SPECTRA / median(wall[key])),
            "spectra_per_cpu_s": round(N_SPECTRA / median(processor[key])),
            "load": round(os.getloadavg()[0], 1),
            "cores": os.cpu_count(),
        }
        for key in timed
    ]
    for row in table:
        print(row)
    with options.output.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(table[0]))
        writer.writeheader()
        writer.writerows(table)
    print(f"wrote {options.output}")


if __name__ == "__main__":
    main()
