"""Small painting and its fit; pages in a real browser."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from skxrf.inference import predict_maps
from skxrf.linear_model import TemplateFitRegressor
from skxrf.physics import DetectorResponse, line_group
from skxrf.samples import to_samples
from skxrf.utils.energy import bin_edges

LAPTOP = {"width": 1366, "height": 657}  # what a browser's own bars leave of 768
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
]


def chromium():
    names = ("chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """A context of Chromium; `playwright install` is not needed where one is installed."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if chromium() is None:
        pytest.skip("no chromium or google-chrome is installed")
    with playwright.sync_playwright() as api:
        context = api.chromium.launch_persistent_context(
            str(tmp_path_factory.mktemp("profile")),
            executable_path=chromium(),
            args=SWITCHES,
            viewport=LAPTOP,
            accept_downloads=True,
        )
        # The machine may be busy with other things.
        context.set_default_timeout(120_000)
        yield context
        context.close()


class Visit:
    """A page, and all that it asked for and complained of."""

    def __init__(self, browser, path, screenshots):
        self.page = browser.new_page()
        self.requests, self.complaints = [], []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.uri, self.screenshots = path.as_uri(), screenshots
        self.page.goto(self.uri)
        self.page.wait_for_selector("html.ready")

    def look(self, name, **options):
        folder = Path(os.environ.get("SKXRF_SCREENSHOTS", self.screenshots))
        folder.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=folder / f"{name}.png", **options)

    def run(self, script, *arguments):
        return self.page.evaluate(script, *arguments)

    def curve(self, chart, key):
        """Counts that a chart shows, by energy."""
        return np.array(
            self.run(
                "([chart, key]) => Array.from("
                "mapReport.view.charts[chart].curves.find((c) => c.key === key).y, "
                "(count) => count ?? NaN)",
                [chart, key],
            )
        )

    def click_pixel(self, card, row, column, shape):
        frame = self.page.locator(f"{card} .map")
        box = frame.bounding_box()
        place = {
            "x": (column + 0.5) / shape[1] * box["width"],
            "y": (row + 0.5) / shape[0] * box["height"],
        }
        frame.click(position=place)
        self.page.wait_for_selector(f'html[data-chosen="{row},{column}"]')

    def picture_of(self, chart):
        """Bytes of what a chart's canvas shows."""
        return self.run("(k) => mapReport.view.charts[k].plot.ctx.canvas.toDataURL()", chart)


@pytest.fixture
def visit(browser, tmp_path):
    visits = []

    def open_page(path):
        visits.append(Visit(browser, path, tmp_path / "screenshots"))
        return visits[-1]

    yield open_page
    for one in visits:
        one.page.close()
        assert one.complaints == []
        assert set(one.requests) == {one.uri}


@pytest.fixture(scope="session")
def painted():
    """A small painting in millimeters: cube, maps and standard errors of a fit, truth, the fit.

    Its spectra are templates and noise: the simulator would take longer than the tests.
    """
    elements = ["Ca_K", "Fe_K", "Hg_L", "Pb_L"]
    energy = -0.1 + 0.04 * np.arange(500)
    edges = bin_edges(energy)
    detector = DetectorResponse()
    templates = np.array([detector.template(line_group(name), edges) for name in elements])
    y, x = np.mgrid[:20, :28]
    level = np.stack(
        [
            300 + 250 * np.sin(x / 4),
            900 * (np.hypot(y - 9, x - 13) < 6),
            400 * (y > 12) + 5,
            40 * x + 20 * y,
        ],
        axis=-1,
    )
    continuum = 1.5 * np.exp(-energy / 12) * (energy > 0.3)
    counts = np.random.default_rng(11).poisson(level @ templates + continuum).astype(np.uint16)
    coords = {"y": 0.5 * np.arange(20), "x": 3 + 0.5 * np.arange(28)}
    attrs = {"source": "panel.h5", "history": "opened panel.h5", "tube": "Rh, 50 kV"}
    cube = xr.DataArray(
        counts, dims=("y", "x", "energy"), coords={**coords, "energy": energy}, attrs=attrs
    )
    truth = xr.DataArray(
        level.astype(np.float32),
        dims=("y", "x", "element"),
        coords={**coords, "element": elements},
        attrs={"units": "counts"},
    )
    fit = TemplateFitRegressor(elements, energy=energy, nuisance="none", refine=False)
    fit.fit(to_samples(cube).to_numpy())
    return cube, predict_maps(fit, cube, return_std=True), truth, fit
