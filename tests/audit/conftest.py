"""A small scan whose templates, truth and noise are known exactly."""

from dataclasses import dataclass

import numpy as np
import pytest
import xarray as xr

from skxrf.physics import DetectorResponse, line_group
from skxrf.utils.energy import bin_edges

GROUPS = ["Ca_K", "Ti_K", "Fe_K", "Pb_L"]
ENERGY = 2.0 + 0.03 * np.arange(400)


@dataclass
class FixedFit:
    """Fit by known components: what an audit takes as its reference."""

    energy_: np.ndarray
    fitted_groups_: list
    fitted_channels_: slice
    components_: np.ndarray

    def decompose(self, X):
        """Fit by unweighted least squares."""
        return np.linalg.lstsq(self.components_.T, np.asarray(X, float).T, rcond=None)[0].T


@dataclass
class Scene:
    cube: xr.DataArray
    truth: np.ndarray
    fit: FixedFit

    @property
    def spectra(self):
        return self.cube.to_numpy().reshape(-1, self.cube.sizes["energy"])

    def maps(self, values, errors=None):
        """Maps of these pixels."""
        shape = (*self.cube.shape[:2], len(GROUPS))
        found = {"intensity": (("y", "x", "element"), np.reshape(values, shape))}
        if errors is not None:
            found["uncertainty"] = (("y", "x", "element"), np.reshape(errors, shape))
        return xr.Dataset(found, coords={"element": GROUPS})

    def weighted_fit(self, cube, scale=1.0):
        """Non-negative-free weighted fit with one set of weights, and its standard errors."""
        X = cube.to_numpy().reshape(-1, cube.sizes["energy"]).astype(float)
        weights = 1 / (self.spectra.mean(axis=0) + 1e-3)
        T = self.fit.components_
        matrix = np.linalg.solve((T * weights) @ T.T, T * weights)[: len(GROUPS)]
        return self.maps(X @ matrix.T, scale * np.sqrt(X @ (matrix**2).T + 0.1))


def make_scene(seed=0, counts=1.0, shape=(48, 40)):
    """Four paints in stripes and squares, 30 to 500 counts a line group."""
    rng = np.random.default_rng(seed)
    response, edges = DetectorResponse(), bin_edges(ENERGY)
    lines = [response.template(line_group(name), edges) for name in GROUPS]
    background = np.exp(-ENERGY / 6)
    components = np.vstack([*lines, background / background.sum()])
    paints = rng.uniform(30, 500, (4, len(GROUPS) + 1)) * counts
    paints[1, 1] = 0
    which = (np.indices(shape) // 8).sum(axis=0) % 4
    amplitudes = paints[which].reshape(-1, len(components))
    drawn = rng.poisson(amplitudes @ components).reshape(*shape, -1).astype(np.uint16)
    cube = xr.DataArray(drawn, dims=("y", "x", "energy"), coords={"energy": ENERGY}, name="counts")
    fit = FixedFit(ENERGY, list(GROUPS), slice(0, ENERGY.size), components)
    return Scene(cube, amplitudes[:, : len(GROUPS)], fit)


@pytest.fixture(scope="session")
def scene():
    return make_scene()
