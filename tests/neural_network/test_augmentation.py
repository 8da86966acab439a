"""Augmentation keeps counts Poisson counts, and labels true."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skxrf.exceptions import CountsError, SkxrfError
from skxrf.neural_network import SpectrumAugmentation, SpectrumCNNRegressor, SpectrumMLPRegressor
from skxrf.neural_network._redrawing import Redrawing

OFF = {"thinning": 0.0, "gain_jitter": 0.0, "zero_jitter": 0.0, "injection": 0.0, "rescaling": 0.0}


def augmentation(templates=None, n_outputs=3, share=1.0, **changes):
    return Redrawing(**{**OFF, **changes}, share=share, templates=templates, n_outputs=n_outputs)


def repeated(line_templates, n=4000, background=2.0):
    """One expected spectrum, drawn often; the middle line group is the brightest."""
    intensity = np.array([200.0, 500.0, 100.0])
    expected = intensity @ line_templates + background
    counts = np.random.default_rng(1).poisson(expected, size=(n, expected.size)).astype(np.uint16)
    return counts, np.tile(intensity, (n, 1)), expected


def assert_poisson(counts, expected):
    """Means as expected and variances equal to them, to six of their standard errors."""
    n = len(counts)
    error = np.sqrt(np.maximum(expected, 1e-3) / n)
    assert np.all(np.abs(counts.mean(axis=0) - expected) < 6 * error + 1e-9)
    spread = np.sqrt((2 * expected**2 + expected) / n) + 1e-9
    assert np.all(np.abs(counts.var(axis=0) - expected) < 6 * spread + 36 * error**2)


def test_thinned_counts_are_those_of_a_lower_dose(line_templates):
    X, y, expected = repeated(line_templates)
    counts, labels, share, added = augmentation(thinning=0.9).draw(X, y, np.random.default_rng(0))
    assert np.all(counts <= X)
    assert 0.1 <= share.min() < 0.12
    assert 0.98 < share.max() <= 1
    np.testing.assert_allclose(labels, y * share)
    assert not added.any()
    # Per spectrum, whatever its share: the total less what is expected, in standard errors.
    total = expected.sum() * share[:, 0]
    pull = (counts.sum(axis=1) - total) / np.sqrt(total)
    assert abs(pull.mean()) < 6 / np.sqrt(len(pull))
    assert abs(pull.std() - 1) < 6 / np.sqrt(2 * len(pull))


def test_jitter_moves_counts_and_loses_none(line_templates):
    X, y, _ = repeated(line_templates, n=500)
    drawn = augmentation(gain_jitter=0.02, zero_jitter=1.5)
    counts, labels, _, _ = drawn.draw(X, y, np.random.default_rng(0))
    np.testing.assert_array_equal(counts.sum(axis=1), X.sum(axis=1))
    np.testing.assert_array_equal(labels, y)
    channel = np.arange(X.shape[1])
    moved = counts @ channel / counts.sum(axis=1) - X @ channel / X.sum(axis=1)
    assert 1.0 < moved.std() < 2.0


def test_a_shift_by_half_a_channel_gives_the_mean_of_neighbours(line_templates, monkeypatch):
    X, y, expected = repeated(line_templates)
    drawn = augmentation(zero_jitter=1.0)

    class Half:
        def __getattr__(self, name):
            return getattr(np.random.default_rng(0), name)

        def normal(self, mean, sigma, size):
            return np.full(size, 0.5)

    counts, *_ = drawn.draw(X, y, Half())
    halves = (expected + np.roll(expected, 1)) / 2
    halves[0], halves[-1] = expected[0] / 2, expected[-1] + expected[-2] / 2
    assert_poisson(counts, halves)


def test_injected_lines_are_in_the_labels(line_templates):
    X, y, _ = repeated(line_templates)
    nuisance = np.roll(line_templates[:1], 20, axis=1)
    templates = np.concatenate([line_templates, nuisance])
    drawn = augmentation(templates, injection=0.3)
    counts, labels, _, added = drawn.draw(X, y, np.random.default_rng(0))
    assert np.all(labels >= y)
    np.testing.assert_allclose(labels - y, added)
    assert np.all((added > 0).mean(axis=0) > 0.2)
    assert added.max() <= 0.9 * X.sum(axis=1).max()
    # What was added to the spectra is the labeled lines and the nuisance line, no more.
    extra = (counts.astype(float) - X).mean(axis=0)
    lines = np.linalg.lstsq(templates.T, extra, rcond=None)[0]
    assert lines[3] > 10
    np.testing.assert_allclose(lines[:3], added.mean(axis=0), atol=1.5)
    assert np.abs(extra - lines @ templates).max() < 0.2


def test_a_removed_element_leaves_the_poisson_counts_of_the_rest(line_templates):
    X, y, _ = repeated(line_templates, n=20_000)
    drawn = augmentation(line_templates, rescaling=0.5)
    counts, labels, _, added = drawn.draw(X, y, np.random.default_rng(0))
    assert 0.04 < (labels[:, 1] == 0).mean() < 0.09
    np.testing.assert_allclose(labels - y, added)
    gone = (labels[:, 1] == 0) & (labels[:, [0, 2]] == y[:, [0, 2]]).all(axis=1)
    others = np.array([200.0, 0.0, 100.0]) @ line_templates + 2.0
    found = counts[gone]
    # Of what lies below a line, only a running mean is known: a few per cent of the line.
    error = 6 * np.sqrt(others / gone.sum()) + 0.03 * (500 * line_templates[1])
    assert np.all(np.abs(found.mean(axis=0) - others) < error)
    lines = slice(10, 55)
    ratio = found[:, lines].var(axis=0).sum() / others[lines].sum()
    assert 0.9 < ratio < 1.15
    stronger = (added[:, 1] > 0) & (added[:, [0, 2]] == 0).all(axis=1)
    gained = (counts[stronger].astype(float) - X[stronger]).sum(axis=1).mean()
    np.testing.assert_allclose(gained, added[stronger, 1].mean(), rtol=0.02)


def test_share_of_the_spectra_and_any_counts(line_templates):
    X, y, _ = repeated(line_templates, n=1000)
    drawn = augmentation(thinning=0.5, share=0.25)
    for dtype in (np.uint16, np.float32, np.float64):
        counts, *_ = drawn.draw(X.astype(dtype), y, np.random.default_rng(0))
        assert 0.2 < (counts.sum(axis=1) < X.sum(axis=1)).mean() < 0.3
    empty = np.zeros((5, 64), np.uint16)
    everything = augmentation(
        line_templates, thinning=0.5, zero_jitter=1, injection=0.2, rescaling=1.0
    )
    counts, labels, *_ = everything.draw(empty, np.zeros((5, 3)), np.random.default_rng(0))
    assert not counts.any()
    assert not labels.any()


def test_expected_errors_follow_the_dose(line_templates):
    X, y, _ = repeated(line_templates, n=200)
    inverse_error = np.full_like(y, 0.1)
    drawn = augmentation(thinning=0.75).of_batches("poisson", np.ones(3))
    _, labels, found = drawn(X, y, inverse_error, np.random.default_rng(0))
    np.testing.assert_allclose(found, 0.1 / np.sqrt(labels / y))
    drawn = augmentation(line_templates, injection=0.5).of_batches("poisson", np.full(3, 2.0))
    _, labels, found = drawn(X, y, inverse_error, np.random.default_rng(0))
    np.testing.assert_allclose(found**-2, 100 + 2.0 * (labels - y))
    drawn = augmentation(line_templates, injection=0.5).of_batches("scaled_absolute_error", None)
    _, labels, found = drawn(X, y, inverse_error, np.random.default_rng(0))
    np.testing.assert_allclose(found, 1 / (np.sqrt(labels) + 1))


ALL = {
    "thinning": 0.5,
    "gain_jitter": 0.005,
    "zero_jitter": 0.5,
    "injection": 0.2,
    "rescaling": 0.5,
}


@pytest.mark.parametrize("estimator", [SpectrumMLPRegressor, SpectrumCNNRegressor])
def test_seeded_whole_fit(estimator, painting, line_templates):
    X, y = painting[0][:300], painting[1][:300]
    changes = SpectrumAugmentation(line_templates=line_templates, **ALL)
    model = estimator(max_epochs=2, augmentation=changes, random_state=0)
    first = model.fit(X, y).predict(X)
    np.testing.assert_array_equal(clone(model).fit(X, y).predict(X), first)
    plain = clone(model).set_params(augmentation__share=0.0).fit(X, y).predict(X)
    never = clone(model).set_params(augmentation=None).fit(X, y).predict(X)
    np.testing.assert_array_equal(plain, never)
    assert not np.array_equal(plain, first)
    again = model.partial_fit(X, y).predict(X)
    assert np.isfinite(again).all()


def test_every_batch_is_drawn_anew(painting, monkeypatch):
    X, y = painting[0][:100], painting[1][:100]
    seen = []
    original = Redrawing.draw

    def spy(self, counts, labels, rng):
        drawn = original(self, counts, labels, rng)
        seen.append(drawn[0].sum())
        return drawn

    monkeypatch.setattr(Redrawing, "draw", spy)
    changes = SpectrumAugmentation(thinning=0.9)
    model = SpectrumMLPRegressor(augmentation=changes, max_epochs=4, batch_size=100, random_state=0)
    model.fit(X, y)
    # One for the statistics, one an epoch of the model and of the two that weigh its layers.
    assert len(seen) == 1 + 3 * 4
    assert len(set(seen)) == 13
    model.predict(X)
    assert len(seen) == 13


def test_thinning_teaches_lower_doses(painting):
    X, y = painting
    low = np.random.default_rng(0).binomial(X[900:], 0.2)
    plain = SpectrumMLPRegressor(max_epochs=10, random_state=0).fit(X[:900], y[:900])
    thinned = (
        clone(plain)
        .set_params(augmentation=SpectrumAugmentation(thinning=0.9))
        .fit(X[:900], y[:900])
    )
    error = [
        np.sqrt(np.square(model.predict(low) - 0.2 * y[900:].to_numpy()).mean(axis=0))
        for model in (plain, thinned)
    ]
    assert np.all(error[1] < 0.9 * error[0])


def test_searched(painting, line_templates):
    X, y = painting[0][:200], painting[1][:200]
    model = SpectrumMLPRegressor(
        augmentation=SpectrumAugmentation(line_templates=line_templates),
        max_epochs=1,
        random_state=0,
    )
    grid = {"augmentation__injection": [0.0, 0.1], "augmentation__thinning": [0.0, 0.5]}
    search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(X, y)
    assert len(search.cv_results_["params"]) == 4
    chosen = search.best_estimator_.augmentation
    assert chosen.thinning == search.best_params_["augmentation__thinning"]
    assert model.augmentation.thinning == 0.0


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.full((4, 64), -1.0), r"least value of X is -1"),
        (np.full((4, 64), 0.5), r"X holds 0\.5: pass the counts as measured"),
    ],
)
def test_no_counts(X, message):
    model = SpectrumMLPRegressor(augmentation=SpectrumAugmentation(thinning=0.5))
    with pytest.raises(CountsError, match=message):
        model.fit(X, np.ones((4, 3)))


@pytest.mark.parametrize(
    ("templates", "message"),
    [
        (None, r"need line_templates, got None.*shape \(3, 64\)"),
        (np.ones((2, 64)), r"shape \(2, 64\), but there are 3 outputs"),
        (np.ones((3, 63)), r"shape \(3, 63\), but there are 3 outputs and 64 channels"),
        (-np.ones((3, 64)), r"must not be negative"),
        (np.zeros((3, 64)), r"not all zero"),
    ],
)
def test_bad_templates(templates, message):
    changes = SpectrumAugmentation(injection=0.1, line_templates=templates)
    model = SpectrumMLPRegressor(augmentation=changes)
    with pytest.raises(SkxrfError, match=message):
        model.fit(np.ones((4, 64), int), np.ones((4, 3)))


def test_a_parameter_that_is_not_valid():
    model = SpectrumMLPRegressor(augmentation=SpectrumAugmentation(thinning=1.0))
    with pytest.raises(ValueError, match="'thinning' parameter of SpectrumAugmentation"):
        model.fit(np.ones((4, 64), int), np.ones((4, 3)))
