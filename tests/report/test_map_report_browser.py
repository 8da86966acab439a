"""The report of element maps in a real browser: what is seen, and what a click shows."""

import os
import re
import zlib
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from skxrf.metrics import z_score
from skxrf.report import write_map_report

LAPTOP_WIDTH, LAPTOP_HEIGHT = 1366, 657


@pytest.fixture(scope="module")
def report(painted, tmp_path_factory):
    cube, maps, truth, fit = painted
    path = tmp_path_factory.mktemp("page") / "maps.html"
    return write_map_report(maps, path, cube=cube, fit=fit, reference=truth)


def test_a_click_shows_the_spectrum_the_fit_and_the_values_of_that_pixel(visit, report, painted):
    cube, maps, _, fit = painted
    seen = visit(report)
    seen.look("laptop")
    for card, element, row, column in [("#map-1", "Fe_K", 9, 13), ("#map-3", "Pb_L", 19, 27)]:
        seen.click_pixel(card, row, column, (20, 28))
        spectrum = cube.to_numpy()[row, column]
        np.testing.assert_array_equal(seen.curve(1, "counts"), spectrum)
        components = fit.decompose(spectrum[None])[0][:, None] * fit.components_
        channels = fit.fitted_channels_
        np.testing.assert_allclose(
            seen.curve(1, "fit")[channels], components.sum(axis=0), rtol=3e-3, atol=1e-3
        )
        part = components[fit.fitted_groups_.index(element)]
        np.testing.assert_allclose(seen.curve(1, "part")[channels], part, rtol=3e-3, atol=1e-3)
        texts = seen.page.locator("#values li").all_inner_texts()
        for k, text in enumerate(texts):
            name, value, error = re.match(r"(\w+ \w)\s+([\d.,]+)\s+± ([\d.,]+)", text).groups()
            pixel = maps.isel(y=row, x=column, element=k)
            assert name.replace(" ", "_") == pixel["element"]
            digits = len(error.partition(".")[2])
            step = 0.51 * 10.0**-digits
            # Rounded twice: to four digits in the page, to the digits of its error when shown.
            stored = 1e-4 * float(pixel["intensity"])
            assert float(value.replace(",", "")) == pytest.approx(
                float(pixel["intensity"]), abs=step + stored
            )
            assert float(error.replace(",", "")) == pytest.approx(
                float(pixel["uncertainty"]), abs=step
            )
        assert seen.page.locator(f"{card}.picked").count() == 1
        x, y = 3 + 0.5 * column, 0.5 * row
        title = f"Pixel at x {x:g} mm, y {y:g} mm (row {row}, column {column})"
        assert seen.page.locator("#pixel-title").inner_text() == title
    seen.look("clicked")


def test_a_click_on_a_compared_map_chooses_the_pixel_as_well(visit, report, painted):
    cube = painted[0]
    seen = visit(report)
    seen.page.locator("#comparison").scroll_into_view_if_needed()
    seen.click_pixel('.comparison[data-name="Hg L"] [data-slot="z"]', 15, 6, (20, 28))
    np.testing.assert_array_equal(seen.curve(1, "counts"), cube.to_numpy()[15, 6])
    assert seen.page.locator("#map-2.picked").count() == 1
    seen.look("whole-page", full_page=True)


def test_crosshair_is_on_all_maps_at_the_same_pixel(visit, report):
    seen = visit(report)
    seen.page.locator("#map-0 .map").hover(position={"x": 20, "y": 30})
    places = seen.run(
        """() => [...document.querySelectorAll(".maps .map, .comparison .map")].map((map) => {
            const box = map.getBoundingClientRect();
            const cross = map.querySelector(".down").getBoundingClientRect();
            return cross.height ? (cross.left - box.left) / box.width : null;
        })"""
    )
    assert len(places) == 4 + 3 * 4
    assert None not in places
    assert np.ptp(places) < 0.01
    seen.page.wait_for_selector("#tip:not([hidden])")
    assert seen.page.locator("#tip").inner_text().startswith("Ca K: ")


def test_drag_zooms_both_charts_and_all_shows_everything_again(visit, report):
    seen = visit(report)
    before = [seen.picture_of(0), seen.picture_of(1)]
    box = seen.page.locator("#painting-chart .u-over").bounding_box()
    low, high = seen.run(
        "() => [6, 7.5].map((e) => mapReport.view.charts[0].plot.valToPos(e, 'x'))"
    )
    seen.page.mouse.move(box["x"] + low, box["y"] + 80)
    seen.page.mouse.down()
    seen.page.mouse.move(box["x"] + high, box["y"] + 90, steps=4)
    seen.page.mouse.up()
    shown = seen.run("() => [mapReport.view.from, mapReport.view.to]")
    assert shown == pytest.approx([6, 7.5], abs=0.06)
    after = [seen.picture_of(0), seen.picture_of(1)]
    assert after[0] != before[0]
    assert after[1] != before[1]
    seen.look("zoomed")
    seen.page.click("#zoom-in")
    closer = seen.run("() => mapReport.view.to - mapReport.view.from")
    assert closer == pytest.approx((shown[1] - shown[0]) / 1.6)
    seen.page.click("#zoom-all")
    assert seen.run("() => [mapReport.view.from, mapReport.view.to]") == pytest.approx([0, 19.86])


def test_switch_between_logarithmic_and_linear(visit, report):
    seen = visit(report)
    logarithmic = seen.picture_of(0)
    heights = "() => [10, 1000, 1990].map((n) => mapReport.view.charts[0].plot.valToPos(n, 'y'))"
    a, b, c = seen.run(heights)
    assert (a - b) > 3 * (b - c)
    seen.page.uncheck("#log")
    linear = seen.picture_of(0)
    assert linear != logarithmic
    a, b, c = seen.run(heights)
    assert (a - b) == pytest.approx(b - c)
    seen.look("linear")
    seen.page.check("#log")
    assert seen.picture_of(0) == logarithmic


def test_keys_move_the_pixel_and_the_energies(visit, report):
    seen = visit(report)
    seen.click_pixel("#map-0", 5, 5, (20, 28))
    seen.page.locator("#map-0 .map").focus()
    seen.page.keyboard.press("ArrowRight")
    seen.page.wait_for_selector('html[data-chosen="5,6"]')
    seen.page.keyboard.press("Shift+ArrowDown")
    seen.page.wait_for_selector('html[data-chosen="15,6"]')
    seen.page.locator("#pixel-chart .u-over").focus()
    seen.page.keyboard.press("+")
    seen.page.keyboard.press("l")
    assert seen.run("() => mapReport.view.to - mapReport.view.from") < 15
    assert not seen.page.is_checked("#log")


def test_everything_drawn_has_a_text_and_a_name(visit, report):
    seen = visit(report)
    labels = seen.run(
        """() => [...document.querySelectorAll('[role="img"]')].filter((e) => e.checkVisibility())
            .map((e) => e.getAttribute("aria-label"))"""
    )
    # Maps, comparisons with their histograms, charts.
    assert len(labels) == 4 + 3 * 4 + 4 + 3
    assert all(label and len(label) > 20 for label in labels)
    nameless = seen.run(
        """() => [...document.querySelectorAll("button, input, select")].filter(
            (e) => !(e.textContent.trim() || e.labels?.length || e.ariaLabel)).length"""
    )
    assert nameless == 0


def test_find_and_sort(visit, report, painted):
    seen = visit(report)
    seen.page.fill("#filter", "fe, hg_l")
    visible = seen.page.locator(".card:visible figcaption b").all_inner_texts()
    assert visible == ["Fe K", "Hg L"]
    assert seen.page.locator(".comparison:visible").count() == 2
    assert seen.page.locator("#element-table tbody tr:visible").count() == 2
    seen.page.fill("#filter", "U")
    assert seen.page.locator("#none").is_visible()
    seen.page.fill("#filter", "")
    seen.page.select_option("#sort", "total")
    top = painted[1]["intensity"].max(("y", "x")).to_series().sort_values(ascending=False)
    visible = seen.page.locator(".card:visible figcaption b").all_inner_texts()
    assert visible == [name.replace("_", " ") for name in top.index]
    seen.page.click('button[data-table="element-table"][data-column="1"]')
    values = seen.run(
        """() => [...document.querySelectorAll("#element-table tbody tr")].map(
            (row) => Number(row.cells[1].dataset.value))"""
    )
    assert values == sorted(values, reverse=True)


def test_colors_are_those_of_the_values(visit, report, painted):
    seen = visit(report)
    seen.page.select_option("#range", "all")
    seen.page.select_option("#colors", "gray")
    seen.page.wait_for_selector('#map-3 canvas[data-shows="intensity-3-gray-all"]')
    values = painted[1]["intensity"].sel(element="Pb_L").to_numpy()
    expected = np.floor(256 * (values - values.min()) / np.ptp(values)).clip(0, 255)
    red = seen.run(
        """() => Array.from(document.querySelector("#map-3 canvas").getContext("2d")
            .getImageData(0, 0, 28, 20).data).filter((_, i) => i % 4 === 0)"""
    )
    assert np.abs(np.reshape(red, (20, 28)) - expected).max() <= 1
    seen.page.select_option("#kind", "uncertainty")
    seen.page.wait_for_selector('#map-3 canvas[data-shows="uncertainty-3-gray-all"]')
    label = seen.page.locator("#map-3 .map").get_attribute("aria-label")
    assert label.startswith("Standard errors of Pb L")


def test_maps_show_the_reference_and_z_as_well(visit, painted, tmp_path):
    _, maps, truth, _ = painted
    known = truth.isel(element=[0, 1, 3])
    seen = visit(write_map_report(maps, tmp_path / "maps.html", reference=known))
    seen.page.select_option("#kind", "z")
    seen.page.wait_for_selector('#map-3 canvas[data-shows^="z-2-"]')
    z = z_score(known, maps["intensity"].sel(element=known["element"])).isel(element=2).to_numpy()
    colors = np.array([[255, 255, 255], [249, 212, 35], [215, 38, 30], [0, 0, 0]])
    expected = colors[np.searchsorted([1, 2, 3], z, side="left")]
    pixels = """(id) => Array.from(document.querySelector(`${id} canvas`).getContext("2d")
        .getImageData(0, 0, 28, 20).data)"""
    shown = np.reshape(seen.run(pixels, "#map-3"), (20, 28, 4))
    np.testing.assert_array_equal(shown[..., :3], expected)
    # Mercury has no reference: gray, and said so.
    seen.page.wait_for_selector('#map-2 canvas[data-shows^="z-null-"]')
    assert set(map(tuple, np.reshape(seen.run(pixels, "#map-2"), (-1, 4)))) == {
        (207, 212, 218, 255)
    }
    seen.page.locator("#map-2 .map").hover(position={"x": 20, "y": 30})
    seen.page.wait_for_selector("#tip:not([hidden])")
    assert "not in the reference" in seen.page.locator("#tip").inner_text()
    seen.look("z-maps")
    seen.page.select_option("#kind", "reference")
    seen.page.wait_for_selector('#map-3 canvas[data-shows^="reference-2-"]')


def many_elements(n):
    rng = np.random.default_rng(2)
    names = ["Ca_K", "Ti_K", "Fe_K", "Pb_L", "Rayleigh scatter of the tube, both detectors"]
    names = (names + [f"group {k}" for k in range(n)])[:n]
    values = rng.poisson(50, (30, 40, n)).astype(np.float32)
    maps = xr.DataArray(values, dims=("y", "x", "element"), coords={"element": names})
    return xr.Dataset({"intensity": maps, "uncertainty": np.sqrt(maps + 1)})


@pytest.mark.parametrize("n", [1, 30])
def test_one_element_and_thirty(n, visit, tmp_path):
    maps = many_elements(n)
    path = write_map_report(maps, tmp_path / "maps.html", reference=maps + 3.0)
    seen = visit(path)
    seen.look(f"elements-{n}")
    boxes = [seen.page.locator(f"#map-{k} .map").bounding_box() for k in range(n)]
    assert all(abs(box["width"] / box["height"] - 40 / 30) < 0.02 for box in boxes)
    assert all(box["width"] > 80 for box in boxes)
    # At a glance: the first rows of maps are in the window.
    assert sum(box["y"] + box["height"] < LAPTOP_HEIGHT for box in boxes) >= min(n, 10)
    assert seen.run("() => document.documentElement.scrollWidth") <= LAPTOP_WIDTH
    wide = """() => [...document.querySelectorAll(".color-bar")].filter(
        (bar) => bar.clientWidth && bar.scrollWidth > bar.clientWidth + 1).length"""
    assert seen.run(wide) == 0
    if n == 1:
        assert boxes[0]["width"] > 400


def test_print_on_a4_has_every_map_whole(visit, tmp_path):
    n = 14
    maps = many_elements(n)
    path = write_map_report(maps, tmp_path / "maps.html", reference=maps + 3.0)
    seen = visit(path)
    pdf = seen.page.pdf(format="A4", prefer_css_page_size=True, print_background=True)
    folder = Path(os.environ.get("SKXRF_SCREENSHOTS", tmp_path))
    (folder / "printed.pdf").write_bytes(pdf)
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert {(round(float(w)), round(float(h))) for w, h in boxes} == {(595, 842)}
    # A map over the end of a page is drawn on both pages: once in each would be too often.
    assert drawn_pictures(pdf) == n + 3 * n
    assert 4 <= len(boxes) <= 9


def drawn_pictures(pdf):
    """Number of times that the pages of a PDF draw a bitmap of 40 x 30 pixels."""
    objects = {
        int(number): body
        for number, body in re.findall(rb"\n(\d+) 0 obj\n?(.*?)endobj", pdf, re.DOTALL)
    }
    maps = {
        number
        for number, body in objects.items()
        if re.search(rb"/Width 40\b", body) and re.search(rb"/Height 30\b", body)
    }
    assert maps
    drawn = 0
    for body in objects.values():
        if not re.search(rb"/Type\s*/Page\b", body):
            continue
        names = {
            name for name, number in re.findall(rb"/(X\d+) (\d+) 0 R", body) if int(number) in maps
        }
        for number in re.findall(rb"/Contents (\d+) 0 R", body):
            content = objects[int(number)]
            stream = re.search(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL)[1]
            text = zlib.decompress(stream) if b"FlateDecode" in content else stream
            drawn += sum(text.count(b"/" + name + b" Do") for name in names)
    return drawn


def test_maps_that_show_nothing_are_there_on_demand(visit, tmp_path):
    maps = many_elements(6)
    path = write_map_report(maps, tmp_path / "maps.html", detected=["Fe_K", "Pb_L", "Xx"])
    seen = visit(path)
    visible = seen.page.locator(".card:visible figcaption b")
    assert visible.all_inner_texts() == ["Fe K", "Pb L"]
    assert seen.page.locator("#values li:visible").count() <= 3
    assert "Ca K, Ti K" in seen.page.locator("#not-seen").inner_text()
    # In the table they stand as not detected; by name they are found.
    row = seen.page.locator('#element-table tr[data-name="Ca K"]')
    assert row.inner_text().startswith("Ca K, not detected")
    seen.page.fill("#filter", "Ca")
    assert visible.all_inner_texts() == ["Ca K"]
    seen.page.fill("#filter", "")
    seen.page.select_option("#group", "all")
    assert visible.count() == 6
    seen.page.wait_for_function(
        "document.querySelectorAll('#values li:not([hidden])').length === 6"
    )


def test_ranges_stay_below_their_own_map(visit, tmp_path):
    maps = many_elements(30)
    maps["intensity"][:, :5] -= 300.0
    maps["intensity"][:, :5, 0] = 1e-10  # as a fit without negative values leaves it
    seen = visit(write_map_report(maps * 1000.0, tmp_path / "maps.html"))
    seen.look("narrow-maps")
    wide = seen.run(
        """() => [...document.querySelectorAll(".card .color-bar")]
            .filter((bar) => bar.scrollWidth > bar.clientWidth + 1).length"""
    )
    assert wide == 0
    assert seen.page.locator("#map-0 .color-bar").inner_text().split()[0] == "0"
