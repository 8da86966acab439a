"""Spectra of two line groups, to fit the models that are stored."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from skxrf.physics import DetectorResponse, line_group
from skxrf.utils.energy import bin_edges

DATA = Path(__file__).parents[1] / "data"
ENERGY = 0.02 + 0.04 * np.arange(320)
GROUPS = ["Ca_K", "Fe_K"]


@pytest.fixture(scope="module")
def spectra():
    rng = np.random.default_rng(5)
    lines = [DetectorResponse().template(line_group(g), bin_edges(ENERGY)) for g in GROUPS]
    Y = pd.DataFrame(rng.uniform(20, 400, (150, 2)), columns=GROUPS)
    return rng.poisson(Y.to_numpy() @ np.array(lines) + 0.8).astype(np.uint16), Y
