"""Report of a large scan in a browser: time to open it, and from the end of a drag to its spectrum.

Chromium without a window, as in the tests of the report; medians of repeats, beside the load of the machine.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from statistics import median

import click
import dask.array as da
import numpy as np
import xarray as xr

from benchmarks.tables import RESULTS, write_rows
from benchmarks.timing import load
from skxrf.report import write_map_report

SHAPE = (500, 1000)
N_CHANNELS = 1024
ELEMENTS = ("Ca_K", "Mn_K", "Fe_K", "Cu_K", "Sr_K", "Hg_L", "Pb_L", "Pb_M")
REPEATS = 5


def write_page(folder: Path) -> Path:
    """Write the report of a scan of bands and noise, with its spectra."""
    rng = np.random.default_rng(0)
    bands = 50 + 40 * np.sin(np.arange(SHAPE[0])[:, None, None] / 40 + np.arange(len(ELEMENTS)))
    intensity = rng.poisson(np.broadcast_to(bands, (*SHAPE, len(ELEMENTS)))).astype(np.float32)
    axes = {"y": 0.5 * np.arange(SHAPE[0]), "x": 0.5 * np.arange(SHAPE[1])}
    maps = xr.DataArray(
        intensity,
        dims=("y", "x", "element"),
        coords={**axes, "element": list(ELEMENTS)},
        name="intensity",
        attrs={"units": "counts"},
    )
    energy = 0.02 * np.arange(N_CHANNELS)
    spectrum = 0.2 + 20 * np.exp(-0.5 * ((energy - 6.4) / 0.06) ** 2)
    # The same rows again, farther apart than deflate looks back: the page does not become smaller by it.
    rows = rng.poisson(np.broadcast_to(spectrum, (20, SHAPE[1], N_CHANNELS))).astype(np.uint16)
    counts = da.concatenate([da.from_array(rows, chunks=rows.shape)] * (SHAPE[0] // len(rows)))
    cube = xr.DataArray(counts, dims=("y", "x", "energy"), coords={**axes, "energy": energy})
    return write_map_report(maps, folder / "report.html", cube=cube)


@click.command("report-speed")
def main() -> None:
    """Time to open a report of 500,000 pixels and to answer a drag in it."""
    from playwright.sync_api import sync_playwright

    opening: list[float] = []
    answering: list[float] = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as api:
        page_file = write_page(Path(folder))
        megabytes = page_file.stat().st_size / 1e6
        browser = api.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for _ in range(REPEATS):
            page = browser.new_page(viewport={"width": 1366, "height": 657})
            start = time.perf_counter()
            page.goto(page_file.as_uri())
            page.wait_for_selector("html.ready")
            opening.append(time.perf_counter() - start)
            frame = page.locator("#map-0 .map").bounding_box()
            assert frame is not None
            page.mouse.move(frame["x"] + 20, frame["y"] + 20)
            page.mouse.down()
            page.mouse.move(frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] / 2)
            start = time.perf_counter()
            page.mouse.up()
            page.wait_for_function("mapReport.regions.length === 1")
            answering.append(time.perf_counter() - start)
            page.close()
        browser.close()
    row = {
        "pixels": SHAPE[0] * SHAPE[1],
        "megabytes": round(megabytes, 1),
        "open_s": round(median(opening), 2),
        "drag_s": round(median(answering), 3),
        **load(),
    }
    print(row, opening, answering, flush=True)
    write_rows(RESULTS / "report_speed.csv", [row])
