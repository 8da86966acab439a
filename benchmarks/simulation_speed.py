"""How many layer stacks a second the forward model turns into counts, on 2048 channels.

    python -m benchmarks.simulation_speed

writes ``results/simulation_speed.csv``.
"""

from __future__ import annotations

import csv
import time
from pathlib import Path
from statistics import median

from skxrf.datasets import make_spectra
from skxrf.simulation import Instrument

RESULTS = Path(__file__).parent / "results" / "simulation_speed.csv"
N_STACKS = 8_000
REPEATS = 2


def main() -> None:
    """Time whole calls, tables and templates included."""
    scanner = Instrument.m6_jetstream().with_axis(0.0, 0.02, 2048)
    settings = {
        "palettes": {},
        "palettes and foreign chemistry": {"foreign_share": 0.3},
        "one palette": {"palette": "icon_1"},
    }
    rows = []
    for name, options in settings.items():
        for n_jobs in (1, 2):
            seconds = []
            for seed in range(REPEATS):
                start = time.perf_counter()
                make_spectra(
                    N_STACKS, instrument=scanner, n_jobs=n_jobs, random_state=seed, **options
                )
                seconds.append(time.perf_counter() - start)
            rate = round(N_STACKS / median(seconds))
            rows.append({"stacks": name, "threads": n_jobs, "n": N_STACKS, "stacks_per_s": rate})
            print(f"{name}, {n_jobs} threads: {rate} stacks/s", flush=True)
    with RESULTS.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    print(f"wrote {RESULTS}")


if __name__ == "__main__":
    main()
