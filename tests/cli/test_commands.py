"""What each command writes and says, and what it refuses."""

import json
import pickle
import re
import warnings
from dataclasses import replace

import h5py
import numpy as np
import pytest
import xarray as xr

from skxrf.inference import predict_maps
from skxrf.io import open_cube, open_maps, save_cube, save_maps
from skxrf.linear_model import TemplateFitRegressor
from skxrf.persistence import load_model, model_info, save_model
from skxrf.physics import DetectorResponse, line_group
from skxrf.simulation import Instrument, simulate_painting
from skxrf.utils.energy import bin_edges

COMMANDS = [
    *("demo", "info", "map", "fit", "figure", "region"),
    *("train", "evaluate", "simulate", "reproduce"),
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_has_examples(command, skxrf):
    run = skxrf(command, "--help")
    assert run.status == 0
    assert f"\n    skxrf {command} " in run.out


def test_map_with_a_model(scan, model, skxrf, tmp_path):
    run = skxrf("map", scan / "scan.h5", "-o", tmp_path / "out.nc", "--model", model)
    assert run.status == 0, run.err
    assert run.out == f"Element maps: {tmp_path / 'out.nc'}\n"
    assert "predicting maps: 360 of 360 spectra (100 %)" in run.err
    assert "line groups: Ca_K, Fe_K, Pb_L" in run.err
    expected = predict_maps(load_model(model), open_cube(scan / "scan.h5"))
    np.testing.assert_array_equal(open_maps(tmp_path / "out.nc"), expected)


def test_map_says_it_as_json(scan, model, skxrf, tmp_path):
    out = tmp_path / "out.csv"
    run = skxrf(
        *("map", scan / "scan.h5", "-o", out, "--model", model),
        *("--elements", "Pb_L, Ca_K", "--json", "--quiet"),
    )
    assert run.err == ""
    said = json.loads(run.out)
    assert said["line_groups"] == ["Pb_L", "Ca_K"]
    assert (said["rows"], said["columns"], said["pixels_from_earlier_run"]) == (18, 20, 0)
    assert list(open_maps(out)["element"].to_numpy()) == ["Pb_L", "Ca_K"]


def test_map_report_of_the_shipped_model_shows_the_painting_its_fit(scan, skxrf, tmp_path):
    run = skxrf(
        *("map", scan / "scan.h5", "-o", tmp_path / "maps.nc", "--quiet", "--json"),
        *("--report", tmp_path / "maps.html"),
    )
    assert run.status == 0, run.err
    said = json.loads(run.out)
    assert said["report"] == str(tmp_path / "maps.html")
    assert {"Ca_K", "Fe_K", "Pb_L"} <= set(said["found"])
    # Where the sum spectrum does not show one, the file says that single spectra do.
    stated = json.loads(xr.open_dataset(tmp_path / "maps.nc").attrs["evidence"])
    present = {one["line_group"]: one["reason"] for one in stated if one["answer"] == "present"}
    assert set(said["found"]) == set(present) & set(said["line_groups"])
    sums = {one["line_group"] for one in stated if one["significance"] is not None}
    for name in set(present) - sums:
        assert present[name] == "seen in single spectra by the shipped model"
    page = (tmp_path / "maps.html").read_text(encoding="utf-8")
    data = json.loads(re.search(r'id="report-data">(.*?)</script>', page, re.DOTALL)[1])
    assert {"Ca_K", "Fe_K", "Pb_L"} <= set(data["spectra"]["fit"]["names"])
    assert "the template fit that the model made of this painting" in page
    # What is there comes first.
    names = [element["name"] for element in data["elements"]]
    assert names[: len(said["found"])] == said["found"]
    assert sorted(names) == sorted(said["line_groups"])


def test_map_says_what_the_model_was_not_trained_on(skxrf, tmp_path):
    scanner = Instrument.in_air_silver().with_axis(0.0, 0.03, 1024)
    copper = replace(scanner, anode="Cu", voltage=40.0)
    cube, _ = simulate_painting(shape=(12, 12), instrument=copper, random_state=0)
    save_cube(cube, tmp_path / "scan.h5")
    run = skxrf(
        *("map", tmp_path / "scan.h5", "-o", tmp_path / "maps.nc", "--json"),
        *("--report", tmp_path / "maps.html"),
    )
    assert run.status == 0, run.err
    reason = "the tube's anode is Cu: the model was trained on Rh, Ag, Mo, W"
    assert f"outside the training range: {reason}" in run.err
    assert reason in json.loads(run.out)["unfamiliar"]
    assert "outside the training range" in (tmp_path / "maps.html").read_text(encoding="utf-8")


def test_reports_of_fits_and_of_models_without_one(scan, model, skxrf, tmp_path):
    out, report = tmp_path / "maps.nc", tmp_path / "maps.html"
    run = skxrf(
        *("fit", scan / "scan.h5", "-o", out, "--elements", "Ca_K,Fe_K", "--quiet"),
        *("--report", report),
    )
    assert run.out == f"Element maps: {out}\nReport: {report}\n"
    assert 'id="components"' in report.read_text(encoding="utf-8")
    fit = TemplateFitRegressor(["Fe_K"], energy=0.03 + 0.04 * np.arange(512), nuisance="none").fit(
        open_cube(scan / "scan.h5").to_numpy().reshape(-1, 512)
    )
    save_model(fit, tmp_path / "fit.skxrf")
    # Maps of a fit on another axis are of rebinned spectra, to which its curves do not belong.
    for other in (model, tmp_path / "fit.skxrf"):
        run = skxrf(
            *("map", scan / "scan.h5", "-o", out, "--model", other, "--quiet"),
            *("--report", report, "--force"),
        )
        assert run.status == 0, run.err
        page = report.read_text(encoding="utf-8")
        assert 'id="counts-0"' in page
        assert 'id="components"' not in page


def test_fit_gives_standard_errors_and_json(scan, skxrf, tmp_path):
    out = tmp_path / "fit.nc"
    run = skxrf("fit", scan / "scan.h5", "-o", out, "--elements", "Ca_K", "--json", "--quiet")
    assert run.err == ""
    assert json.loads(run.out)["line_groups"] == ["Ca_K"]
    assert set(open_maps(out).data_vars) == {"intensity", "uncertainty"}


@pytest.mark.parametrize("network", ["ridge", "mlp"])
def test_a_trained_model_maps(network, scan, skxrf, tmp_path):
    out = tmp_path / "model.skxrf"
    run = skxrf(
        *("train", scan / "scan.h5", "--maps", scan / "maps.nc", "-o", out),
        *("--network", network, "--elements", "Fe_K,Pb_L", "--max-samples", 300),
        *("--max-time", 3),
    )
    assert run.status == 0, run.err
    assert run.out.startswith("trained on 270 spectra in ")
    assert run.out.endswith(f"Model: {out}\n")
    assert model_info(out).line_groups == ("Fe_K", "Pb_L")
    assert np.allclose(model_info(out).energy_range, [0.02, 20.46])
    run = skxrf("map", scan / "scan.h5", "-o", tmp_path / "maps.nc", "--model", out)
    assert run.status == 0, run.err
    truth = open_maps(scan / "maps.nc").sel(element="Pb_L")
    found = open_maps(tmp_path / "maps.nc").sel(element="Pb_L")
    # Dead pixels are missing.
    assert int(np.isnan(found).sum()) == 2
    assert xr.corr(truth, found) > 0.95


def test_training_on_two_scans_of_different_axes(scan, skxrf, tmp_path):
    with h5py.File(scan / "scan.h5") as source, h5py.File(tmp_path / "finer.h5", "w") as file:
        file["counts"] = np.repeat(source["counts"][:], 2, axis=2) // 2
        file["energy_keV"] = 0.01 + 0.02 * np.arange(1024)
    labels = open_maps(scan / "maps.nc").copy()
    labels[:9] = np.nan
    save_maps(labels, tmp_path / "half.nc")
    run = skxrf(
        *("train", scan / "scan.h5", tmp_path / "finer.h5", "-o", tmp_path / "m"),
        *("--maps", scan / "maps.nc", "--maps", tmp_path / "half.nc", "--network", "ridge"),
    )
    assert run.status == 0, run.err
    # 360 pixels of the first, and the labeled half of the other.
    assert run.out.startswith("trained on 486 spectra in ")


def test_info_names_elements_and_draws_two_spectra(scan, skxrf, monkeypatch):
    monkeypatch.setenv("COLUMNS", "90")
    run = skxrf("info", scan / "scan.h5")
    assert run.status == 0, run.err
    elements = run.out.split("present:")[1].split("\n\n")[0]
    assert all(name in elements for name in ("Ca_K", "Fe_K", "Pb_L"))
    for title in ("counts, sum of all pixels", "counts, maximum pixel in each channel"):
        drawing = run.out.split(title)[1].splitlines()
        assert any("Fe K" in line for line in drawing[:5])
        assert max(map(len, drawing[:18])) <= 90
    assert run.out.isascii()


def test_info_describes_a_cube(scan, skxrf):
    run = skxrf("info", scan / "scan.h5")
    assert run.status == 0
    assert "18 rows x 20 columns x 512 channels, uint16" in run.out
    assert "dead pixels:   2 of 360 without counts" in run.out
    with h5py.File(scan / "scan.h5") as file:
        total = int(file["counts"][:].astype(np.int64).sum())
    assert f"{total:,} in all" in run.out


def test_info_as_json(scan, model, skxrf):
    with h5py.File(scan / "scan.h5") as file:
        counts = file["counts"][:].astype(int)
    said = json.loads(skxrf("info", scan / "scan.h5", "--json").out)
    assert said["kind"] == "cube"
    assert (said["rows"], said["columns"], said["channels"]) == counts.shape
    assert said["dead_pixels"] == 2
    assert said["sum_spectrum"] == counts.sum((0, 1)).tolist()
    assert said["max_spectrum"] == counts.max((0, 1)).tolist()
    assert {"Ca_K", "Fe_K", "Pb_L"} <= set(said["elements"])
    said = json.loads(skxrf("info", scan / "maps.nc", "--json").out)
    assert (said["kind"], list(said["elements"])) == ("maps", ["Ca_K", "Fe_K", "Pb_L"])
    said = json.loads(skxrf("info", model, "--json").out)
    assert (said["kind"], said["line_groups"]) == ("model", ["Ca_K", "Fe_K", "Pb_L"])


def test_info_tells_of_maps_and_models(scan, model, skxrf):
    out = skxrf("info", scan / "maps.nc").out
    assert "18 rows x 20 columns, 3 line groups" in out
    out = skxrf("info", model).out
    assert "ChannelBinner > Ridge" in out
    assert "0.020 to 20.460 keV" in out


def test_info_of_a_folder_and_of_what_is_none(scan, skxrf, tmp_path):
    save_maps(open_maps(scan / "maps.nc"), f"{tmp_path}/tiff/")
    out = skxrf("info", tmp_path / "tiff").out
    assert "18 rows x 20 columns, 3 line groups" in out
    for i in range(6):
        counts = "\n".join(["0"] * 40)
        text = f"<<PMCA SPECTRUM>>\n<<DATA>>\n{counts}\n<<END>>\n"
        (tmp_path / f"pixel_{i}.mca").write_text(text)
    run = skxrf("info", tmp_path)
    assert run.status == 2
    assert "pass --shape=ROWS,COLUMNS" in run.err
    assert "such as --shape=2,3" in run.err
    run = skxrf("info", tmp_path, "--shape", "2,3", "--energy=0,0.02")
    assert "2 rows x 3 columns x 40 channels" in run.out, run.err


@pytest.fixture
def tube_scan(tmp_path):
    """A cube whose file names the tube, the L lines of which lie where those of Cl are."""
    energy = 0.02 + 0.04 * np.arange(700)
    spectrum = np.full(energy.size, 2.0)
    for name, counts in {"Ca_K": 3000, "Fe_K": 5000, "Rh_L": 900}.items():
        spectrum += counts * DetectorResponse().template(line_group(name), bin_edges(energy))
    counts = np.random.default_rng(5).poisson(spectrum, (5, 6, energy.size))
    with h5py.File(tmp_path / "tube.h5", "w") as file:
        file["counts"], file["energy_keV"] = counts.astype(np.uint16), energy
        file["counts"].attrs["tube"] = "MCB 50-0.7G Rh"
    return tmp_path / "tube.h5"


def test_the_tube_that_the_file_names_is_no_element(tube_scan, skxrf):
    said = json.loads(skxrf("info", tube_scan, "--json").out)
    assert said["anode"] == "Rh"
    assert set(said["elements"]) == {"Ca_K", "Fe_K"}
    answers = {one["line_group"]: one["answer"] for one in said["evidence"]}
    assert (answers["Rh_L"], answers["Cl_K"]) == ("tube", "not seen")
    assert "tube:          Rh, as stated; 50 kV" in skxrf("info", tube_scan).out
    said = json.loads(skxrf("info", tube_scan, "--anode", "none", "--json").out)
    assert said["anode"] is None
    assert {"Ca_K", "Fe_K"} <= set(said["elements"])
    said = json.loads(skxrf("info", tube_scan, "--voltage", "15", "--json").out)
    assert said["voltage_kV"] == 15
    assert "Sr_K" in answers
    assert "Sr_K" not in {one["line_group"] for one in said["evidence"]}


def test_info_fit_and_map_state_the_same_evidence(tube_scan, skxrf, tmp_path):
    said = json.loads(skxrf("info", tube_scan, "--json").out)["evidence"]
    for command in ("fit", "map"):
        out = tmp_path / f"{command}.nc"
        assert skxrf(command, tube_scan, "-o", out).status == 0
        assert json.loads(open_maps(out).attrs["evidence"]) == said
    assert all(one["limit_counts"] > one["limit_per_pixel"] > 0 for one in said)


def test_fit_takes_the_tube_of_the_file(tube_scan, skxrf, tmp_path):
    run = skxrf("fit", tube_scan, "-o", tmp_path / "fit.nc")
    assert run.status == 0, run.err
    assert "tube: Rh, as stated" in run.err
    maps = open_maps(tmp_path / "fit.nc")
    assert set(maps["element"].to_numpy()) == {"Ca_K", "Fe_K"}
    run = skxrf("fit", tube_scan, "-o", tmp_path / "fit.nc", "--elements", "Rh_L,ca", "--force")
    assert open_maps(tmp_path / "fit.nc")["element"].to_numpy().tolist() == ["Rh_L", "Ca_K"]
    run = skxrf("fit", tube_scan, "-o", tmp_path / "other.nc", "--anode", "Xx")
    assert run.status == 2
    assert "--anode=Xx: expected the symbol of one element" in run.err.splitlines()[-1]


def test_info_of_an_axis_without_room_for_elements(skxrf, tmp_path):
    with h5py.File(tmp_path / "short.h5", "w") as file:
        file["counts"] = np.ones((3, 4, 20), np.uint8)
    run = skxrf("info", tmp_path / "short.h5", "--energy", "0.1,0.05", "--axes", "y,x,energy")
    assert run.status == 0, run.err
    assert "present:       not looked for: too few channels" in run.out


MISTAKES = [
    ("map CUBE -o CUBE --model MODEL", ["CUBE", "it is the input"]),
    ("map MAPS -o MAPS --model MODEL", ["it is the input"]),
    ("map CUBE -o maps.xyz --model MODEL", ["maps.xyz", ".nc"]),
    ("map CUBE -o OUT --model TEXT", ["not a model of skxrf", "save_model"]),
    ("map CUBE -o OUT --model PICKLE", ["is a pickle"]),
    ("map CUBE -o OUT --model nowhere", ["no file", "nowhere"]),
    ("map CUBE -o OUT --model MODEL --elements Zn_K", ["does not predict Zn_K", "Ca_K, Fe_K"]),
    ("map CUBE -o OUT --model MODEL --elements Fee", ["does not predict Fee", "mean Fe_K?"]),
    ("map CUBE -o OUT --model MODEL --std", ["Ridge", "no standard errors"]),
    (
        "map CUBE -o OUT --model MODEL --energy 5,0.02 --axes y,x,energy",
        ["5.000 to 15.220 keV", "does not cover"],
    ),
    ("map CUBE -o no/such/OUT --model MODEL", ["no folder"]),
    ("map CUBE -o SMALL/out.nc --model MODEL", ["small.nc is a file, not a folder"]),
    ("map TEXT -o OUT --model MODEL", ["TEXT"]),
    ("fit CUBE -o folder.nc", ["is a folder"]),
    ("train CUBE --maps MAPS -o MAPS", ["it is the input"]),
    ("train CUBE --maps MAPS -o OUT --elements Zn_K --network ridge", ["no Zn_K", "Ca_K, Fe_K"]),
    ("train CUBE --maps SMALL -o OUT --network ridge", ["18 x 20 pixels", "10 x 20"]),
    ("train CUBE CUBE --maps MAPS -o OUT", ["2 cubes and 1 --maps"]),
    ("evaluate MAPS SMALL", ["18 x 20", "10 x 20"]),
    ("evaluate MAPS MAPS --elements Zn_K", ["has no Zn_K"]),
    ("evaluate MAPS MAPS -o report.pdf", [".html"]),
    ("evaluate MAPS nowhere.nc", ["nowhere.nc"]),
    ("map CUBE -o maps.png --model MODEL", ["one picture shows one map", "--elements Fe_K"]),
    ("info nowhere.h5", ["nowhere.h5"]),
    ("info TEXT", ["TEXT"]),
    ("fit TEXT -o OUT", ["TEXT"]),
    ("fit CUBE -o maps.xyz", ["maps.xyz", ".nc"]),
    ("fit CUBE -o OUT --elements Xx_K", ["Xx_K"]),
    ("fit CUBE -o no/such/OUT --elements Pb_L", ["no/such/out.nc"]),
    ("info CUBE --dataset spectra", ["spectra"]),
    ("info CUBE --energy 5,-1 --axes y,x,energy", ["increase"]),
    ("info CUBE --energy 0,0.04", ["which axis is which", "--axes"]),
    ("reproduce -o OUT --methods magic", ["'magic'", "Ridge"]),
    ("reproduce -o OUT --maps MAPS", ["cube"]),
    ("reproduce", ["--output"]),
    ("reproduce -o OUT --folds 1", ["--folds"]),
    ("nonsense", ["nonsense"]),
    ("info CUBE --energy 0;0.02", ["no dataset '0;0.02'"]),
    ("info CUBE --energy 0,0.02keV", ["OFFSET,GAIN", "0,0.02keV"]),
    ("info CUBE --axes y,x", ["--axes=y,x,energy"]),
]


@pytest.mark.parametrize(("line", "parts"), MISTAKES, ids=[line for line, _ in MISTAKES])
def test_mistakes_end_with_status_2_and_say_what_to_do(
    line, parts, scan, model, skxrf, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.nc").mkdir()
    (tmp_path / "PICKLE").write_bytes(pickle.dumps({"a": 1}))
    save_maps(open_maps(scan / "maps.nc")[:10], tmp_path / "small.nc")
    before = sorted(path.name for path in tmp_path.iterdir())
    names = {
        "CUBE": scan / "scan.h5",
        "MAPS": scan / "maps.nc",
        "MODEL": model,
        "TEXT": scan / "text",
        "SMALL": tmp_path / "small.nc",
        "OUT": "out.nc",
        "SMALL/out.nc": tmp_path / "small.nc" / "out.nc",
        "no/such/OUT": "no/such/out.nc",
    }
    kept = (scan / "maps.nc").read_bytes(), (scan / "scan.h5").read_bytes()
    run = skxrf(*(names.get(word, word) for word in line.split()))
    assert run.status == 2
    assert run.out == ""
    message = run.err.splitlines()[-1]
    assert message.startswith(("skxrf: ", "Error: "))
    for part in parts:
        assert str(names.get(part, part)) in message
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert kept == ((scan / "maps.nc").read_bytes(), (scan / "scan.h5").read_bytes())


def test_an_earlier_run_with_another_model_asks_for_restart(scan, model, skxrf, tmp_path):
    out = tmp_path / "out.nc"
    arguments = ("map", scan / "scan.h5", "-o", out, "--quiet", "--model")
    from skxrf.inference import predict_maps_to_file

    class Interrupted:
        line_groups_ = ("Fe_K",)

        def __init__(self):
            self.calls = 0

        def __reduce__(self):
            return str, ("interrupted",)

        def predict(self, X):
            self.calls += 1
            if self.calls > 2:
                raise KeyboardInterrupt
            return np.ones((len(X), 1))

    with pytest.raises(KeyboardInterrupt):
        predict_maps_to_file(
            Interrupted(), open_cube(scan / "scan.h5", chunks=(4, 20)), out, batch_size=50
        )
    run = skxrf(*arguments, model)
    assert run.status == 2
    assert "the model (Interrupted" in run.err
    assert "Start over with --restart" in run.err
    run = skxrf(*arguments, model, "--restart")
    assert run.status == 0
    assert open_maps(out).sizes["element"] == 3


@pytest.mark.parametrize("suffix", [".dms", ".nxs", ".tif", ".dat"])
def test_fit_writes_each_format(suffix, scan, skxrf, tmp_path):
    out = tmp_path / f"fit{suffix}"
    run = skxrf("fit", scan / "scan.h5", "-o", out, "--elements", "Fe_K,Pb_L")
    assert run.status == 0, run.err
    maps = open_maps(out)
    # XRF Explorer's format has no place for errors, which is said.
    assert isinstance(maps, xr.Dataset) == (suffix != ".dms")
    assert ("standard errors are left out" in run.err) == (suffix == ".dms")
    assert maps["element"].to_numpy().tolist() == ["Fe_K", "Pb_L"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [out.name]


def test_one_picture_of_one_map(scan, model, skxrf, tmp_path):
    out = tmp_path / "iron.png"
    arguments = ("map", scan / "scan.h5", "-o", out, "--model", model)
    assert skxrf(*arguments, "--elements", "Fe_K").status == 0
    assert out.read_bytes().startswith(b"\x89PNG")
    report = tmp_path / "report.html"
    run = skxrf(*arguments, "--elements", "Fe_K", "--report", report, "--force")
    assert run.status == 0, run.err
    assert "Fe" in report.read_text(encoding="utf-8")


def test_maps_are_no_cube(scan, skxrf, tmp_path):
    run = skxrf("map", scan / "maps.nc", "-o", tmp_path / "out.nc")
    assert run.status == 2
    assert "contains element maps, not spectra: name the cube" in run.err
    assert skxrf("info", scan / "maps.nc").status == 0


def test_a_warning_is_one_line(skxrf, tmp_path):
    with h5py.File(tmp_path / "crono.h5", "w") as file:
        file["XRF/Spectra"] = np.ones((3, 700), np.uint32)
        file["XRF/EnergyVector"] = 0.03 * np.arange(700)
        file["XRF/SpectraSelectedIndex"] = np.array([[[0], [1]], [[2], [-1]]])
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        run = skxrf("info", tmp_path / "crono.h5")
    assert run.status == 0, run.err
    said = [line for line in run.err.splitlines() if "1 of 4 pixels have no spectrum" in line]
    assert len(said) == 1
    assert said[0].startswith("skxrf: warning: ")
    assert "UserWarning" not in run.err


def test_a_scan_to_and_fro_is_turned(scan, skxrf, tmp_path):
    with h5py.File(scan / "scan.h5") as file:
        counts, energy = file["counts"][:], file["energy_keV"][:]
    counts[1::2] = counts[1::2, ::-1]
    with h5py.File(tmp_path / "snake.h5", "w") as file:
        file["counts"], file["energy_keV"] = counts, energy
    for path, options in ((scan / "scan.h5", ()), (tmp_path / "snake.h5", ("--snake",))):
        out = tmp_path / f"{path.stem}.nc"
        run = skxrf("fit", path, "-o", out, "--elements", "Fe_K", "--quiet", *options)
        assert run.status == 0, run.err
    straight = open_maps(tmp_path / "scan.nc")["intensity"]
    np.testing.assert_allclose(open_maps(tmp_path / "snake.nc")["intensity"], straight, rtol=1e-4)


def test_map_adds_paints(scan, model, skxrf, tmp_path):
    run = skxrf("map", scan / "scan.h5", "--model", model, "-o", tmp_path / "out.nc", "--paints")
    assert run.status == 0, run.err
    maps = open_maps(tmp_path / "out.nc")
    assert maps["paint"].shape == (18, 20)
    assert maps["paint"].values.max() + 1 == maps.sizes["paint_number"]
    assert maps["paint_spectrum"].dims == ("paint_number", "energy")
    refused = skxrf("map", scan / "scan.h5", "-o", tmp_path / "out.csv", "--paints")
    assert refused.status == 2
    assert "--paints" in refused.err
