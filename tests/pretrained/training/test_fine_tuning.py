"""Fine-tuning of the shipped model on labeled spectra."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from skxrf.datasets import make_painting
from skxrf.exceptions import LineGroupError, SkxrfError
from skxrf.pretrained import load_pretrained
from skxrf.pretrained._axis import LINE_GROUPS
from skxrf.pretrained._weights import read_weights, write_weights
from skxrf.pretrained.training import _fine_tuning
from skxrf.pretrained.training._spectra import draw_spectra
from skxrf.pretraining import fine_tune
from skxrf.samples import to_samples


@pytest.fixture(autouse=True)
def few_stacks(monkeypatch):
    """Fewer simulated spectra of fewer stacks, which take less time."""
    monkeypatch.setattr(
        _fine_tuning, "_RULE", replace(_fine_tuning._RULE, stacks_per_instrument=64)
    )
    monkeypatch.setattr(
        _fine_tuning, "draw_spectra", lambda *args: draw_spectra(*args[:-1], min(args[-1], 2048))
    )


def test_fine_tuning_learns_labels_and_leaves_the_model_as_it_was(shipped_on_icon):
    cube, maps, bound = shipped_on_icon
    energy, X = cube["energy"].to_numpy(), to_samples(cube).to_numpy()
    iron = LINE_GROUPS.index("Fe_K")
    # Labels in other units: what no simulation would teach.
    Y = pd.DataFrame(2 * to_samples(maps)["Fe_K"].to_numpy(), columns=["Fe_K"])
    shipped = load_pretrained()
    before = shipped.load_weights().arrays["read_out.weight"].copy()
    tuned = fine_tune(
        shipped, X, Y, energy=energy, simulated_share=0.2, max_time=4, learning_rate=2e-3,
        n_instruments=1, random_state=0,
    )  # fmt: skip
    np.testing.assert_array_equal(shipped.load_weights().arrays["read_out.weight"], before)
    old, new = (model.predict(X)[:, iron] for model in (bound, tuned.bind(X, energy)))
    truth = Y["Fe_K"].to_numpy()
    assert np.abs(new - truth).mean() < 0.8 * np.abs(old - truth).mean()
    # The template fit knows nothing of such units: the labels say so.
    before, after = (model.load_weights().fit_shares for model in (shipped, tuned))
    assert after[1, iron] < 0.5 < before[1, iron]
    np.testing.assert_array_equal(np.delete(after, iron, axis=1), np.delete(before, iron, axis=1))


def test_fine_tuning_binds_to_each_painting_by_itself(tmp_path):
    scans = [make_painting((12, 15), palette="icon_1", random_state=seed) for seed in range(2)]
    spectra = [to_samples(cube).to_numpy() for cube, _ in scans]
    labels = to_samples({name: maps for name, (_, maps) in zip("ab", scans, strict=True)})
    labels = labels[["Fe_K", "Pb_L"]]
    # Axes that differ by half of a peak: one axis could not serve both.
    energy = scans[0][0]["energy"].to_numpy()
    spectra[1] = np.roll(spectra[1], 4, axis=1)
    tuned = fine_tune(
        load_pretrained(), np.concatenate(spectra), labels, energy=energy, max_time=1,
        n_instruments=1, random_state=0,
    )  # fmt: skip
    for X, painting in zip(spectra, "ab", strict=True):
        predicted = tuned.bind(X, energy).predict(X)
        truth = labels.loc[painting]["Pb_L"].to_numpy()
        assert np.corrcoef(predicted[:, LINE_GROUPS.index("Pb_L")], truth)[0, 1] > 0.97
    write_weights(tmp_path / "tuned.safetensors", tuned.load_weights())
    stored = read_weights(tmp_path / "tuned.safetensors")
    np.testing.assert_allclose(stored.fit_shares, tuned.load_weights().fit_shares)


def test_fine_tuning_asks_for_line_groups_of_the_model():
    with pytest.raises(LineGroupError, match="does not predict U_L"):
        fine_tune(load_pretrained(), np.ones((2, 9)), pd.DataFrame({"U_L": [1, 2]}), energy=(0, 1))
    with pytest.raises(SkxrfError, match="rows must match"):
        fine_tune(load_pretrained(), np.ones((3, 9)), pd.DataFrame({"Fe_K": [1]}), energy=(0, 1))
