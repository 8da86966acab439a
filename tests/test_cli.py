"""The command as its users run it: a process, its exit status, its last line."""

import signal
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr

from skxrf.io import open_maps, save_maps
from skxrf.physics import DetectorResponse, line_group
from skxrf.utils.energy import bin_edges

COMMAND = Path(sysconfig.get_path("scripts")) / "skxrf"


def skxrf(*arguments, cwd=None):
    return subprocess.run(
        [COMMAND, *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        cwd=cwd,
    )


def refused(run, *parts):
    """Exit status 2 and one line that says what is wrong."""
    assert run.returncode == 2, run.stderr
    assert run.stdout == ""
    # Words about what is being done, then the one line.
    lines = [line for line in run.stderr.splitlines() if line.startswith("skxrf: ")]
    assert len(lines) == 1, run.stderr
    assert run.stderr.strip().endswith(lines[0])
    for part in parts:
        assert part in lines[0]


@pytest.fixture(scope="module")
def scan(tmp_path_factory):
    """A cube's file and its reference maps."""
    folder = tmp_path_factory.mktemp("scan")
    rng = np.random.default_rng(2)
    energy, elements = 0.02 + 0.04 * np.arange(512), ["Ca_K", "Fe_K", "Pb_L"]
    edges = bin_edges(energy)
    templates = [DetectorResponse().template(line_group(name), edges) for name in elements]
    truth = 200.0 * np.kron(rng.integers(0, 5, (5, 5, 3)), np.ones((4, 4, 1)))[:18] + 30
    counts = rng.poisson(truth @ np.array(templates) + 1.0).astype(np.uint16)
    counts[3, 4:6] = 0
    with h5py.File(folder / "scan.h5", "w") as file:
        file["counts"], file["energy_keV"] = counts, energy
    maps = xr.DataArray(truth, dims=("y", "x", "element"), coords={"element": elements})
    save_maps(maps, folder / "maps.nc")
    return folder


def test_help_names_the_commands_and_loads_nothing_heavy():
    run = skxrf("--help")
    assert run.returncode == 0
    assert all(name in run.stdout for name in ("info", "fit", "reproduce"))
    code = "import sys, skxrf.cli; print({'torch', 'matplotlib', 'sklearn'} & set(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    assert loaded.stdout == "set()\n"


def test_info_describes_a_cube(scan):
    run = skxrf("info", scan / "scan.h5")
    assert run.returncode == 0
    assert "18 rows x 20 columns x 512 channels, uint16" in run.stdout
    assert "dead pixels:   2 of 360 without counts" in run.stdout
    with h5py.File(scan / "scan.h5") as file:
        total = int(file["counts"][:].astype(np.int64).sum())
    assert f"{total:,} in all" in run.stdout


def test_fit_writes_maps_with_errors(scan, tmp_path):
    run = skxrf("fit", scan / "scan.h5", "-o", tmp_path / "out.nc", "--elements", "Ca_K, Pb_L")
    assert run.returncode == 0, run.stderr
    assert run.stdout == f"Element maps: {tmp_path / 'out.nc'}\n"
    maps = open_maps(tmp_path / "out.nc")
    assert set(maps.data_vars) == {"intensity", "uncertainty"}
    assert list(maps["element"].to_numpy()) == ["Ca_K", "Pb_L"]
    assert maps["intensity"].shape == (18, 20, 2)
    truth = open_maps(scan / "maps.nc").sel(element="Pb_L")
    assert xr.corr(truth, maps["intensity"].sel(element="Pb_L")) > 0.9


def test_reproduce_writes_the_report_and_names_it_last(scan, tmp_path):
    run = skxrf(
        *("reproduce", "-o", "out", "--cube", scan / "scan.h5", "--maps", scan / "maps.nc"),
        *("--folds", 2, "--methods", "MLP,Ridge", "--budget", 0.5, "--max-samples", 150),
        cwd=tmp_path,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[-1] == f"Report: {Path('out') / 'report.html'}"
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "maps.nc",
        "report.html",
        "scores.csv",
    ]
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    assert "4/4 Ridge, fold 2 of 2: SSIM" in run.stderr
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "--methods MLP,Ridge" in report
    with xr.open_dataset(tmp_path / "out" / "maps.nc", engine="h5netcdf") as maps:
        assert list(maps["model"].to_numpy()) == ["MLP", "Ridge"]


def test_wrong_files_are_refused_in_one_line(scan, tmp_path):
    refused(skxrf("info", tmp_path / "nowhere.h5"), "nowhere.h5")
    (tmp_path / "text.h5").write_text("no spectra here")
    refused(skxrf("info", tmp_path / "text.h5"), "text.h5")
    refused(skxrf("fit", tmp_path / "text.h5", "-o", tmp_path / "maps.nc"), "text.h5")
    other = tmp_path / "other.nc"
    save_maps(open_maps(scan / "maps.nc")[:10], other)
    run = skxrf("reproduce", "-o", tmp_path / "out", "--cube", scan / "scan.h5", "--maps", other)
    refused(run, "other.nc", "10 x 20", "18 x 20")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["other.nc", "text.h5"]


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["fit", "CUBE", "-o", "maps.xyz"], ["maps.xyz", ".nc"]),
        (["fit", "CUBE", "-o", "maps.nc", "--elements", "Xx_K"], ["Xx_K"]),
        (["fit", "CUBE", "-o", "no/such/folder/maps.nc", "--elements", "Pb_L"], ["no/such/folder"]),
        (["info", "CUBE", "--dataset", "spectra"], ["spectra"]),
        (["info", "CUBE", "--energy", "5,-1", "--axes", "y,x,energy"], ["increase"]),
        (["info", "CUBE", "--energy", "0,0.04"], ["which axis is which", "--axes"]),
        (["reproduce", "-o", "out", "--methods", "magic"], ["'magic'", "Ridge"]),
        (["reproduce", "-o", "out", "--maps", "maps.nc"], ["cube"]),
    ],
)
def test_mistakes_are_refused_in_one_line(scan, tmp_path, arguments, parts):
    arguments = [scan / "scan.h5" if a == "CUBE" else a for a in arguments]
    run = skxrf(*arguments, cwd=tmp_path)
    refused(run, *parts)
    assert list(tmp_path.iterdir()) == []


def test_wrong_options_show_the_usage(tmp_path):
    for arguments in (["reproduce"], ["reproduce", "-o", "x", "--folds", "1"], ["nonsense"]):
        run = skxrf(*arguments, cwd=tmp_path)
        assert run.returncode == 2
        assert "Error: " in run.stderr
        assert "Traceback" not in run.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_leaves_nothing(scan, tmp_path, number, status):
    arguments = ["--cube", scan / "scan.h5", "--maps", scan / "maps.nc", "--folds", "2"]
    arguments += ["--methods", "MLP,published CNN", "--budget", "4", "--max-samples", "60"]
    process = subprocess.Popen(
        [COMMAND, "reproduce", "-o", tmp_path / "out", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        # Once the MLP is done, the training of the published network begins.
        for line in process.stderr:
            if "2/4 MLP" in line:
                break
        time.sleep(0.5)
        process.send_signal(number)
        output, errors = process.communicate(timeout=60)
    assert process.returncode == status, errors
    assert "Traceback" not in errors
    assert output == ""
    assert list(tmp_path.iterdir()) == []
