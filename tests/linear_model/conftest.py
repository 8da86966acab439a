"""The icon of all tests, and line groups that its spectra show beside those asked for."""

import pytest

from skxrf.samples import to_samples


@pytest.fixture(scope="session")
def painting(shipped_on_icon):
    """Spectra, true intensities and energy axis."""
    cube, maps, _ = shipped_on_icon
    return to_samples(cube).to_numpy(), to_samples(maps), cube["energy"].to_numpy()


@pytest.fixture(scope="session")
def found_groups():
    """Line groups of its spectra: given as nuisances, none is searched for."""
    names = "Ar_K Au_L Au_M Ca_K Cr_K Cu_K Fe_K Hg_L Hg_M K_K Mn_K P_K Pb_L Pb_M Rh_L S_K Sr_K Ti_K Zn_K"
    return names.split()
