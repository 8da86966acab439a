import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from skxrf.exceptions import SkxrfError
from skxrf.reproduction._paper import reproduce_paper
from skxrf.reproduction._paper_data import PaperSetUp
from skxrf.reproduction._paper_training import Training
from tests.reproduction.conftest import template_scan

SMALL = PaperSetUp(n_channels=512, n_training=300, elements=("Ca_K", "Fe_K", "Pb_L"))


class QuickScan:
    """Scan of templates instead of a painting."""

    def __init__(self, palette, *, pixel_size, elements, instrument, random_state):
        self.cube, self.maps = template_scan((12, 14), list(elements), random_state)
        self.plan = SimpleNamespace(shape=(12, 14), palette=SimpleNamespace(name=palette))
        self.instrument = SimpleNamespace(energy=self.cube["energy"].to_numpy())

    def pixels(self, chosen, n_jobs):
        counts, maps = (array.to_numpy().reshape(168, -1) for array in (self.cube, self.maps))
        return counts[chosen], maps[chosen].astype(np.float32)

    def label_maps(self, intensities):
        return self.maps.copy(data=intensities)


def quick_labels(X, energy, index, elements):
    """Least squares on the peaks of the templates."""
    pure = template_scan((12, 14), list(elements), 0)
    counts, maps = (array.to_numpy().reshape(168, -1).astype(float) for array in pure)
    templates = np.linalg.lstsq(maps, counts - 1.0, rcond=None)[0]
    fitted = np.linalg.lstsq(templates.T, X.T - 1.0, rcond=None)[0].T
    return pd.DataFrame(fitted, index, list(elements))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run of the set-up on tiny icons."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("skxrf.reproduction._paper_data.painting_scan", QuickScan)
        patch.setattr("skxrf.reproduction._paper_data.fitted_labels", quick_labels)
        yield run(tmp_path_factory.mktemp("paper"))


def run(folder):
    reproduce_paper(folder, methods=["CNN"], set_up=SMALL)
    # One block for the published network, whatever the speed of the machine.
    once = Training(budget=1e-3)
    reproduce_paper(folder, methods=["CNN", "published MLP"], training=once, set_up=SMALL)
    return folder


def states(folder):
    files = (folder / "checkpoint" / "networks").glob("*.json")
    return {file.stem: json.loads(file.read_text()) for file in files}


def test_a_run_leaves_table_maps_and_figures(folder):
    page = (folder / "table1.md").read_text()
    assert "Not converged: published MLP." in page
    assert "the paper's CNN | 0.990 | 1.000 | 1.000 |" in page
    for name in ("maps.nc", "scores.csv", "training.csv", "figure5.png", "figure6.svg"):
        assert (folder / name).stat().st_size > 100
    assert states(folder)["CNN"]["converged"]
    assert states(folder)["CNN"]["passes"] == pytest.approx(30, rel=0.05)


def test_a_larger_budget_goes_on_from_the_stored_networks(folder):
    before = states(folder)["published_MLP"]
    stamp = (folder / "checkpoint" / "networks" / "CNN_last.skxrf").stat().st_mtime_ns
    result = reproduce_paper(
        folder,
        methods=["CNN", "published MLP"],
        training=Training(budget=before["seconds"] + 0.5),
        set_up=SMALL,
    )
    after = states(folder)["published_MLP"]
    assert after["passes"] > before["passes"]
    assert after["curve"][: len(before["curve"])] == before["curve"]
    # A converged network is neither trained again nor changed.
    assert (folder / "checkpoint" / "networks" / "CNN_last.skxrf").stat().st_mtime_ns == stamp
    assert result.table().loc["CNN"].min() > 0.9
    # The best weights so far are those that predict.
    assert after["best"] == min(loss for *_, loss in after["curve"])


def test_the_spectra_are_drawn_from_all_training_paintings(folder):
    files = [folder / "checkpoint" / "data" / f"icon_{k}_counts.npy" for k in (1, 2, 3)]
    sizes = [len(np.load(file)) for file in files]
    assert sum(sizes) == 300
    assert min(sizes) > 70


def test_another_set_up_is_refused_in_the_same_folder(folder):
    with pytest.raises(SkxrfError, match="another set-up"):
        reproduce_paper(folder, set_up=PaperSetUp(n_channels=256))


def test_an_unknown_network_is_refused_before_anything_is_simulated(tmp_path):
    with pytest.raises(SkxrfError, match="known are CNN, MLP, published CNN"):
        reproduce_paper(tmp_path / "new", methods=["Ridge"])
    assert not (tmp_path / "new").exists()
