"""Real processes on cubes larger than they may hold: memory, kill -9, Ctrl-C, and going on."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from skxrf.io import open_maps

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="processes are watched through /proc"
)
# What the interpreter, numpy, xarray, dask, scikit-learn and torch take is not a third of it.
ALLOWED_MB = 1500
# The command, with a model that is slow enough to be interrupted and that anyone can load.
SLOW = """
import re, signal, sys, time
from pathlib import Path
from sklearn.pipeline import Pipeline
import skxrf.inference, skxrf.persistence
from skxrf.cli import main

# A shell that runs the tests in the background has its processes ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
predict = Pipeline.predict
def slowly(self, X):
    time.sleep(DELAY)
    return predict(self, X)
DELAY = float(sys.argv.pop(1))
if DELAY:
    Pipeline.predict = slowly
try:
    main()
finally:
    peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
    print("peak", int(peak[1]) // 1024, "MB", file=sys.stderr)
"""


def command(delay, *arguments):
    return [sys.executable, "-c", SLOW, str(delay), *map(str, arguments)]


def finished_blocks(partial):
    """Count the marks of finished blocks behind the netCDF file, placed by its footer."""
    content = partial.read_bytes() if partial.exists() else b""
    footer = b"skxrf partial maps 2\n"
    if not content.endswith(footer):
        return 0
    end = int.from_bytes(content[-len(footer) - 8 : -len(footer)], "little")
    marks = np.frombuffer(content[end : -len(footer) - 8].partition(b"\n")[2], "<u8")
    return int((marks >= 2**32).sum())


def interrupted(arguments, partial, number, after=2):
    """Run until so many blocks are finished, then send the signal; what it said comes back."""
    process = subprocess.Popen(
        command(0.4, *arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process:
        until = time.monotonic() + 240
        while finished_blocks(partial) < after and process.poll() is None:
            assert time.monotonic() < until, "no block was finished in four minutes"
            time.sleep(0.02)
        process.send_signal(number)
        _, errors = process.communicate(timeout=120)
    return process.returncode, errors


def test_kill_and_ctrl_c_lose_nothing_and_the_maps_are_the_same(scan, model, skxrf, tmp_path):
    with h5py.File(scan / "scan.h5") as source, h5py.File(tmp_path / "scan.h5", "w") as file:
        # Ten blocks of 8 MiB, so that there is something to interrupt.
        file["counts"] = np.tile(source["counts"][:], (110, 2, 1))
        file["energy_keV"] = source["energy_keV"][:]
    options = ("--model", model)
    out, partial = tmp_path / "out.nc", tmp_path / "out.nc.partial"
    arguments = ("map", tmp_path / "scan.h5", "-o", out, *options)
    status, errors = interrupted(arguments, partial, signal.SIGKILL)
    assert status == -signal.SIGKILL
    assert not out.exists()
    after_kill = finished_blocks(partial)
    assert after_kill >= 2
    status, errors = interrupted(arguments, partial, signal.SIGINT, after_kill + 1)
    assert status == 130
    assert "Traceback" not in errors
    assert "rows are finished and kept in" in errors
    kept = finished_blocks(partial)
    assert kept >= after_kill + 1
    run = skxrf(*arguments)
    assert run.status == 0, run.err
    assert not partial.exists()
    whole = tmp_path / "whole.nc"
    assert skxrf(*arguments[:2], "-o", whole, *options).status == 0
    assert out.read_bytes() == whole.read_bytes()


def test_a_cube_of_gigabytes_in_little_memory(model, tmp_path):
    # Zeros that nobody wrote take no room on the disk, and are read like all others.
    with h5py.File(tmp_path / "large.h5", "w") as file:
        file.create_dataset("counts", shape=(2400, 1200, 512), dtype=np.uint16)
        file["energy_keV"] = 0.02 + 0.04 * np.arange(512)
        nbytes = file["counts"].nbytes
    assert nbytes > 1.8 * ALLOWED_MB * 2**20
    assert (tmp_path / "large.h5").stat().st_size < 2**20
    out = tmp_path / "out.nc"
    run = subprocess.run(
        command(0, "map", tmp_path / "large.h5", "-o", out, "--model", model),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    peak = int(re.search(r"peak (\d+) MB", run.stderr)[1])
    assert peak < ALLOWED_MB, f"{peak} MB for a cube of {nbytes / 2**20:.0f} MB"
    assert open_maps(out).shape == (2400, 1200, 3)
