"""The command called as its entry point, in this process: what costs a second is the start."""

import signal
import sys
from dataclasses import dataclass

import h5py
import numpy as np
import pytest
import xarray as xr

from skxrf.cli import main
from skxrf.io import save_maps
from skxrf.physics import DetectorResponse, line_group
from skxrf.utils.energy import bin_edges


@dataclass
class Run:
    status: int
    out: str
    err: str


@pytest.fixture
def skxrf(monkeypatch, capsys):
    """Call ``skxrf ARGUMENTS``; status, output and messages come back."""
    before = signal.getsignal(signal.SIGTERM)

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["skxrf", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return Run(ended.value.code, out, err)

    yield call
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="session")
def scan(tmp_path_factory):
    """A folder with a cube, its reference maps, a pickle and a file of text."""
    folder = tmp_path_factory.mktemp("scan")
    rng = np.random.default_rng(2)
    energy, elements = 0.02 + 0.04 * np.arange(512), ["Ca_K", "Fe_K", "Pb_L"]
    templates = [DetectorResponse().template(line_group(g), bin_edges(energy)) for g in elements]
    truth = 200.0 * np.kron(rng.integers(0, 5, (5, 5, 3)), np.ones((4, 4, 1)))[:18] + 30
    counts = rng.poisson(truth @ np.array(templates) + 1.0).astype(np.uint16)
    counts[3, 4:6] = 0
    with h5py.File(folder / "scan.h5", "w") as file:
        file["counts"], file["energy_keV"] = counts, energy
    maps = xr.DataArray(truth, dims=("y", "x", "element"), coords={"element": elements})
    save_maps(maps, folder / "maps.nc")
    (folder / "text").write_text("no spectra here")
    return folder


@pytest.fixture(scope="session")
def model(scan):
    """A small model of that scan."""
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline

    from skxrf.io import open_cube, open_maps
    from skxrf.persistence import save_model
    from skxrf.preprocessing import ChannelBinner
    from skxrf.samples import to_samples

    cube, maps = open_cube(scan / "scan.h5"), open_maps(scan / "maps.nc")
    estimator = make_pipeline(ChannelBinner(2, energy=cube["energy"].to_numpy()), Ridge())
    estimator.fit(to_samples(cube).to_numpy(), to_samples(maps))
    estimator[-1].line_groups_ = list(maps["element"].to_numpy())
    save_model(estimator, scan / "ridge.skxrf")
    return scan / "ridge.skxrf"
