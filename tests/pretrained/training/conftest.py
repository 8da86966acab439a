import pytest

from skxrf.pretrained.training._bank import stored_chunk
from skxrf.pretrained.training._settings import TrainingSettings

SMALL = TrainingSettings(
    n_stacks=64, stacks_per_instrument=32, visits=2, spectra_per_visit=128, spectra_per_batch=64,
    n_spectra=512, n_refining_spectra=256, hidden=16, n_filters=4, n_estimators=3,
)  # fmt: skip


@pytest.fixture(scope="session")
def small():
    """A recipe of two instruments and a small network."""
    return SMALL


@pytest.fixture(scope="session")
def bank(tmp_path_factory):
    """The folder of its bank of photons."""
    path = tmp_path_factory.mktemp("bank")
    for index in range(SMALL.n_instruments):
        stored_chunk(path, SMALL, index)
    return path


@pytest.fixture
def folder(bank, tmp_path):
    """A folder with that bank and no checkpoint."""
    for path in bank.glob("photons-*"):
        (tmp_path / path.name).symlink_to(path)
    return tmp_path
