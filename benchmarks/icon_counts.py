"""Mean true counts of each line group of the four simulated icons, beside those of a real icon.

For 5,000 counts per pixel on average: on the M6's own axis, which
counts more of the scatter, and on that of :func:`skxrf.datasets.make_painting`; and for several
seeds of the test icon. The palettes were written down before any network was trained on them.
"""

from __future__ import annotations

import click
import numpy as np

from benchmarks.tables import RESULTS, write_rows
from skxrf.simulation import Instrument
from skxrf.simulation.paintings._scan import DEFAULT_LINE_GROUPS, painting_scan

__all__ = ["ICONS", "REFERENCE", "SEED", "STEP", "icon_means"]

ICONS = ("icon_1", "icon_2", "icon_3", "icon_test")
REFERENCE = dict(
    zip(
        DEFAULT_LINE_GROUPS,
        (29.0, 12.0, 118.0, 33.0, 26.0, 446.0, 1105.0, 33.0, 73.0, 515.0, 753.0),
        strict=True,
    )
)
SEED, STEP = 6, 4.0  # mm
# Other seeds of the test icon.
SEEDS = (0, 1, 2, 3)
# Offset and gain [keV] and channels: the M6's own range, and that of make_painting.
AXES = ((-0.9555, 0.02, 2048), (0.0, 0.025, 1024))


def icon_means(
    name: str, seed: int, instrument: Instrument, step: float = STEP
) -> dict[str, float]:
    """Mean true net counts per pixel of each line group of an icon."""
    scan = painting_scan(name, pixel_size=step, instrument=instrument, random_state=seed)
    truth = np.concatenate([maps for _, _, maps in scan.blocks()])
    means = truth.mean(axis=(0, 1), dtype=np.float64).tolist()
    return dict(zip(scan.renderer.groups, means, strict=True))


def worst_factor(means: dict[str, float]) -> float:
    """The largest factor between mean counts and those of the real icon."""
    return max(max(means[group] / m, m / means[group]) for group, m in REFERENCE.items())


@click.command("icon-counts")
def main() -> None:
    """Mean counts of the simulated icons beside those of a real icon."""
    scanner = Instrument.m6_jetstream()
    rows: list[dict[str, object]] = [
        {"icon": "real icons", "axis_kev": "", "seed": "", "worst_factor": "", **REFERENCE}
    ]
    runs = [(name, seed, AXES[0]) for name in ICONS for seed in (SEED,)]
    runs += [("icon_test", SEED, AXES[1]), *(("icon_test", seed, AXES[0]) for seed in SEEDS)]
    for name, seed, (offset, gain, n_channels) in runs:
        means = icon_means(name, seed, scanner.with_axis(offset, gain, n_channels))
        row = {
            "icon": name,
            "axis_kev": f"{offset:g} to {offset + gain * n_channels:.1f}",
            "seed": seed,
            "worst_factor": f"{worst_factor(means):.2f}",
        }
        rows.append({**row, **{group: f"{mean:.1f}" for group, mean in means.items()}})
        print(rows[-1], flush=True)
    write_rows(RESULTS / "icon_counts.csv", rows)
