"""The icon of all tests, and line groups that its spectra show beside those asked for."""

import pytest

from skxrf.samples import to_samples


@pytest.fixture(scope="session")
def painting(shipped_on_icon):
    """Spectra, true intensities and energy axis."""
    cube, maps, _ = shipped_on_icon
    return to_samples(cube).to_numpy(), to_samples(maps), cube["energy"].to_numpy()


@pytest.fixture(scope="session")
def found_groups(shipped_on_icon):
    """Line groups that a search found in its spectra: given as nuisances, none is searched for."""
    return shipped_on_icon[2].painting_.template_fit.fitted_groups_
