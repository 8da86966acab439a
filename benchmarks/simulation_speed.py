"""Layer stacks per second that the forward model turns into counts, on 2048 channels.

Whole calls, with tables and templates. Where others use the machine, the speed by processor time
is the steadier one.
"""

from __future__ import annotations

from typing import Any

import click

from benchmarks.tables import RESULTS, write_rows
from benchmarks.timing import Times, in_turns, load
from skxrf.datasets import make_spectra
from skxrf.simulation import Instrument

N_STACKS = 8_000
REPEATS = 3
SETTINGS: dict[str, dict[str, Any]] = {
    "palettes": {},
    "palettes and foreign chemistry": {"foreign_share": 0.3},
    "one palette": {"palette": "icon_1"},
    "palettes, in one block": {"batch_size": N_STACKS},
}


@click.command("simulation-speed")
def main() -> None:
    """Speed of the forward model."""
    scanner = Instrument.m6_jetstream().with_axis(0.0, 0.02, 2048)
    rows = []
    for name, options in SETTINGS.items():
        for n_jobs in (1, 2):
            times = Times()
            for seed in range(REPEATS):

                def call(seed: int = seed, n_jobs: int = n_jobs, options: Any = options) -> None:
                    make_spectra(
                        N_STACKS, instrument=scanner, n_jobs=n_jobs, random_state=seed, **options
                    )

                once = in_turns({name: call}, 1, warm_up=False)[name]
                times.wall.extend(once.wall)
                times.processor.extend(once.processor)
            rows.append(
                {
                    "stacks": name,
                    "threads": n_jobs,
                    "n": N_STACKS,
                    "stacks_per_s": times.per_second(N_STACKS),
                    "stacks_per_cpu_s": times.per_processor_second(N_STACKS),
                    "cpu_s_per_wall_s": round(sum(times.processor) / sum(times.wall), 2),
                    **load(),
                }
            )
            print(rows[-1], flush=True)
    write_rows(RESULTS / "simulation_speed.csv", rows)
