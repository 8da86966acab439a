"""Regions, large map, scatter plot and paints of the report in a real browser, against the arrays."""

import csv
import json

import numpy as np
import pytest
import xarray as xr
from PIL import Image

from skxrf.io import open_maps
from skxrf.report import write_map_report

SHAPE = (20, 28)


@pytest.fixture(scope="module")
def report(painted, tmp_path_factory):
    cube, maps, _, fit = painted
    path = tmp_path_factory.mktemp("page") / "maps.html"
    return write_map_report(maps, path, cube=cube, fit=fit)


def drag(seen, frame, points, *, steps=4):
    """Drag over a map; points are rows and columns, fractions included."""
    box = seen.page.locator(frame).bounding_box()
    places = [
        (box["x"] + column / SHAPE[1] * box["width"], box["y"] + row / SHAPE[0] * box["height"])
        for row, column in points
    ]
    n = seen.run("() => mapReport.regions.length")
    seen.page.mouse.move(*places[0])
    seen.page.mouse.down()
    for place in places[1:]:
        seen.page.mouse.move(*place, steps=steps)
    seen.page.mouse.up()
    seen.page.wait_for_function(f"mapReport.regions.length === {n + 1}")
    return region(seen, n)


def region(seen, k):
    """A region's mask, means, errors, and sum spectrum."""
    found = seen.run(
        """(k) => { const { mask, means, spectrum, pixels } = mapReport.regions[k]; return {
            mask: Array.from(mask), pixels, mean: means.map((m) => m.mean),
            error: means.map((m) => m.error), counts: spectrum && Array.from(spectrum.counts),
            fit: spectrum?.fit && spectrum.fit.total.map((v) => v ?? NaN) }; }""",
        k,
    )
    found["mask"] = np.reshape(found["mask"], SHAPE).astype(bool)
    return found


def saved(seen, button, folder):
    with seen.page.expect_download() as download:
        seen.page.click(button)
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def require_measured(found, painted):
    """Mean, error and spectrum of a region are those of its pixels."""
    cube, maps, _, fit = painted
    mask = found["mask"]
    assert found["pixels"] == mask.sum()
    inside = maps["intensity"].to_numpy()[mask]
    np.testing.assert_allclose(found["mean"], inside.mean(axis=0), rtol=1e-4)
    errors = maps["uncertainty"].to_numpy()[mask].astype(float)
    expected = np.sqrt((errors**2).sum(axis=0)) / mask.sum()
    np.testing.assert_allclose(found["error"], expected, rtol=1e-3)
    spectra = cube.to_numpy()[mask]
    np.testing.assert_array_equal(found["counts"], spectra.sum(axis=0))
    fitted = (fit.decompose(spectra) @ fit.components_).sum(axis=0)
    np.testing.assert_allclose(
        np.array(found["fit"])[fit.fitted_channels_], fitted, rtol=3e-3, atol=0.05
    )


def test_rectangle_and_lasso_give_means_and_spectra_of_their_pixels(
    visit, report, painted, tmp_path
):
    seen = visit(report)
    found = drag(seen, "#map-1 .map", [(3.3, 2.6), (17.4, 26.2)])
    expected = np.zeros(SHAPE, bool)
    expected[3:18, 2:27] = True
    np.testing.assert_array_equal(found["mask"], expected)
    require_measured(found, painted)
    seen.page.check("[name=tool][value=lasso]", force=True)
    triangle = drag(seen, "#map-2 .map", [(1, 1), (1, 20), (15, 1)])
    rows, columns = np.mgrid[:20, :28] + 0.5
    inside = (rows > 1) & (columns > 1) & ((columns - 1) / 19 + (rows - 1) / 14 < 1)
    assert (triangle["mask"] ^ inside).sum() <= 12
    require_measured(triangle, painted)
    seen.look("regions")
    assert seen.page.locator("#region-list li").count() == 2
    assert seen.page.locator("#map-0 .overlay").is_visible()
    table = saved(seen, "#save-means", tmp_path).read_text().splitlines()
    rows = {row[0]: row[1:] for row in csv.reader(table)}
    assert rows["pixels"] == [str(found["pixels"]), "", str(triangle["pixels"]), ""]
    np.testing.assert_allclose(
        np.array([rows[name] for name in ("Ca_K", "Pb_L")], float)[:, 0],
        np.array(found["mean"])[[0, 3]],
        rtol=1e-6,
    )
    spectra = np.genfromtxt(saved(seen, "#save-spectra", tmp_path), delimiter=",", skip_header=1)
    np.testing.assert_allclose(spectra[:, 0], painted[0]["energy"], atol=1e-6)
    np.testing.assert_allclose(
        spectra[:, 3] * triangle["pixels"], triangle["counts"], rtol=1e-6, atol=1e-6
    )
    mask = open_maps(saved(seen, "#save-mask", tmp_path))
    assert mask["element"].to_numpy().tolist() == ["Region_2"]
    array = mask["intensity"] if isinstance(mask, xr.Dataset) else mask
    np.testing.assert_array_equal(array.to_numpy()[..., 0], triangle["mask"])
    seen.page.click("#clear-regions")
    assert not seen.page.locator("#regions").is_visible()
    assert not seen.page.locator("#map-0 .overlay").is_visible()
    seen.click_pixel("#map-0", 5, 5, SHAPE)


def test_region_of_summed_spectra_takes_the_squares_whose_middle_is_inside(visit, tmp_path):
    rng = np.random.default_rng(3)
    shape = (70, 90)
    counts = rng.poisson(50.0, (*shape, 400)).astype(np.uint16)
    coords = {"energy": 0.5 + 0.05 * np.arange(400)}
    cube = xr.DataArray(counts, dims=("y", "x", "energy"), coords=coords)
    values = rng.normal(100, 5, (*shape, 2)).astype(np.float32)
    coords = {"element": ["Fe_K", "Ca_K"]}
    maps = xr.DataArray(values, dims=("y", "x", "element"), coords=coords)
    seen = visit(write_map_report(maps, tmp_path / "m.html", cube=cube, max_bytes=2_000_000))
    side = seen.run("() => mapReport.page.spectra.side")
    assert side > 1
    inside = np.zeros(shape, bool)
    inside[3:66, 5:90] = True
    script = (
        "(m) => mapReport.addRegion(Uint8Array.from(m)).then((r) => Array.from(r.spectrum.counts))"
    )
    found = seen.run(script, inside.ravel().astype(int).tolist())
    expected = np.zeros(400)
    for row in range(0, shape[0], side):
        for column in range(0, shape[1], side):
            middle = min(row + side // 2, shape[0] - 1), min(column + side // 2, shape[1] - 1)
            if inside[middle]:
                square = counts[row : row + side, column : column + side]
                expected += square.sum(axis=(0, 1), dtype=np.int64)
    np.testing.assert_array_equal(found, expected)
    said = seen.page.locator("#region-spectra").inner_text()
    assert f"squares of {side} × {side} pixels" in said
    region = seen.run("() => mapReport.regions[0].means[0]")
    assert region["mean"] == pytest.approx(values[inside][:, 0].mean(), rel=1e-4)
    # One pixel: the square that it lies in.
    one = np.zeros(shape, int)
    one[8, 9] = 1
    found = seen.run(script, one.ravel().tolist())
    row, column = 8 // side * side, 9 // side * side
    square = counts[row : row + side, column : column + side].sum(axis=(0, 1))
    np.testing.assert_array_equal(found, square)


def test_threshold_and_scatter_mark_pixels(visit, report, painted):
    values = painted[1]["intensity"].to_numpy()
    seen = visit(report)
    seen.click_pixel("#map-1", 9, 13, SHAPE)
    seen.page.fill("#from", "450")
    seen.page.click("#threshold button")
    seen.page.wait_for_function("mapReport.regions.length === 1")
    np.testing.assert_array_equal(region(seen, 0)["mask"], values[..., 1] >= 450)
    seen.page.fill("#from", "1e9")
    seen.page.click("#threshold button")
    seen.page.wait_for_function("document.getElementById('region-note').textContent !== ''")
    assert "no pixel" in seen.page.locator("#region-note").inner_text()
    seen.page.click("#show-scatter")
    seen.page.select_option("#scatter-x", label="Pb L")
    seen.page.select_option("#scatter-y", label="Fe K")
    seen.page.wait_for_selector('#scatter-plot .u-over[aria-label*="Fe K against Pb L"]')
    box = seen.page.locator("#scatter-plot .u-over").bounding_box()
    middle, half = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    seen.page.mouse.move(middle, half)
    seen.page.mouse.down()
    seen.page.mouse.move(box["x"] + box["width"] - 1, box["y"] + 1, steps=4)
    seen.page.mouse.up()
    seen.page.wait_for_function("mapReport.regions.length === 2")
    seen.look("scatter")
    lead, iron = values[..., 3], values[..., 1]
    limits = [(v.min() + v.max()) / 2 for v in (lead, iron)]
    expected = (lead > limits[0]) & (iron > limits[1])
    assert expected.sum() > 20
    assert (region(seen, 1)["mask"] ^ expected).sum() <= 0.03 * expected.sum() + 1


def test_large_map_zooms_with_its_own_range_and_saves_what_is_seen(
    visit, report, painted, tmp_path
):
    maps = painted[1]
    seen = visit(report)
    seen.page.click("#map-3 ~ * .enlarge, #map-3 .enlarge")
    assert seen.page.locator("#large-map .map").is_visible()
    seen.page.fill("#large-low", "100")
    seen.page.fill("#large-high", "900")
    seen.page.press("#large-high", "Enter")
    seen.page.wait_for_selector('#large-map canvas[data-shows$="100,900"]')
    seen.page.check("[name=tool][value=move]", force=True)
    box = seen.page.locator("#large-map .map").bounding_box()
    corner = box["x"] + 2, box["y"] + 2
    seen.page.mouse.move(*corner)
    for _ in range(4):
        seen.page.mouse.wheel(0, -250)
    seen.page.wait_for_function(
        "new DOMMatrix(getComputedStyle(document.querySelector('#large-map .content')).transform).a > 4"
    )
    seen.look("large")
    rows = list(csv.reader(saved(seen, "#large-csv", tmp_path).read_text().splitlines()))
    assert rows[0] == ["y [mm]", "x [mm]", "Pb_L [counts]"]
    table = np.array(rows[1:], float)
    assert 4 <= len(table) < 60
    part = maps["intensity"].sel(element="Pb_L")
    expected = part.sel(y=xr.DataArray(table[:, 0]), x=xr.DataArray(table[:, 1]), method="nearest")
    np.testing.assert_allclose(table[:, 2], expected, rtol=1e-4)
    with Image.open(saved(seen, "#large-png", tmp_path)) as picture:
        assert picture.size[0] >= 1200
    seen.page.click("#large-close")
    assert seen.page.locator("#map-0 .map").is_visible()


@pytest.mark.parametrize(
    ("safe", "primaries"),
    [(False, np.eye(3) * 255), (True, [[255, 128, 0], [0, 255, 255], [128, 0, 255]])],
)
def test_composite_adds_up_the_light_of_three_maps(safe, primaries, visit, report, painted):
    seen = visit(report)
    seen.page.select_option("#range", "all")
    seen.page.click("#show-rgb")
    for c, name in enumerate(["Hg L", "Fe K", "Pb L"]):
        seen.page.locator("#rgb-channels select").nth(c).select_option(label=name)
    if safe:
        seen.page.check("#rgb-safe")
    seen.page.wait_for_selector(
        f'#large-map canvas[data-shows="rgb-2,1,3-1,1,1-{"safe" if safe else "plain"}-all"]'
    )
    seen.look(f"composite-{safe}")
    values = painted[1]["intensity"].to_numpy()[..., [2, 1, 3]].astype(float)
    shares = (values - values.min((0, 1))) / np.ptp(values, axis=(0, 1))
    pixels = seen.run(
        """() => Array.from(document.querySelector("#large-map canvas").getContext("2d")
            .getImageData(0, 0, 28, 20).data)"""
    )
    expected = np.clip(shares @ np.asarray(primaries, float), 0, 255)
    assert np.abs(np.reshape(pixels, (*SHAPE, 4))[..., :3] - expected).max() <= 1


def with_paints(painted):
    cube, maps, _, _ = painted
    paint = np.zeros(SHAPE, np.int16)
    paint[5:12, 8:20] = 1
    paint[0, :3] = -1
    spectra = np.stack([cube.to_numpy()[paint == k].mean(axis=0) for k in (0, 1)])
    data = {kind: maps[kind] for kind in ("intensity", "uncertainty")}
    data |= {"paint": (("y", "x"), paint), "paint_spectrum": (("paint", "energy"), spectra)}
    return xr.Dataset(data, coords={"energy": cube["energy"].to_numpy()}), paint, spectra


@pytest.mark.parametrize("with_cube", [True, False])
def test_paints_are_a_map_with_mean_spectra(with_cube, visit, painted, tmp_path):
    maps, paint, spectra = with_paints(painted)
    cube = painted[0] if with_cube else None
    seen = visit(write_map_report(maps, tmp_path / "maps.html", cube=cube))
    chart = 2 if with_cube else 0
    shown = seen.curve(chart if not with_cube else 2, "paint-1")
    bright = spectra[1] > 1e-3 * spectra.max()
    np.testing.assert_allclose(shown[bright], spectra[1][bright], rtol=1e-4)
    assert seen.page.locator("#paint-table tbody tr").all_inner_texts() == [
        f"Paint {k + 1}\t{(paint == k).sum()}\t{100 * (paint == k).mean():.0f} %" for k in (0, 1)
    ]
    box = seen.page.locator("#paint-map .map").bounding_box()
    seen.page.locator("#paint-map").scroll_into_view_if_needed()
    seen.page.locator("#paint-map .map").click(
        position={"x": 13.5 / 28 * box["width"], "y": 8.5 / 20 * box["height"]}
    )
    seen.page.wait_for_function("mapReport.regions.length === 1")
    np.testing.assert_array_equal(region(seen, 0)["mask"], paint == 1)
    seen.look(f"paints-{with_cube}", full_page=True)


def test_warnings_stand_above_the_maps_and_evidence_with_the_element(visit, painted, tmp_path):
    cube, maps, _, _ = painted
    entry = {"line_group": "Hg_L", "answer": "instrument", "significance": 7.2}
    entry |= {
        "reason": "7 standard errors; Hg L or W L",
        "competitor": "W_L",
        "limit_per_pixel": 3.0,
    }
    marked = maps.assign_attrs(evidence=json.dumps([entry]))
    marked["intensity"] = marked["intensity"].copy()
    marked["intensity"][0, 0, 0] = np.nan
    path = write_map_report(marked, tmp_path / "maps.html", cube=cube, warnings=["Few counts."])
    seen = visit(path)
    texts = seen.page.locator("#warnings li").all_inner_texts()
    assert texts[0] == "Few counts."
    assert texts[1] == "Signals that are not of the object: Hg L (instrument)."
    assert "1 of 560 pixels" in texts[2]
    banner = seen.page.locator("#warnings").bounding_box()
    assert banner["y"] + banner["height"] < seen.page.locator("#map-0").bounding_box()["y"]
    assert seen.page.locator("#map-2 .doubt").count() == 1
    seen.click_pixel("#map-2", 15, 6, SHAPE)
    said = seen.page.locator("#evidence").inner_text()
    assert said.startswith("Hg L: not of the object, but instrument")
    assert "Hg L or W L; could be W_L; 7.2 standard errors in the sum spectrum" in said
    assert said.count("standard errors") == 1
    assert "limit of detection 3 counts a pixel" in said
    seen.click_pixel("#map-0", 15, 6, SHAPE)
    assert not seen.page.locator("#evidence").is_visible()


@pytest.mark.parametrize(("rows", "columns"), [(1, 28), (20, 1), (1, 1), (5, 5)])
def test_layouts_of_odd_scans_hold(rows, columns, visit, painted, tmp_path):
    cube, maps, _, fit = painted
    part = {"y": slice(0, rows), "x": slice(0, columns)}
    path = write_map_report(maps.isel(part), tmp_path / "m.html", cube=cube.isel(part), fit=fit)
    seen = visit(path)
    seen.look(f"scan-{rows}-{columns}")
    assert seen.run("() => document.documentElement.scrollWidth") <= 1366
    if rows * columns == 1:
        assert not seen.page.locator("#maps").is_visible()
        assert seen.page.locator("#values li").count() == 4
        # The size of a single pixel is not known.
        assert "mm" not in seen.page.locator(".facts-line").inner_text()
        return
    box = seen.page.locator("#map-0 .map").bounding_box()
    assert box["height"] >= 20
    assert box["width"] >= 20
    assert box["height"] < 600


def brightest(maps):
    top = maps["intensity"].max(("y", "x"))
    return str(top["element"][int(top.to_numpy().argmax())].item()).replace("_", " ")


def test_phone_and_dark_and_enlarged_page(visit, report, painted):
    seen = visit(report)
    seen.page.set_viewport_size({"width": 375, "height": 667})
    assert seen.run("() => document.documentElement.scrollWidth") <= 375
    card = seen.page.locator("#map-3 .map")
    card.scroll_into_view_if_needed()
    card.click()
    seen.look("phone")
    cut = """() => [...document.querySelectorAll(".chart-head .u-legend")].filter(
        (legend) => legend.scrollWidth > legend.clientWidth).length"""
    assert seen.run(cut) == 0
    # Where names have no room, the picked one and the brightest stay.
    named = """(room) => {
        const elements = mapReport.page.elements;
        return mapReport.view.charts[0].named(elements, elements[0], room).map((e) => e.label);
    }"""
    assert seen.run(named, 2.5) == ["Ca K", brightest(painted[1])]
    assert len(seen.run(named, 9)) == 4
    # The spectrum is in the window, and does not cover what was clicked.
    chart, box = seen.page.locator("#pixel-chart .u-over").bounding_box(), card.bounding_box()
    assert 0 <= chart["y"] <= 667 - chart["height"]
    assert box["y"] + box["height"] / 2 < chart["y"]
    seen.page.set_viewport_size({"width": 683, "height": 328})
    assert seen.run("() => document.documentElement.scrollWidth") <= 683
    seen.look("zoomed-200")
    seen.page.set_viewport_size({"width": 1366, "height": 657})
    # A color that refers to itself is none.
    undefined = """() => [...document.querySelectorAll("style")].flatMap(
        (style) => [...style.textContent.matchAll(/:root[^{]*{([^}]*)}/g)]
    ).flatMap(([, colors]) => colors.match(/--[\\w-]+(?=:)/g)).filter(
        (name) => !getComputedStyle(document.documentElement).getPropertyValue(name))"""
    assert seen.run(undefined) == []
    seen.page.emulate_media(color_scheme="dark")
    paper = "() => getComputedStyle(document.body).backgroundColor"
    assert seen.run(paper) == "rgb(20, 24, 28)"
    seen.look("dark")
    seen.page.emulate_media(color_scheme="light")
    assert seen.run(paper) == "rgb(255, 255, 255)"
