"""Scores of maps on a scan of the open benchmark."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from benchmarks.accuracy.errors import map_errors
from benchmarks.accuracy.paintings import TestPainting
from benchmarks.open_benchmark.scans import OpenScan

# Classes of pixels by their true intensity, in units of the bound of the pixel.
CLASSES = {"dim": (0.0, 2.0), "faint": (2.0, 10.0), "bright": (10.0, np.inf)}
# Digits that are kept: those that another processor reproduces.
_DIGITS = 4


def score_maps(maps: xr.Dataset | None, painting: TestPainting, scan: OpenScan) -> pd.DataFrame:
    """Score the maps of one scan.

    `maps` (y, x, element): intensities, and perhaps standard errors [counts]; None for a method
    that failed, which counts as empty maps. Returns a row for each judged line group: ``ratio`` of
    the root mean square error to the Cramer-Rao bound, ``ratio_dim``, ``ratio_faint``,
    ``ratio_bright`` by class of pixel, ``bias`` [counts], ``found``, ``within_one`` and
    ``within_two`` where errors are stated; and one for each line group that neither painting nor
    tube has, with ``invented``, the mean of the absolute values of its map [counts].
    """
    groups = scan.judged(painting)
    if maps is None:
        shape = painting.truth.shape[:2]
        empty = xr.DataArray(
            np.zeros((*shape, 0), np.float32), dims=("y", "x", "element"), coords={"element": []}
        )
        maps = empty.to_dataset(name="intensity")
    held = [str(name) for name in maps["element"].to_numpy()]
    table = pd.DataFrame(map_errors(maps, painting, scan.counts, groups)).set_index("element")
    bound = painting.bound(scan.counts)
    for name in groups:
        place = painting.groups.index(name)
        truth = painting.truth[..., place] * scan.counts
        found = maps["intensity"].sel(element=name).to_numpy() if name in held else 0.0
        squared, limit = (found - truth) ** 2, bound[..., place]
        for kind, (low, high) in CLASSES.items():
            inside = (truth >= low * limit) & (truth < high * limit)
            if inside.any():
                ratio = np.sqrt(squared[inside].mean() / np.square(limit[inside]).mean())
                table.loc[name, f"ratio_{kind}"] = ratio
    table["found"] = table.index.isin(held)
    # Scattered lines of the tube are in the spectra, though not in the painting.
    own = {*painting.groups, *(f"{painting.anode}_{shell}" for shell in "KLM")}
    absent = [name for name in held if name not in own]
    if absent:
        means = np.abs(maps["intensity"].sel(element=absent)).mean(("y", "x")).to_numpy()
        # As objects: pages of the table tell judged line groups by their ratio.
        table = table.astype({"found": object}).reindex([*table.index, *absent])
        table.loc[absent, "invented"] = means
    wanted = ["mean_counts", "ratio", *(f"ratio_{kind}" for kind in CLASSES), "bias", "found"]
    wanted += ["within_one", "within_two", "invented"]
    return table.reindex(columns=wanted).round(_DIGITS).reset_index(names="element")
