"""The training loop: repeats, resumes and learns."""

import logging
from dataclasses import replace

import numpy as np
import pytest
import torch

from skxrf.exceptions import SkxrfError
from skxrf.pretrained.training import _loop, _rounds
from skxrf.pretrained.training._error_scale import ErrorScaleRule, error_factor, error_scale
from skxrf.pretrained.training._loop import train_network
from skxrf.pretrained.training._losses import losses
from skxrf.pretrained.training._network import weights_of
from skxrf.pretrained.training._rounds import as_batch


@pytest.fixture(scope="module", autouse=True)
def rounds_are_drawn_once():
    """Keep the spectra of each round: recipes of this module draw the same ones."""
    draw, kept = _rounds.round_of_spectra, {}

    def drawn(folder, settings, index):
        # Spectra do not depend on these.
        alike = replace(settings, n_spectra=0, n_refining_spectra=0, learning_rate=0.0)
        key = alike, index
        if key not in kept:
            kept[key] = draw(folder, settings, index)
        return kept[key]

    with pytest.MonkeyPatch.context() as patch:
        for module in (_rounds, _loop):
            patch.setattr(module, "round_of_spectra", drawn)
        yield


@pytest.fixture(scope="module")
def trained(bank, small):
    (bank / "checkpoint.pt").unlink(missing_ok=True)
    return train_network(bank, small)


def validated(network, folder, settings):
    batch = as_batch(_rounds.validation_spectra(folder, settings, 0))
    with torch.inference_mode():
        intensity, error = network(batch.spectra, batch.fits)
    assert (error > 0).all()
    return [part.item() for part in losses(intensity, error, batch)]


def test_the_numbers_are_those_of_the_code_that_made_the_shipped_model(trained, bank, small):
    _, fit, spread = validated(trained, bank, small)
    assert fit == pytest.approx(15.63, rel=0.02)
    assert spread == pytest.approx(1.204, rel=0.02)
    assert trained.unit.sum().item() == pytest.approx(2.7413, rel=1e-2)
    assert trained.fit_unit.sum().item() == pytest.approx(27.88, rel=1e-2)
    assert trained.gain.sum().item() == pytest.approx(2507.6, rel=1e-2)


@pytest.mark.parametrize("last", [1, 2])
def test_an_interrupted_training_ends_as_an_uninterrupted_one(
    folder, small, trained, last, monkeypatch
):
    rounds = []
    real = _loop.round_of_spectra

    def interrupted(path, settings, index):
        rounds.append(index)
        # The first draw is for the scales; a checkpoint is written after each cycle.
        if len(rounds) == 2 + last:
            raise KeyboardInterrupt
        return real(path, settings, index)

    with monkeypatch.context() as patch:
        patch.setattr(_loop, "round_of_spectra", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train_network(folder, small)
    assert (folder / "checkpoint.pt").exists() == (last == 2)
    resumed = train_network(folder, small)
    for name, value in trained.state_dict().items():
        np.testing.assert_array_equal(resumed.state_dict()[name].numpy(), value.numpy())
    assert not list(folder.glob("*.partial"))


def test_training_lessens_the_errors(folder, small):
    found = []
    for n_rounds in (1, 6):
        recipe = replace(
            small, n_spectra=256 * n_rounds, n_refining_spectra=256, learning_rate=0.01
        )
        (folder / "checkpoint.pt").unlink(missing_ok=True)
        found.append(validated(train_network(folder, recipe), folder, recipe)[1])
    assert found[1] < 0.95 * found[0]


def test_a_checkpoint_of_another_recipe_is_refused(bank, small, trained):
    with pytest.raises(SkxrfError, match="other settings"):
        train_network(bank, replace(small, learning_rate=1.0))


def test_a_loss_that_is_not_finite_ends_the_training(folder, small):
    with pytest.raises(SkxrfError, match="not finite in round"):
        train_network(folder, replace(small, learning_rate=1e30))


def test_progress_goes_to_the_log(folder, small, caplog):
    with caplog.at_level(logging.INFO, logger="skxrf"):
        train_network(folder, replace(small, n_spectra=256, n_refining_spectra=256))
    messages = [record.getMessage() for record in caplog.records]
    assert [message[:22] for message in messages] == [
        "cycle 1: round 1 of 1,",
        "cycle 2: round 1 of 1,",
    ]


def test_factors_of_errors_that_are_too_small_or_right():
    ratio = np.abs(np.random.default_rng(0).standard_normal(100_000))
    assert error_factor(ratio) == pytest.approx(1, abs=0.01)
    assert error_factor(1.5 * ratio) == pytest.approx(1.5, abs=0.02)
    assert error_factor(ratio[:99]) is None


def test_the_error_scale_of_each_line_group(trained, bank, small):
    scale = error_scale(weights_of(trained, {}), bank, small, ErrorScaleRule(n_instruments=4))
    assert scale.shape == (len(trained.unit),)
    assert scale.dtype == np.float32
    assert np.all((scale >= 0.5) & (scale <= 2))
    assert np.any(scale != 1)
    # Standard errors that are too small by 1.3 get a scale that is larger by that.
    weights = weights_of(trained, {}, error_scale=np.full(scale.shape, 1 / 1.2))
    larger = error_scale(weights, bank, small, ErrorScaleRule(n_instruments=4))
    inside = (scale != 1) & (scale > 0.6) & (scale < 1.6) & (larger != 1)
    assert np.median(larger[inside] / scale[inside]) == pytest.approx(1.2, abs=0.1)
