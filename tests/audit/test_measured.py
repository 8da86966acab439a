"""The error estimated from single repeats against the spread of 32 measured ones."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from skxrf.audit._map_error import block_mean, map_errors
from skxrf.audit._reference import linear_reference
from skxrf.linear_model import TemplateFitRegressor
from tests.audit.conftest import FixedFit

REPEATS = Path(__file__).parents[3] / "shared" / "data" / "repeats_brass" / "repeats.csv"


@pytest.mark.skipif(not REPEATS.exists(), reason="the measured repeats are not there")
def test_the_estimate_from_thinned_repeats_is_their_spread():
    import xarray as xr

    table = pd.read_csv(REPEATS, index_col=0).iloc[:, :-1]
    energy, spectra = table.columns.to_numpy(float), table.to_numpy().astype(np.uint16)
    groups = ["Fe_K", "Cu_K", "Zn_K"]
    fit = TemplateFitRegressor(groups, energy=energy).fit(spectra)
    channels = fit.fitted_channels_
    reference_fit = FixedFit(energy, fit.fitted_groups_, channels, fit.components_)
    cube = xr.DataArray(
        spectra[:, None], dims=("y", "x", "energy"), coords={"energy": energy}, name="counts"
    )
    reference = linear_reference(reference_fit, spectra)

    def maps(part):
        values = fit.predict(part.to_numpy().reshape(-1, energy.size))
        return xr.DataArray(values[:, None], dims=("y", "x", "element"), coords={"element": groups})

    found = map_errors(
        "fit", maps, cube, reference, np.arange(32), n_splits=10, n_runs=10, random_state=0
    )
    spread = found.maps["intensity"].to_numpy()[:, 0].var(axis=0, ddof=1)
    for k, name in enumerate(groups):
        place = found.line_groups.index(name)
        mean, error = block_mean(found.squared[:, place], np.arange(32), np.zeros(32, int))
        # The spread of 32 values is itself known to sqrt(2 / 31) of it.
        assert abs(mean - spread[k]) < 2 * np.hypot(error, spread[k] * np.sqrt(2 / 31)), name
        assert error < 0.5 * spread[k]
