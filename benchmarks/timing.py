"""Times of competing calls, taken in turns so that all meet the same state of the machine."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Times:
    """Repeated times of one call [s]."""

    # wall, processor: wall time and time of all the process's threads of each turn. Where other
    # processes use the machine, the processor time is the steadier one.
    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def per_second(self, n: int) -> int:
        """Items per second of wall time, by the median turn."""
        return round(n / median(self.wall))

    def per_processor_second(self, n: int) -> int:
        """Items per second of processor time, by the median turn."""
        return round(n / median(self.processor))


def in_turns(
    calls: Mapping[Any, Callable[[], Any]], repeats: int, *, warm_up: bool = True
) -> dict[Any, Times]:
    """Time calls in turns.

    `warm_up`: whether a first turn that does not count goes ahead. Returns times by the keys of
    `calls`, whose order is reversed in every other turn.
    """
    times = {key: Times() for key in calls}
    for turn in range(-int(warm_up), repeats):
        ordered = list(calls) if turn % 2 == 0 else list(reversed(list(calls)))
        for key in ordered:
            start = time.perf_counter(), time.process_time()
            calls[key]()
            if turn >= 0:
                times[key].wall.append(time.perf_counter() - start[0])
                times[key].processor.append(time.process_time() - start[1])
    return times


def load() -> dict[str, float | int | None]:
    """Mean number of processes that want to run, this one among them, and the cores there are."""
    return {"load": round(os.getloadavg()[0], 1), "cores": os.cpu_count()}
