import json

import numpy as np
import pytest

from skxrf.exceptions import SkxrfError
from skxrf.reproduction._paper import reproduce_paper
from skxrf.reproduction._paper_data import PaperSetUp
from skxrf.reproduction._paper_training import Training

SMALL = PaperSetUp(step=24, n_channels=512, n_training=300, elements=("Ca_K", "Fe_K", "Pb_L"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run of the set-up on tiny icons."""
    folder = tmp_path_factory.mktemp("paper")
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
    # What has converged is neither trained again nor changed.
    assert (folder / "checkpoint" / "networks" / "CNN_last.skxrf").stat().st_mtime_ns == stamp
    assert result.table().loc["CNN"].min() > 0.9
    # The best weights so far are those that predict.
    assert after["best"] == min(loss for *_, loss in after["curve"])


def test_the_drawn_spectra_are_the_same_in_another_run(folder):
    drawn = np.load(folder / "checkpoint" / "data" / "icon_1_counts.npy")
    pixels = SMALL.scan(("icon_1", 0)).pixels(np.arange(3))[0]
    assert drawn.shape[1] == pixels.shape[1] == 512
    assert drawn.sum(axis=1).mean() == pytest.approx(5000, rel=0.2)


def test_another_set_up_is_refused_in_the_same_folder(folder):
    with pytest.raises(SkxrfError, match="another set-up"):
        reproduce_paper(folder, set_up=PaperSetUp(step=30, n_channels=512))


def test_an_unknown_network_is_refused_before_anything_is_simulated(tmp_path):
    with pytest.raises(SkxrfError, match="known are CNN, MLP, published CNN"):
        reproduce_paper(tmp_path / "new", methods=["Ridge"])
    assert not (tmp_path / "new").exists()
