"""Training of the shipped model, on a few stacks: that it runs, repeats, resumes and learns."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from skxrf.datasets import make_painting
from skxrf.exceptions import LineGroupError, SkxrfError
from skxrf.pretrained import load_pretrained
from skxrf.pretrained._axis import COMPONENT_GROUPS, LINE_GROUPS
from skxrf.pretrained._weights import read_weights, write_weights
from skxrf.pretrained.training._bank import make_chunk, stored_chunk
from skxrf.pretrained.training._settings import TrainingSettings
from skxrf.pretrained.training._spectra import draw_spectra
from skxrf.pretrained.training._training import losses, train_network, validation_batch
from skxrf.pretraining import fine_tune
from skxrf.samples import to_samples

SMALL = TrainingSettings(
    n_stacks=64, stacks_per_instrument=32, visits=2, spectra_per_visit=128, spectra_per_batch=64,
    n_spectra=512, n_refining_spectra=256, hidden=16, n_filters=4, n_estimators=3,
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A bank of two instruments."""
    path = tmp_path_factory.mktemp("bank")
    for index in range(SMALL.n_instruments):
        stored_chunk(path, SMALL, index)
    return path


def test_a_chunk_is_kept_as_it_was_made(folder):
    made, kept = make_chunk(SMALL, 0), stored_chunk(folder, SMALL, 0)
    np.testing.assert_array_equal(made.lines, kept.lines)
    np.testing.assert_array_equal(made.line_templates, kept.line_templates)


def test_spectra_follow_from_the_seed_and_hold_their_truth(folder):
    chunk = stored_chunk(folder, SMALL, 0)
    one, two = (
        draw_spectra(chunk, SMALL, np.random.default_rng(4), 200, neighbors=True) for _ in range(2)
    )
    for first, second in zip(one, two, strict=True):
        np.testing.assert_array_equal(first, second)
    assert one.counts.shape[:2] == (200, 2)
    assert one.fits.shape[2] > len(COMPONENT_GROUPS)
    total = one.counts[:, 0].sum(axis=1)
    assert np.all(one.intensities.sum(axis=1) < 1.2 * total + 200)
    # The first fit of the brightest line group is near the truth.
    bright = int(one.intensities.mean(axis=0).argmax())
    assert np.corrcoef(one.fits[:, 0, bright], one.intensities[:, bright])[0, 1] > 0.95
    # Eight neighbours, about as bright.
    ratio = one.counts[:, 1].sum(axis=1) / total
    assert 6 < np.median(ratio) < 10


@pytest.mark.parametrize("neighbors", [False, True])
def test_an_interrupted_training_ends_as_an_uninterrupted_one(folder, tmp_path, neighbors):
    def interrupted(message):
        raise KeyboardInterrupt

    for path in folder.glob("photons-*"):
        (tmp_path / path.name).symlink_to(path)
    (folder / f"checkpoint-{'neighborhood' if neighbors else 'pixels'}.pt").unlink(missing_ok=True)
    whole = train_network(folder, SMALL, neighbors=neighbors, say=lambda message: None)
    # Said after the last round of the first cycle, before its checkpoint: begins anew; and once
    # more after it, when the second goes on from there.
    with pytest.raises(KeyboardInterrupt):
        train_network(tmp_path, SMALL, neighbors=neighbors, say=interrupted)
    resumed = train_network(tmp_path, SMALL, neighbors=neighbors, say=lambda message: None)
    for name, value in whole.state_dict().items():
        np.testing.assert_array_equal(resumed.state_dict()[name].numpy(), value.numpy())


def test_training_lessens_the_errors(folder):
    found = []
    for n_rounds in (1, 30):
        recipe = replace(
            SMALL, n_spectra=256 * n_rounds, n_refining_spectra=256, learning_rate=0.01
        )
        (folder / "checkpoint-pixels.pt").unlink(missing_ok=True)
        network = train_network(folder, recipe, say=lambda message: None)
        batch = validation_batch(folder, recipe, 0, False)
        intensity, error = network(batch.spectra, batch.fits)
        assert (error > 0).all()
        found.append(losses(intensity, error, batch)[0].item())
    assert found[1] < 0.95 * found[0]


def test_a_checkpoint_of_another_recipe_is_refused(folder):
    train_network(folder, SMALL, neighbors=True, say=lambda message: None)
    with pytest.raises(SkxrfError, match="other settings"):
        train_network(
            folder, replace(SMALL, learning_rate=1.0), neighbors=True, say=lambda message: None
        )


def test_a_network_of_neighborhoods_starts_as_that_of_pixels_and_learns_from_there(
    tmp_path, folder
):
    for path in folder.glob("photons-*"):
        (tmp_path / path.name).symlink_to(path)
    say: list[str] = []
    pixels = train_network(tmp_path, SMALL, say=say.append)
    batch = validation_batch(tmp_path, SMALL, 0, True)
    alone, _ = pixels(batch.spectra[:, :1], batch.fits[:, :1])
    start = replace(SMALL, refining_rate=1e-12)
    untrained = train_network(tmp_path, start, neighbors=True, pixels=pixels, say=say.append)
    intensity, _ = untrained(batch.spectra, batch.fits)
    torch.testing.assert_close(intensity, alone, rtol=1e-3, atol=0.1)
    (tmp_path / "checkpoint-neighborhood.pt").unlink()
    say.clear()
    learnt = train_network(tmp_path, SMALL, neighbors=True, pixels=pixels, say=say.append)
    assert not any("cycle 2" in message for message in say)
    assert not torch.equal(learnt.first.weight, untrained.first.weight)


def test_fine_tuning_learns_labels_and_leaves_the_model_as_it_was():
    rng = np.random.default_rng(0)
    chunk = make_chunk(SMALL, 0)
    drawn = draw_spectra(chunk, replace(SMALL, counts=(4000, 6000)), rng, 1000)
    energy = 1.0 + 0.02 * np.arange(drawn.counts.shape[2])
    X = drawn.counts[:, 0]
    # Labels in other units: what no simulation would teach.
    Y = pd.DataFrame(2 * drawn.intensities[:, [11]], columns=["Fe_K"])
    shipped = load_pretrained()
    before = shipped.load_weights().arrays["read_out.weight"].copy()
    tuned = fine_tune(
        shipped, X, Y, energy=energy, simulated_share=0.2, max_time=4, learning_rate=2e-3,
        n_instruments=1, random_state=0,
    )  # fmt: skip
    np.testing.assert_array_equal(shipped.load_weights().arrays["read_out.weight"], before)
    old, new = (model.calibrated(X, energy).predict(X)[:, 11] for model in (shipped, tuned))
    truth = Y["Fe_K"].to_numpy()
    assert np.abs(new - truth).mean() < 0.8 * np.abs(old - truth).mean()
    # The template fit knows nothing of such units: the labels say so.
    before, after = (model.load_weights().fit_shares for model in (shipped, tuned))
    assert after[1, 11] < 0.5 < before[1, 11]
    np.testing.assert_array_equal(np.delete(after, 11, axis=1), np.delete(before, 11, axis=1))


def test_fine_tuning_calibrates_each_painting_by_itself(tmp_path):
    scans = [make_painting((12, 15), palette="icon_1", random_state=seed) for seed in range(2)]
    spectra = [to_samples(cube).to_numpy() for cube, _ in scans]
    labels = to_samples({name: maps for name, (_, maps) in zip("ab", scans, strict=True)})
    labels = labels[["Fe_K", "Pb_L"]]
    # Axes that differ by half of a peak: one calibration could not serve both.
    energy = scans[0][0]["energy"].to_numpy()
    spectra[1] = np.roll(spectra[1], 4, axis=1)
    tuned = fine_tune(
        load_pretrained(), np.concatenate(spectra), labels, energy=energy, max_time=1,
        n_instruments=1, random_state=0,
    )  # fmt: skip
    for X, painting in zip(spectra, "ab", strict=True):
        predicted = tuned.calibrated(X, energy).predict(X)
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
