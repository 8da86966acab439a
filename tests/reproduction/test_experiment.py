import warnings

import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import Ridge

from skxrf.metrics import ssim_score, within_sigma_score
from skxrf.reproduction._experiment import held_out_parts, run_method
from skxrf.reproduction._result import Settings
from skxrf.reproduction._rivals import Rival
from skxrf.utils.progress import StepReport

SETTINGS = Settings(n_folds=3)


def run(method, problem, settings=SETTINGS):
    splits = held_out_parts(problem, settings)
    with StepReport(enabled=False) as progress:
        progress.begin(len(splits))
        return run_method(method, problem, splits, settings, progress)


RIDGE = Rival("Ridge", "classical", "Linear.", lambda task: Ridge(alpha=100.0))


def test_each_labeled_pixel_is_held_out_once_with_its_whole_block(linear_problem):
    splits = held_out_parts(linear_problem, SETTINGS)
    held_out = np.concatenate([test for _, test in splits])
    assert sorted(held_out) == list(np.flatnonzero(linear_problem.labeled))
    for train, test in splits:
        assert not set(linear_problem.groups[train]) & set(linear_problem.groups[test])
        assert linear_problem.labeled[train].all()


def test_maps_are_the_held_out_predictions(linear_problem):
    result, _ = run(RIDGE, linear_problem)
    maps = result.predictions["scan"].to_numpy().reshape(-1, 2)
    for train, test in held_out_parts(linear_problem, SETTINGS):
        model = Ridge(alpha=100.0).fit(linear_problem.X[train], linear_problem.Y.iloc[train])
        np.testing.assert_allclose(maps[test], model.predict(linear_problem.X[test]), rtol=1e-5)


def test_unlabeled_pixels_get_the_mean_of_the_models(linear_problem):
    result, _ = run(RIDGE, linear_problem)
    rest = ~linear_problem.labeled
    maps = result.predictions["scan"].to_numpy().reshape(-1, 2)
    models = [
        Ridge(alpha=100.0).fit(linear_problem.X[train], linear_problem.Y.iloc[train])
        for train, _ in held_out_parts(linear_problem, SETTINGS)
    ]
    expected = np.mean([model.predict(linear_problem.X[rest]) for model in models], axis=0)
    np.testing.assert_allclose(maps[rest], expected, rtol=1e-5)


def test_maps_keep_the_positions_of_the_cube(linear_problem):
    result, _ = run(RIDGE, linear_problem)
    maps = result.predictions["scan"]
    assert maps.dims == ("y", "x", "element")
    np.testing.assert_array_equal(maps["x"], 0.5 * np.arange(32))
    assert list(maps["element"].to_numpy()) == ["Fe_K", "Pb_L"]


def test_scores_are_the_librarys_of_the_held_out_pixels(linear_problem):
    result, rows = run(RIDGE, linear_problem)
    _, test = held_out_parts(linear_problem, SETTINGS)[1]
    maps = result.predictions["scan"].to_numpy().reshape(-1, 2)[test]
    expected = ssim_score(linear_problem.Y.iloc[test], maps)
    assert result.folds.loc[2, "ssim"] == pytest.approx(expected, rel=1e-5)
    share = within_sigma_score(linear_problem.Y.iloc[test], maps)
    assert result.folds.loc[2, "within_sigma"] == pytest.approx(share)
    found = [
        row["value"]
        for row in rows
        if (row["scope"], row["element"], row["metric"], row["against"])
        == ("fold 2", "mean", "ssim", "reference")
    ]
    assert found == [pytest.approx(expected, rel=1e-5)]


def test_there_is_a_score_for_each_fold_element_metric_and_comparison(linear_problem):
    _, rows = run(RIDGE, linear_problem)
    keys = {(r["scope"], r["element"], r["metric"], r["against"]) for r in rows}
    assert len(keys) == len(rows) == 4 * 3 * 4 * 2
    assert all(np.isfinite(r["value"]) for r in rows)


def test_at_most_max_samples_are_fitted(linear_problem):
    result, _ = run(RIDGE, linear_problem, Settings(n_folds=3, max_samples=50))
    assert (result.folds["n_fitted"] == 50).all()
    assert result.folds["n_predicted"].sum() == linear_problem.labeled.sum()


def test_times_are_kept(linear_problem):
    result, _ = run(RIDGE, linear_problem)
    assert (result.folds[["fit_seconds", "predict_seconds"]] > 0).all(axis=None)
    expected = result.folds["n_predicted"].sum() / result.folds["predict_seconds"].sum()
    assert result.spectra_per_second == pytest.approx(expected)
    assert result.folds["epochs"].isna().all()
    assert result.loss_curves == {}


class WarningRegressor(RegressorMixin, BaseEstimator):
    """Predicts the mean, and warns."""

    def fit(self, X, y):
        self.mean_ = np.asarray(y).mean(axis=0)
        warnings.warn("it did not\nconverge", RuntimeWarning, stacklevel=2)
        warnings.warn("old name", DeprecationWarning, stacklevel=2)
        return self

    def predict(self, X):
        return np.tile(self.mean_, (len(X), 1))


def test_warnings_are_collected_for_the_report(linear_problem):
    result, _ = run(
        Rival("Mean", "classical", "The mean.", lambda task: WarningRegressor()), linear_problem
    )
    assert result.warnings == ("it did not",)


def test_only_the_template_fit_is_the_reference(linear_problem):
    assert not run(RIDGE, linear_problem)[0].is_reference
    fit = Rival("Template fit", "classical", "A fit.", lambda task: Ridge(), learns=False)
    assert run(fit, linear_problem)[0].is_reference


def test_an_error_is_not_hidden_as_a_score(linear_problem):
    broken = Rival("Broken", "classical", "No.", lambda task: Ridge(alpha=-1.0))
    with pytest.raises(ValueError, match="alpha"):
        run(broken, linear_problem)
