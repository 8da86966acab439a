"""Maps in a notebook: what the outputs contain, and a real Jupyter server in a real browser."""

import base64
import html
import io
import json
import re
import socket
import subprocess
import sys
import time
import urllib.request

import numpy as np
import pytest
from PIL import Image

import skxrf.io  # noqa: F401 - registers the accessor
from skxrf.io import save_cube, save_maps

CODE = """\
from skxrf.io import open_cube, open_maps
open_maps("maps.nc").xrf.explore(open_cube("cube.h5"))
"""


def test_explore_is_the_report_in_a_frame(painted):
    cube, maps, _, fit = painted
    shown = maps.xrf.explore(cube, fit=fit, height=500, title='A "panel" & more')
    frame = shown._repr_html_()
    assert "height: 500px" in frame
    page = html.unescape(re.fullmatch(r'<iframe srcdoc="([^"]*)" .*</iframe>', frame, re.DOTALL)[1])
    assert page == shown.page
    assert page.startswith("<!DOCTYPE html>")
    assert 'id="amplitudes-0"' in page


def test_accessor_of_maps_is_shown_as_small_maps(painted):
    cube, maps, _, _ = painted
    holes = maps["intensity"].copy(deep=True)
    holes[0, 0, 1] = np.nan
    shown = holes.xrf._repr_html_()
    assert shown.count("<img") == 4
    assert "4 element maps, 20 × 28 pixels" in shown
    pictures = re.findall(r"base64,([^\"]*)", shown)
    with Image.open(io.BytesIO(base64.b64decode(pictures[1]))) as picture:
        colors = np.asarray(picture)
    assert colors.shape == (20, 28, 3)
    assert colors[0, 0].tolist() == [207, 207, 207]
    brightest = np.unravel_index(colors.astype(int).sum(axis=2).argmax(), (20, 28))
    iron = maps["intensity"].sel(element="Fe_K").to_numpy()
    assert iron[brightest] > np.percentile(iron, 99)
    assert cube.xrf._repr_html_() is None


@pytest.fixture
def server(tmp_path):
    """Address of a Jupyter server whose folder is `tmp_path`."""
    pytest.importorskip("jupyterlab", reason="jupyterlab is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", f"--port={port}", "--allow-root"]
    command += ["--IdentityProvider.token=", f"--ServerApp.root_dir={tmp_path}"]
    address = f"http://127.0.0.1:{port}"
    with (tmp_path / "server.log").open("w") as log:
        process = subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=log)
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"{address}/api", timeout=5).close()
                break
            except OSError:
                assert process.poll() is None, (tmp_path / "server.log").read_text()
                time.sleep(0.5)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=30)


def test_a_notebook_shows_the_page_and_it_answers(server, browser, painted, tmp_path):
    cube, maps, _, _ = painted
    save_cube(cube, tmp_path / "cube.h5")
    save_maps(maps, tmp_path / "maps.nc")
    cell = {"cell_type": "code", "execution_count": None, "id": "one", "metadata": {}}
    cell |= {"outputs": [], "source": CODE}
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = {"cells": [cell], "metadata": {"kernelspec": spec}, "nbformat": 4}
    (tmp_path / "maps.ipynb").write_text(json.dumps(notebook | {"nbformat_minor": 5}))
    page = browser.new_page()
    try:
        page.goto(f"{server}/lab/tree/maps.ipynb")
        page.get_by_text("| Idle").wait_for()
        page.locator(".jp-Notebook .jp-CodeCell .cm-content").click()
        page.keyboard.press("Shift+Enter")
        frame = page.frame_locator(".jp-OutputArea iframe")
        frame.locator("html.ready").wait_for(state="attached")
        frame.locator("#map-1 .map").click()
        title = frame.locator("#pixel-title").inner_text()
        assert title.startswith("Pixel at x ")
    finally:
        page.close()
