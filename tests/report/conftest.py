"""Small painting and its fit."""

import numpy as np
import pytest
import xarray as xr

from skxrf.inference import predict_maps
from skxrf.linear_model import TemplateFitRegressor
from skxrf.physics import DetectorResponse, line_group
from skxrf.samples import to_samples
from skxrf.utils.energy import bin_edges


@pytest.fixture(scope="session")
def painted():
    """A small painting in millimeters: cube, maps and standard errors of a fit, truth, the fit.

    Its spectra are templates and noise: the simulator would take longer than the tests.
    """
    elements = ["Ca_K", "Fe_K", "Hg_L", "Pb_L"]
    energy = -0.1 + 0.04 * np.arange(500)
    edges = bin_edges(energy)
    detector = DetectorResponse()
    templates = np.array([detector.template(line_group(name), edges) for name in elements])
    y, x = np.mgrid[:20, :28]
    level = np.stack(
        [
            300 + 250 * np.sin(x / 4),
            900 * (np.hypot(y - 9, x - 13) < 6),
            400 * (y > 12) + 5,
            40 * x + 20 * y,
        ],
        axis=-1,
    )
    continuum = 1.5 * np.exp(-energy / 12) * (energy > 0.3)
    counts = np.random.default_rng(11).poisson(level @ templates + continuum).astype(np.uint16)
    coords = {"y": 0.5 * np.arange(20), "x": 3 + 0.5 * np.arange(28)}
    attrs = {"source": "panel.h5", "history": "opened panel.h5", "tube": "Rh, 50 kV"}
    cube = xr.DataArray(
        counts, dims=("y", "x", "energy"), coords={**coords, "energy": energy}, attrs=attrs
    )
    truth = xr.DataArray(
        level.astype(np.float32),
        dims=("y", "x", "element"),
        coords={**coords, "element": elements},
        attrs={"units": "counts"},
    )
    fit = TemplateFitRegressor(elements, energy=energy, nuisance="none", refine=False)
    fit.fit(to_samples(cube).to_numpy())
    return cube, predict_maps(fit, cube, return_std=True), truth, fit
