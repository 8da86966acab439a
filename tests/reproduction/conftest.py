"""Small scans of line templates on a flat background, and a problem that is linear."""

import h5py
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from skxrf.io import save_maps
from skxrf.model_selection import block_groups
from skxrf.physics import DetectorResponse, line_group
from skxrf.reproduction._problem import Problem
from skxrf.reproduction._result import DataDescription
from skxrf.samples import to_samples
from skxrf.utils.energy import bin_edges


def template_scan(shape, elements, seed):
    """Counts and true maps of square patches: quicker than a painting."""
    rng = np.random.default_rng(seed)
    energy = 0.02 + 0.04 * np.arange(512)
    templates = [
        DetectorResponse().template(line_group(name), bin_edges(energy)) for name in elements
    ]
    patches = rng.integers(0, 5, (-(-shape[0] // 4), -(-shape[1] // 4), len(elements)))
    truth = 200.0 * np.kron(patches, np.ones((4, 4, 1)))[: shape[0], : shape[1]] + 30
    counts = rng.poisson(truth @ np.array(templates) + 1.0).astype(np.uint16)
    coords = {"y": 0.5 * np.arange(shape[0]), "x": 0.5 * np.arange(shape[1])}
    dims = ("y", "x")
    cube = xr.DataArray(counts, dims=(*dims, "energy"), coords=coords | {"energy": energy})
    maps = xr.DataArray(truth, dims=(*dims, "element"), coords=coords | {"element": elements})
    for array in (cube, maps):
        array["x"].attrs["units"] = array["y"].attrs["units"] = "mm"
    return cube.rename("counts"), maps.rename("intensity")


@pytest.fixture(scope="session")
def scan():
    """24 x 28 pixels, 512 channels, three line groups."""
    return template_scan((24, 28), ["Ca_K", "Fe_K", "Pb_L"], 3)


@pytest.fixture(scope="session")
def scan_files(scan, tmp_path_factory):
    """The scan's cube and maps in files."""
    folder = tmp_path_factory.mktemp("scan")
    with h5py.File(folder / "scan.h5", "w") as file:
        file["counts"], file["energy_keV"] = scan[0].to_numpy(), scan[0]["energy"].to_numpy()
    save_maps(scan[1], folder / "maps.nc")
    return folder


@pytest.fixture
def quick_paintings(monkeypatch):
    """Scans of templates instead of paintings; the list of the palettes and seeds asked for."""
    asked = []

    def make(palette, *, shape, instrument, random_state, elements=("Ca_K", "Pb_L")):
        asked.append((palette, random_state))
        cube, maps = template_scan(shape, list(elements), random_state)
        return cube.assign_attrs(title=f"about {palette}"), maps

    monkeypatch.setattr("skxrf.simulation.simulate_painting", make)
    return asked


@pytest.fixture
def linear_problem():
    """24 x 32 pixels of 40 channels; two line groups; the last four rows have no labels."""
    rng = np.random.default_rng(7)
    templates = rng.dirichlet(np.ones(40), size=2)
    patches = np.kron(rng.integers(0, 4, (6, 8, 2)), np.ones((4, 4, 1)))
    truth = patches * np.array([400.0, 900.0]) + 50
    counts = rng.poisson(truth @ templates).astype(np.uint16)
    coords = {"y": 0.5 * np.arange(24), "x": 0.5 * np.arange(32)}
    cube = xr.DataArray(counts, dims=("y", "x", "energy"), coords=coords)
    maps = xr.DataArray(
        truth, dims=("y", "x", "element"), coords=coords | {"element": ["Fe_K", "Pb_L"]}
    )
    X, Y = np.asarray(to_samples({"scan": cube})), to_samples({"scan": maps})
    truth_table = Y.copy()
    Y[Y.index.get_level_values("y") >= 20] = np.nan
    data = DataDescription(
        name="scan",
        source="made for a test",
        simulated=True,
        shapes={"scan": (24, 32)},
        n_channels=40,
        energy=np.linspace(1, 20, 40),
        sum_spectrum=X.sum(axis=0),
        maximum_spectrum=X.max(axis=0),
        n_labeled=int(Y.notna().all(axis=1).sum()),
        reference_name="template fit",
        split_name="blocks of 8 × 8 pixels",
    )
    groups = block_groups(pd.DataFrame(Y), block_shape=8)
    return Problem(X, Y, truth_table, groups, {"scan": {"y": maps["y"], "x": maps["x"]}}, data)
