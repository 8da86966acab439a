import numpy as np
import pytest

from skxrf.datasets import make_painting
from skxrf.pretrained import load_pretrained


@pytest.fixture(scope="session")
def painting():
    """Counts, truth: a palette and an instrument that no training saw."""
    return make_painting((36, 30), palette="icon_test", random_state=6)


@pytest.fixture(scope="session")
def spectra(painting):
    cube, _ = painting
    return cube.to_numpy().reshape(-1, cube.sizes["energy"])


@pytest.fixture(scope="session")
def model(painting, spectra):
    """The shipped model, bound to the painting."""
    cube, _ = painting
    return load_pretrained().bind(spectra, cube["energy"].to_numpy())


@pytest.fixture(scope="session")
def truth(painting):
    _, maps = painting
    return {
        str(name): maps.sel(element=name).to_numpy().ravel().astype(np.float64)
        for name in maps["element"].to_numpy()
    }
