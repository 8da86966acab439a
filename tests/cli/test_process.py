"""The command as its users run it: a process, its exit status, its last line."""

import re
import signal
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import pytest
import xarray as xr

from skxrf.io import open_maps, save_maps

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


def test_help_names_the_commands_and_loads_nothing_heavy():
    run = skxrf("--help")
    assert run.returncode == 0
    assert all(name in run.stdout for name in ("info", "fit", "reproduce"))
    code = "import sys, skxrf.cli; print({'torch', 'matplotlib', 'sklearn'} & set(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    assert loaded.stdout == "set()\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("map", "cube.h5", "-o", "old.nc"),
        ("map", "cube.h5", "-o", "cube.h5"),
        ("map", "cube.h5", "-o", "new.nc", "--report", "new.nc"),
        ("fit", "cube.h5", "-o", "old.nc"),
        ("figure", "cube.h5", "-o", "old.nc"),
        ("region", "cube.h5", "--box", "0:1,0:1", "-o", "old.csv"),
        ("train", "cube.h5", "--maps", "cube.h5", "-o", "old.nc"),
        ("evaluate", "cube.h5", "cube.h5", "-o", "old.html"),
        ("audit", "cube.h5", "--report", "old.html"),
        ("simulate", "-o", "old.h5"),
    ],
    ids=" ".join,
)
def test_an_output_that_exists_is_refused_before_anything_is_loaded(tmp_path, arguments):
    for name in ("cube.h5", "old.nc", "old.csv", "old.html", "old.h5"):
        (tmp_path / name).write_bytes(b"of another day")
    code = (
        "import sys\nfrom skxrf.cli import main\ntry:\n    main()\nfinally:\n"
        "    print({'numpy', 'h5py', 'sklearn', 'torch'} & set(sys.modules))"
    )

    run = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )

    assert run.returncode == 2
    assert re.fullmatch(
        r"skxrf: .*(--force|Name another output|a name of its own)\.\n", run.stderr
    ), run.stderr
    assert run.stdout == "set()\n"
    assert {path.read_bytes() for path in tmp_path.iterdir()} == {b"of another day"}


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


def test_a_mistake_is_refused_in_one_line(scan, tmp_path):
    other = tmp_path / "other.nc"
    save_maps(open_maps(scan / "maps.nc")[:10], other)
    run = skxrf("reproduce", "-o", tmp_path / "out", "--cube", scan / "scan.h5", "--maps", other)
    assert (run.returncode, run.stdout) == (2, "")
    # Words about what is being done, then the one line.
    lines = [line for line in run.stderr.splitlines() if line.startswith("skxrf: ")]
    assert len(lines) == 1, run.stderr
    assert run.stderr.strip().endswith(lines[0])
    assert all(part in lines[0] for part in ("other.nc", "10 x 20", "18 x 20"))
    assert list(tmp_path.iterdir()) == [other]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_an_interrupted_run_leaves_nothing(scan, tmp_path):
    arguments = ["--cube", scan / "scan.h5", "--maps", scan / "maps.nc", "--folds", "2"]
    arguments += ["--methods", "MLP,published CNN", "--budget", "1", "--max-samples", "60"]
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
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 143, errors
    assert "Traceback" not in errors
    assert output == ""
    assert list(tmp_path.iterdir()) == []
