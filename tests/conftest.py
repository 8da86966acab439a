"""What every test needs before anything else is imported, and a few tiny paintings."""

import os
import pickle

# Without it, scikit-learn skips its array API check; scipy reads it once, when first imported.
os.environ["SCIPY_ARRAY_API"] = "1"

import numpy as np
import pytest
import xarray as xr
from filelock import FileLock
from hypothesis import settings

from skxrf.samples import to_samples

# How long an example takes says more of the machine's other work than of the code.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    """Function that makes an object once in a run: workers after the first open what it made."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent

    def get(name, make):
        path = folder / f"{name}.pickle"
        with FileLock(path.with_suffix(".lock")):
            if not path.exists():
                path.write_bytes(pickle.dumps(make()))
            return pickle.loads(path.read_bytes())

    return get


@pytest.fixture(scope="session")
def shipped_on_icon(once):
    """Cube and true maps of an icon that no training saw; the shipped model, bound to it."""

    def make():
        from skxrf.datasets import make_painting
        from skxrf.pretrained import load_pretrained

        cube, maps = make_painting((36, 30), palette="icon_test", random_state=6)
        spectra = cube.to_numpy().reshape(-1, cube.sizes["energy"])
        return cube, maps, load_pretrained().bind(spectra, cube["energy"].to_numpy())

    return once("shipped_on_icon", make)


@pytest.fixture(scope="session")
def tiny_paintings():
    """Cubes and true maps of three paintings, of two line groups in 16 channels.

    Made by hand rather than by the library's simulator, so that tests of the lower layers do
    not depend on the upper ones.
    """
    rng = np.random.default_rng(20240917)
    channels = np.arange(16)
    lines = np.exp(-0.5 * ((channels - np.array([[4.0], [10.0]])) / 1.2) ** 2)
    lines /= lines.sum(axis=1, keepdims=True)
    cubes, maps = {}, {}
    for k, (name, n_y, n_x) in enumerate([("icon", 15, 18), ("panel", 12, 20), ("saint", 14, 14)]):
        y, x = np.mgrid[:n_y, :n_x]
        truth = np.stack(
            [
                600 * (1.1 + np.sin(y / 3 + k) * np.cos(x / 4)),
                900 * (1.2 + np.cos(y / 4) * np.sin(x / 3 - k)),
            ],
            axis=-1,
        )
        maps[name] = xr.DataArray(
            truth, dims=("y", "x", "element"), coords={"element": ["Fe_K", "Pb_L"]}
        )
        cubes[name] = xr.DataArray(
            rng.poisson(truth @ lines + 5).astype(np.uint16),
            dims=("y", "x", "energy"),
            coords={"energy": 0.5 + channels},
            name="counts",
        )
    return cubes, maps


@pytest.fixture(scope="session")
def tiny_samples(tiny_paintings):
    """``X`` (n_pixels, 16) and the table ``Y`` of :func:`tiny_paintings`."""
    cubes, maps = tiny_paintings
    return to_samples(cubes).to_numpy(), to_samples(maps)
