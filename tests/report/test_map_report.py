import base64
import json
import re
import zlib

import numpy as np
import pytest
import xarray as xr

from skxrf.exceptions import LineGroupError, SkxrfError
from skxrf.linear_model import TemplateFitRegressor
from skxrf.metrics import score_table
from skxrf.report import write_map_report


def write(path, *args, **kwargs):
    write_map_report(*args[:1], path, **kwargs)
    return path.read_text(encoding="utf-8")


def described(html):
    """Data of the page for its script."""
    return json.loads(re.search(r'id="report-data">(.*?)</script>', html, re.DOTALL)[1])


def stored(html, name):
    """A packed array, as the page's script unpacks it."""
    kind, text = re.search(rf'id="{name}" data-kind="(\w\d)">([^<]*)<', html).groups()
    planes = np.frombuffer(zlib.decompress(base64.b64decode(text)), np.uint8)
    return planes.reshape(int(kind[1]), -1).T.copy().view(f"<{kind}").reshape(-1)


def words(html):
    """Text of the page outside of its scripts and style."""
    text = re.sub(r"<(script|style)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", text))


@pytest.fixture(scope="module")
def whole(painted, tmp_path_factory):
    cube, maps, truth, fit = painted
    path = tmp_path_factory.mktemp("report") / "maps.html"
    command = {"command": "skxrf fit panel.h5 <once>"}
    return write(path, maps, cube=cube, fit=fit, reference=truth, provenance=command)


def test_page_loads_nothing_from_elsewhere(whole):
    assert not re.search(r'(src|href|action)="(?!#)', whole)
    assert "@import" not in whole
    assert "url(" not in whole
    assert "fetch(" not in whole
    # The home of uPlot, in the comment above it.
    assert set(re.findall(r"https?:[^\s\"']*", whole)) == {"https://github.com/leeoniya/uPlot"}


def test_values_keep_four_digits_and_spectra_are_exact(painted, whole):
    cube, maps, truth, _ = painted
    shape = maps["intensity"].shape[:2]
    for k in range(4):
        values = stored(whole, f"intensity-{k}").reshape(shape)
        np.testing.assert_allclose(values, maps["intensity"][..., k], rtol=4e-5)
        errors = stored(whole, f"uncertainty-{k}").reshape(shape)
        np.testing.assert_allclose(errors, maps["uncertainty"][..., k], rtol=6e-4)
        expected = stored(whole, f"reference-{k}").reshape(shape)
        np.testing.assert_allclose(expected, truth[..., k], rtol=4e-5)
    corner = stored(whole, "counts-3").reshape(-1, 4 * 12)
    np.testing.assert_array_equal(corner.T.reshape(4, 12, 500), cube.to_numpy()[16:, 16:])
    spectra = described(whole)["spectra"]
    assert spectra["sum"] == cube.sum(("y", "x")).to_numpy().tolist()
    assert spectra["maximum"] == cube.max(("y", "x")).to_numpy().tolist()


def test_data_are_named_and_explained(whole):
    text = words(whole)
    for said in (
        "20 × 28 pixels",
        "10 × 14 mm",
        "4 element maps",
        "500 channels, −0.1 to 19.9 keV",
        "opened panel.h5",
        "maps predicted by TemplateFitRegressor",
        "Rh, 50 kV",
        "skxrf fit panel.h5 &lt;once&gt;",
        "exactly as counted",
        "pixels above 3 standard errors",
        "Compared with the reference",
    ):
        assert said in text
    assert "<title>panel: element maps</title>" in whole
    assert re.search(r"date ?20\d\d-\d\d-\d\d \d\d:\d\d", text)
    assert "numpy" in text
    assert described(whole)["grid"]["barLabel"] == "2 mm"


def test_a_model_that_fits_the_painting_has_its_fit_drawn(painted, tmp_path):
    cube, maps, _, _ = painted

    class Model:
        """Binds itself to a cube, and then has a fit of it, as the shipped model does."""

        fit = None
        unfamiliar_ = ()

        def bind(self, X, energy):
            bound = Model()
            bound.bound_ = True
            bound.fit = TemplateFitRegressor(["Ca_K", "Pb_L"], energy=energy, nuisance="none").fit(
                X
            )
            return bound

        def detected_in(self, maps, false_alarms=0.01):
            return []

        def spectrum_fit(self):
            return self.fit

    html = write(tmp_path / "maps.html", maps, cube=cube, fit=Model())
    assert described(html)["spectra"]["fit"]["names"][:2] == ["Ca_K", "Pb_L"]
    assert 'id="amplitudes-0"' in html
    assert "the template fit that the model made of this painting" in words(html)


def test_scores_are_those_of_the_table_of_scores(painted, whole):
    _, maps, truth, _ = painted
    expected = score_table(truth, maps["intensity"])
    columns = ["ssim", "within_1", "within_2", "within_3", "rmse", "bias", "slope"]
    columns += ["correlation", "mean"]
    table = whole.split('id="score-table"')[1].split("</table>")[0]
    for name, row in expected.iterrows():
        label = name.replace("_", " ")
        cells = re.search(rf'<tr data-name="{label}">(.*?)</tr>', table)[1]
        values = [float(v) for v in re.findall(r'data-value="([^"]*)"', cells)]
        np.testing.assert_allclose(values, row[columns].astype(float), rtol=1e-4, atol=1e-6)
    mean = re.search(r"<tfoot>(.*?)</tfoot>", table)[1]
    assert f"<td>{expected['ssim'].mean():.3f}</td>" in mean
    assert f"mean SSIM {expected['ssim'].mean():.3f}" in words(whole)


@pytest.mark.parametrize(
    ("sigma", "said"),
    [
        ("residual", "σ is the standard deviation of the differences over the map."),
        (2.5, "σ is 2.5 counts everywhere."),
        ("errors", "σ is the standard error given for each pixel."),
    ],
)
def test_page_says_what_z_is_measured_in(sigma, said, painted, tmp_path):
    _, maps, truth, _ = painted
    given = maps["uncertainty"].clip(min=0.1) if sigma == "errors" else sigma
    html = write(tmp_path / "maps.html", maps["intensity"], reference=truth, sigma=given)
    assert said in words(html)


def test_table_holds_the_numbers_of_the_maps(painted, whole):
    _, maps, _, _ = painted
    row = re.search(r'<tr data-name="Fe K">(.*?)</tr>', whole.split('id="element-table"')[1])[1]
    total, maximum, mean, share = (float(v) for v in re.findall(r'data-value="([^"]*)"', row))
    iron = maps.sel(element="Fe_K")
    assert total == pytest.approx(float(iron["intensity"].sum(dtype=np.float64)), rel=1e-6)
    assert maximum == pytest.approx(float(iron["intensity"].max()))
    assert mean == pytest.approx(float(iron["intensity"].mean()), rel=1e-5)
    assert share == pytest.approx(float((iron["intensity"] > 3 * iron["uncertainty"]).mean()))


def test_maps_alone_make_a_report(painted, tmp_path):
    _, maps, _, _ = painted
    html = write(tmp_path / "maps.html", maps["intensity"])
    data = described(html)
    assert data["spectra"] is None
    assert data["kinds"] == ["intensity"]
    assert "made of the maps alone" in words(html)
    assert "standard error" not in words(html)
    assert "Compared with" not in words(html)
    assert 'id="painting-chart"' not in html


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (30, 1), (3, 200)])
def test_scans_of_any_shape(shape, tmp_path):
    values = np.random.default_rng(0).poisson(5.0, (*shape, 2)).astype(np.float32)
    maps = xr.DataArray(values, dims=("y", "x", "element"), coords={"element": ["Fe_K", "scatter"]})
    counts = np.ones((*shape, 16), np.uint8)
    cube = xr.DataArray(counts, dims=("y", "x", "energy"), coords={"energy": 1.0 + np.arange(16.0)})
    html = write(tmp_path / "maps.html", maps, cube=cube, reference=maps)
    data = described(html)
    assert (data["grid"]["rows"], data["grid"]["columns"]) == shape
    assert data["elements"][1]["energy"] is None
    row, column, element = data["start"]
    assert 0 <= row < shape[0]
    assert 0 <= column < shape[1]
    assert element in (0, 1)


def test_missing_and_constant_maps_are_shown_as_such(painted, tmp_path):
    _, maps, truth, _ = painted
    holes = maps.copy(deep=True)
    holes["intensity"][3, 4, 1] = np.nan
    holes["intensity"][..., 2] = np.nan
    holes["intensity"][..., 3] = 7.0
    html = write(tmp_path / "maps.html", holes, reference=truth)
    assert np.isnan(stored(html, "intensity-1").reshape(20, 28)[3, 4])
    assert stored(html, "z-1").reshape(20, 28)[3, 4] == 255
    row = re.search(r'<tr data-name="Hg L">(.*?)</tr>', html)[1]
    assert set(re.findall(r">([^<>]+)</td>", row)) == {"–"}
    assert described(html)["elements"][3]["limits"]["intensity"]["all"] == [7.0, 8.0]


def test_names_cannot_break_out_of_the_page(painted, tmp_path):
    _, maps, _, _ = painted
    evil = '</script><script>alert("&1")</script>'
    named = maps["intensity"].isel(element=[0, 1]).assign_coords(element=[evil, "Fe_K"])
    html = write(
        tmp_path / "maps.html", named.assign_attrs(source=evil), reference=named, title=evil
    )
    assert "<script>alert" not in html
    assert described(html)["elements"][0]["name"] == evil
    assert html.count("<script") == html.count("</script>")


def test_a_long_scan_is_summed_to_stay_below_the_size_and_says_so(tmp_path):
    rng = np.random.default_rng(1)
    shape = (96, 110)
    counts = rng.poisson(60.0, (*shape, 300)).astype(np.uint16)
    energy = 0.5 + 0.02 * np.arange(300)
    cube = xr.DataArray(counts, dims=("y", "x", "energy"), coords={"energy": energy})
    values = rng.normal(100, 5, (*shape, 40)).astype(np.float32)
    names = [f"map {k}" for k in range(40)]
    maps = xr.DataArray(values, dims=("y", "x", "element"), coords={"element": names})
    html = write(tmp_path / "maps.html", maps, cube=cube, max_bytes=2_000_000)
    assert len(html.encode()) <= 2_000_000
    data = described(html)
    spectra, grid = data["spectra"], data["grid"]
    assert spectra["side"] > 1
    assert spectra["joined"] == 2
    side = spectra["side"]
    assert f"over {side} × {side} pixels and 2 channels, to bins of 40 eV" in words(html)
    assert f"averaged over {grid['side']} × {grid['side']} pixels" in words(html)
    first = stored(html, "counts-0")
    n_pixels = min(16, spectra["rows"]) * min(16, spectra["columns"])
    assert first[0] == counts[:side, :side, :2].sum()
    assert first[n_pixels] == counts[:side, :side, 2:4].sum()
    mean = values[: grid["side"], : grid["side"], 0].mean()
    assert stored(html, "intensity-0")[0] == pytest.approx(mean, rel=0.01)
    # The spectra of the whole stay as they are.
    assert spectra["sum"] == counts.sum(axis=(0, 1)).tolist()


def test_folders_of_the_author_stay_out_of_the_page(painted, tmp_path):
    cube, maps, _, _ = painted
    folder = "/home/ada/My scans/2024"
    cube = cube.assign_attrs(
        source=f"{folder}/panel.h5", history=f"opened {folder}/panel.h5, /entry/mca as NeXus"
    )
    command = f"skxrf fit '{folder}/panel.h5' -o /home/ada/m.nc C:\\Users\\ada\\r.html"
    given = {"command": command, "site": "https://example.org/a/b"}
    html = write(tmp_path / "maps.html", maps, cube=cube, provenance=given)
    assert "ada" not in words(html)
    assert "My scans" not in html
    assert "opened panel.h5, /entry/mca as NeXus" in words(html)
    assert "skxrf fit panel.h5 -o m.nc r.html" in words(html)
    assert "https://example.org/a/b" in words(html)


def test_sums_over_tiles_are_those_of_their_pixels(painted, whole):
    cube = painted[0].to_numpy()
    sums = stored(whole, "counts-sums").reshape(4, 500)
    for k, (rows, columns) in enumerate(
        (r, c) for r in (slice(16), slice(16, 20)) for c in (slice(16), slice(16, 28))
    ):
        np.testing.assert_array_equal(sums[k], cube[rows, columns].sum(axis=(0, 1)))


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda maps: maps.assign(paint=(("y", "x"), np.full((20, 28), 300))), "at most 255"),
        (lambda maps: maps.assign(paint=("x", np.zeros(28, int))), r"expected \(y, x\)"),
        (lambda maps: maps.assign_attrs(evidence="Fe is there"), "evidence"),
        (lambda maps: maps.assign_attrs(evidence='[{"answer": "present"}]'), "line_group"),
    ],
)
def test_paints_and_evidence_of_another_form_are_refused(change, match, painted, tmp_path):
    with pytest.raises(SkxrfError, match=match):
        write_map_report(change(painted[1]), tmp_path / "maps.html")
    assert not (tmp_path / "maps.html").exists()


def test_what_does_not_fit_together_is_refused_and_nothing_is_left(painted, tmp_path):
    cube, maps, truth, fit = painted
    path = tmp_path / "maps.html"
    path.write_text("as before")
    for match, error, arguments in [
        ("pass the cube that the maps were made from", SkxrfError, {"cube": cube[:9]}),
        ("of the same scan", SkxrfError, {"reference": truth[:, :9]}),
        (
            "no line group in common",
            LineGroupError,
            {"reference": truth[..., :1].assign_coords(element=["S_K"])},
        ),
        ("pass cube= as well", SkxrfError, {"fit": fit}),
        ("at least 2,000,000", SkxrfError, {"max_bytes": 1000}),
        ("DataArray of dims", SkxrfError, {"cube": cube.to_numpy()}),
    ]:
        with pytest.raises(error, match=match):
            write_map_report(maps, path, **arguments)
    for bad, match in [
        (maps["uncertainty"].to_dataset(), "intensity"),
        (maps["intensity"].to_numpy(), "ndarray"),
        (maps["intensity"].isel(element=0), "element"),
        (maps["intensity"].isel(y=slice(0)), "empty"),
        (maps["intensity"].drop_vars("element"), "name the line groups"),
        (maps["intensity"] > 3, "bool"),
        (maps["intensity"].isel(element=[0, 0]), "two maps are called"),
    ]:
        with pytest.raises(SkxrfError, match=match):
            write_map_report(bad, path)
    with pytest.raises(FileNotFoundError):
        write_map_report(maps, tmp_path / "nowhere" / "maps.html")
    assert path.read_text() == "as before"
    assert [file.name for file in tmp_path.iterdir()] == ["maps.html"]
