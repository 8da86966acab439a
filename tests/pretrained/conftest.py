import numpy as np
import pytest

from skxrf.pretrained import load_pretrained


@pytest.fixture(scope="session")
def painting(shipped_on_icon):
    """Counts, truth: a palette and an instrument that no training saw."""
    cube, maps, _ = shipped_on_icon
    return cube, maps


@pytest.fixture(scope="session")
def spectra(painting):
    cube, _ = painting
    return cube.to_numpy().reshape(-1, cube.sizes["energy"])


@pytest.fixture(scope="session")
def model(shipped_on_icon):
    """The shipped model, bound to the painting."""
    return shipped_on_icon[2]


@pytest.fixture(scope="session")
def misinformed(once, painting, spectra):
    """The shipped model, bound to the painting on an axis whose gain is off by 1 %."""
    axis = 0.02 + 1.01 * painting[0]["energy"].to_numpy()
    return once("misinformed", lambda: load_pretrained().bind(spectra, axis))


@pytest.fixture(scope="session")
def truth(painting):
    _, maps = painting
    return {
        str(name): maps.sel(element=name).to_numpy().ravel().astype(np.float64)
        for name in maps["element"].to_numpy()
    }
