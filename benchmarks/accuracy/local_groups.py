"""Line groups of a few pixels, found and measured.

Net counts of a line group that an icon does not contain are put into 30 of its 6,336 pixels.
"""

from __future__ import annotations

import click
import numpy as np
import pandas as pd

from benchmarks.accuracy.paintings import INSTRUMENTS, load_painting
from benchmarks.tables import RESULTS, write_rows
from skxrf.physics import line_group
from skxrf.pretrained import load_pretrained
from skxrf.pretrained._axis import LINE_GROUPS

PALETTE, COUNTS, SEED = "icon_3", 5000.0, 3
NET_COUNTS, N_PIXELS, PIXEL_SEED = (100, 400), 30, 5
# Mean net counts up to which a line group counts as absent.
_MOST = 3.0


@click.command("local-groups")
def main() -> None:
    """Line groups put into a few pixels, found and measured."""
    scanner, painting = INSTRUMENTS["M6"], load_painting(PALETTE, "M6")
    counts = painting.counts(COUNTS, SEED).to_numpy().reshape(-1, painting.energy.size)
    rows = []
    for column, name in enumerate(LINE_GROUPS):
        own = np.zeros(len(counts))
        if name in painting.groups:
            own = painting.truth[..., painting.groups.index(name)].ravel() * COUNTS
        if own.mean() > _MOST:
            continue
        for net in NET_COUNTS:
            rng = np.random.default_rng(PIXEL_SEED)
            pixels = rng.choice(len(counts), N_PIXELS, replace=False)
            template = net * scanner.detector.template(line_group(name), scanner.edges)
            X = counts.copy()
            X[pixels] += rng.poisson(template, (N_PIXELS, template.size)).astype(X.dtype)
            model = load_pretrained().calibrated(X, painting.energy)
            values, errors = model.predict(X, return_std=True)
            off = values[pixels, column] - own[pixels] - net
            rows.append(
                {
                    "line_group": name,
                    "net_counts": net,
                    "fitted": name in model.painting_.template_fit.fitted_groups_,
                    "detected": name in model.detected(values, errors),
                    "mean": round(float(values[pixels, column].mean()), 1),
                    "rmse": round(float(np.sqrt(np.square(off).mean())), 1),
                    "claimed_error": round(float(errors[pixels, column].mean()), 1),
                }
            )
    table = pd.DataFrame(rows)
    write_rows(RESULTS / "accuracy_local_groups.csv", table)
    print(table.to_string(index=False))
