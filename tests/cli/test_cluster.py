"""Maps that a cluster of two processes computes, one of which is killed midway."""

import json
import os
import signal
from dataclasses import replace

import h5py
import numpy as np
import pytest
from dask.base import get_scheduler
from dask.distributed import LocalCluster

from skxrf.cli import cli
from skxrf.inference._store import PartialMaps
from skxrf.io import open_maps
from skxrf.io.cubes import lazy


@pytest.fixture(scope="module")
def cluster():
    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address=None,
    ) as cluster:
        yield cluster


@pytest.fixture
def blocks(scan, tmp_path, monkeypatch):
    """A cube in some sixty blocks, and a count of those that are written."""
    monkeypatch.setattr(lazy, "READ", replace(lazy.READ, block_bytes=2**15))
    with h5py.File(scan / "scan.h5") as file, h5py.File(tmp_path / "cube.h5", "w") as copy:
        counts = np.tile(file["counts"][...], (5, 1, 1))
        copy.create_dataset("counts", data=counts, chunks=(1, 20, 512))
        copy["energy_keV"] = file["energy_keV"][...]
    written = []
    write = PartialMaps.write

    def counted(self, row, column, values):
        write(self, row, column, values)
        written.append((row, column))

    monkeypatch.setattr(PartialMaps, "write", counted)
    return written


def after(written, n, act, monkeypatch):
    """Act once when so many blocks are written."""
    write = PartialMaps.write

    def acting(self, row, column, values):
        write(self, row, column, values)
        if len(written) == n:
            act()

    monkeypatch.setattr(PartialMaps, "write", acting)


def test_a_killed_worker_changes_nothing(cluster, blocks, skxrf, tmp_path, monkeypatch):
    arguments = ["--elements", "Ca_K,Fe_K,Pb_L"]
    here = skxrf("fit", tmp_path / "cube.h5", "-o", tmp_path / "here.nc", *arguments)
    assert here.status == 0, here.err
    n_blocks = len(blocks)
    assert n_blocks > 20
    blocks.clear()
    worker = next(iter(cluster.workers.values()))
    after(blocks, 3, lambda: os.kill(worker.pid, signal.SIGKILL), monkeypatch)
    there = skxrf(
        *("fit", tmp_path / "cube.h5", "-o", tmp_path / "there.nc", *arguments),
        *("--cluster", cluster.scheduler_address),
    )
    assert there.status == 0, there.err
    assert sorted(blocks) == sorted(set(blocks))
    assert len(blocks) == n_blocks
    assert open_maps(tmp_path / "here.nc").equals(open_maps(tmp_path / "there.nc"))


def test_an_interrupted_run_resumes(cluster, blocks, model, skxrf, tmp_path, monkeypatch):
    def interrupt():
        raise KeyboardInterrupt

    call = (
        *("map", tmp_path / "cube.h5", "-o", tmp_path / "maps.nc", "--model", model),
        *("--json", "--quiet", "--cluster", cluster.scheduler_address),
    )
    with monkeypatch.context() as patched:
        after(blocks, 5, interrupt, patched)
        assert skxrf(*call).status == 130
    run = skxrf(*call)
    assert run.status == 0, run.err
    assert json.loads(run.out)["pixels_from_earlier_run"] > 0
    skxrf("map", tmp_path / "cube.h5", "-o", tmp_path / "here.nc", "--model", model)
    assert open_maps(tmp_path / "here.nc").equals(open_maps(tmp_path / "maps.nc"))


def test_an_address_where_nothing_answers(scan, skxrf, tmp_path, monkeypatch):
    monkeypatch.setattr("skxrf.cli._cluster._PATIENCE", 0.2)
    run = skxrf("map", scan / "scan.h5", "-o", tmp_path / "x.nc", "--cluster", "tcp://127.0.0.1:9")
    assert run.status == 2
    assert "no dask scheduler answers at tcp://127.0.0.1:9" in run.err
    assert list(tmp_path.iterdir()) == []
    assert get_scheduler() is None  # later computations stay in this process


def test_a_line_that_is_only_parsed_connects_to_nothing(scan, monkeypatch):
    monkeypatch.setattr("dask.distributed.Client", None)
    line = [str(scan / "scan.h5"), "-o", "x.nc", "--cluster", "tcp://127.0.0.1:9"]
    cli.commands["map"].make_context("map", line).close()
