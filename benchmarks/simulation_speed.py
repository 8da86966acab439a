"""How many layer stacks a second the forward model turns into counts, on 2048 channels.

    python -m benchmarks.simulation_speed

writes ``results/simulation_speed.csv``: stacks per second of wall time and per second of processor
time, whole calls with tables and templates included, and the load of the machine meanwhile (its
mean number of processes that want to run, this one among them). Where others use the machine, the
processor time says what it can do.
"""

from __future__ import annotations

import csv
import os
import time
from pathlib import Path
from statistics import median

from skxrf.datasets import make_spectra
from skxrf.simulation import Instrument

RESULTS = Path(__file__).parent / "results" / "simulation_speed.csv"
N_STACKS = 8_000
REPEATS = 3


def main() -> None:
    """Time whole calls, tables and templates included."""
    scanner = Instrument.m6_jetstream().with_axis(0.0, 0.02, 2048)
    settings = {
        "palettes": {},
        "palettes and foreign chemistry": {"foreign_share": 0.3},
        "one palette": {"palette": "icon_1"},
        "palettes, in one block": {"batch_size": N_STACKS},
    }
    rows = []
    for name, options in settings.items():
        for n_jobs in (1, 2):
            wall, processor = [], []
            for seed in range(REPEATS):
                start = time.perf_counter(), time.process_time()
                make_spectra(
                    N_STACKS, instrument=scanner, n_jobs=n_jobs, random_state=seed, **options
                )
                wall.append(time.perf_counter() - start[0])
                processor.append(time.process_time() - start[1])
            row = {
                "stacks": name,
                "threads": n_jobs,
                "n": N_STACKS,
                "stacks_per_s": round(N_STACKS / median(wall)),
                "stacks_per_cpu_s": round(N_STACKS / median(processor)),
                "cpu_s_per_wall_s": round(sum(processor) / sum(wall), 2),
                "load": round(os.getloadavg()[0], 1),
                "cores": os.cpu_count(),
            }
            rows.append(row)
            print(row, flush=True)
    with RESULTS.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    print(f"wrote {RESULTS}")


if __name__ == "__main__":
    main()
