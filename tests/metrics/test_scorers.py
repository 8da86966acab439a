import copy
import pickle

import numpy as np
import pytest
import sklearn
from joblib import parallel_config
from sklearn.base import BaseEstimator
from sklearn.compose import TransformedTargetRegressor
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.metrics import check_scoring
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    LeaveOneGroupOut,
    ShuffleSplit,
    cross_val_predict,
    cross_val_score,
    cross_validate,
)
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skxrf.exceptions import LineGroupError, SkxrfError
from skxrf.metrics import (
    ssim_score,
    ssim_scorer,
    within_sigma_score,
    within_sigma_scorer,
    z_score_scorer,
)
from skxrf.model_selection import block_groups, painting_groups
from skxrf.samples import to_maps, to_samples

SCORING = {"ssim": ssim_scorer, "z": z_score_scorer, "r2": "r2"}


def scaled_ridge():
    return make_pipeline(StandardScaler(), Ridge())


SPLITS = {
    "pixels": (KFold(5), None),
    "shuffled pixels": (KFold(5, shuffle=True, random_state=0), None),
    "ten shuffled": (KFold(10, shuffle=True, random_state=0), None),
    "ten strips": (KFold(10), None),
    "drawn pixels": (ShuffleSplit(3, test_size=0.1, random_state=0), None),
    "paintings": (GroupKFold(3), painting_groups),
    "blocks": (GroupKFold(4), lambda Y: block_groups(Y, block_shape=(5, 6))),
    "shuffled blocks": (
        GroupKFold(4, shuffle=True, random_state=0),
        lambda Y: block_groups(Y, n_blocks=3),
    ),
    "block by block": (LeaveOneGroupOut(), lambda Y: block_groups(Y, block_shape=(5, 20))),
}


@pytest.mark.parametrize("split", SPLITS)
def test_cross_validate_with_several_metrics(split, tiny_samples):
    X, Y = tiny_samples
    cv, groups = SPLITS[split]
    groups = None if groups is None else groups(Y)
    scores = cross_validate(
        scaled_ridge(), X, Y, groups=groups, cv=cv, scoring=SCORING, error_score="raise"
    )
    expected = [
        (ssim_score(Y.iloc[test], prediction), within_sigma_score(Y.iloc[test], prediction))
        for train, test in cv.split(X, Y, groups)
        for prediction in [scaled_ridge().fit(X[train], Y.iloc[train]).predict(X[test])]
    ]
    np.testing.assert_allclose(
        np.column_stack([scores["test_ssim"], scores["test_z"]]), expected, rtol=0, atol=1e-9
    )
    assert (scores["test_ssim"] > 0.5).all()
    assert (scores["test_z"] > 0.3).all()


@pytest.mark.parametrize("split", ["shuffled pixels", "paintings"])
def test_scores_do_not_depend_on_the_number_of_jobs(split, tiny_samples):
    X, Y = tiny_samples
    cv, groups = SPLITS[split]
    options = {
        "groups": None if groups is None else groups(Y),
        "cv": cv,
        "scoring": pickle.loads(pickle.dumps(SCORING)),  # as another process gets them
        "error_score": "raise",
    }
    one = cross_validate(scaled_ridge(), X, Y, **options)
    with parallel_config("threading"):
        two = cross_validate(scaled_ridge(), X, Y, n_jobs=2, **options)
    for name in SCORING:
        np.testing.assert_allclose(two[f"test_{name}"], one[f"test_{name}"], atol=1e-12)


@pytest.mark.parametrize("split", ["pixels", "shuffled pixels", "paintings", "blocks"])
def test_grid_search_with_several_metrics_and_refit(split, tiny_samples):
    X, Y = tiny_samples
    cv, groups = SPLITS[split]
    search = GridSearchCV(
        scaled_ridge(),
        {"ridge__alpha": [1.0, 1e5]},
        scoring={"ssim": ssim_scorer, "z": z_score_scorer},
        refit="ssim",
        cv=cv,
        error_score="raise",
    )
    search.fit(X, Y, groups=None if groups is None else groups(Y))
    assert search.best_params_ == {"ridge__alpha": 1.0}
    assert search.best_score_ == search.cv_results_["mean_test_ssim"].max()
    assert np.isfinite(search.cv_results_["mean_test_z"]).all()
    # The refitted model, scored by its refit metric, on a painting as a whole.
    icon = (Y.index.get_level_values("painting") == "icon").nonzero()[0]
    assert search.score(X[icon], Y.iloc[icon]) == pytest.approx(
        ssim_score(Y.iloc[icon], search.predict(X[icon]))
    )


def test_one_scorer_refits_by_itself(tiny_samples):
    X, Y = tiny_samples
    for scorer in (ssim_scorer, z_score_scorer):
        search = GridSearchCV(
            scaled_ridge(), {"ridge__alpha": [1.0, 1e5]}, scoring=scorer, cv=3, error_score="raise"
        ).fit(X, Y)
        assert search.best_params_ == {"ridge__alpha": 1.0}


@pytest.mark.parametrize("shuffle", [True, False])
def test_single_output(shuffle, tiny_samples):
    X, Y = tiny_samples
    cv = KFold(4, shuffle=shuffle, random_state=0 if shuffle else None)
    one = cross_validate(scaled_ridge(), X, Y["Fe_K"], cv=cv, scoring=SCORING, error_score="raise")
    frame = cross_validate(
        scaled_ridge(), X, Y[["Fe_K"]], cv=cv, scoring=SCORING, error_score="raise"
    )
    for name in SCORING:
        np.testing.assert_allclose(one[f"test_{name}"], frame[f"test_{name}"], atol=1e-9)


@pytest.mark.parametrize(
    "regressor",
    [
        make_pipeline(PCA(4), KNeighborsRegressor(3)),
        RandomForestRegressor(5, max_depth=6, random_state=0),
        TransformedTargetRegressor(
            scaled_ridge(), transformer=FunctionTransformer(np.sqrt, np.square)
        ),
    ],
    ids=["pca and neighbours", "forest", "transformed target"],
)
def test_other_regressors(regressor, tiny_samples):
    X, Y = tiny_samples
    groups = painting_groups(Y)
    scores = cross_val_score(
        regressor, X, Y, groups=groups, cv=GroupKFold(3), scoring=ssim_scorer, error_score="raise"
    )
    assert (scores > 0.1).all()


def test_training_pixels_and_labeled_spectra(tiny_paintings, tiny_samples):
    cubes, _ = tiny_paintings
    X, Y = tiny_samples
    options = {"cv": 3, "scoring": SCORING, "error_score": "raise", "return_train_score": True}
    bare = cross_validate(scaled_ridge(), X, Y, **options)
    labeled = cross_validate(scaled_ridge(), to_samples(cubes), Y, **options)
    for name in ("test_ssim", "train_ssim", "train_z"):
        np.testing.assert_allclose(labeled[name], bare[name], atol=1e-9)
    assert (bare["train_ssim"] > 0.9).all()


def test_with_metadata_routing(tiny_samples):
    X, Y = tiny_samples
    groups = painting_groups(Y)
    options = {"cv": GroupKFold(3), "scoring": SCORING, "error_score": "raise"}
    plain = cross_validate(scaled_ridge(), X, Y, groups=groups, **options)
    with sklearn.config_context(enable_metadata_routing=True):
        routed = cross_validate(scaled_ridge(), X, Y, params={"groups": groups}, **options)
    np.testing.assert_allclose(routed["test_ssim"], plain["test_ssim"], atol=1e-12)


def test_out_of_fold_predictions_are_scored_as_whole_maps(tiny_samples):
    X, Y = tiny_samples
    prediction = cross_val_predict(scaled_ridge(), X, Y, cv=KFold(5, shuffle=True, random_state=0))
    raw = ssim_score(Y, prediction, multioutput="raw_values")
    expected = ssim_score(to_maps(Y), to_maps(prediction, like=Y), multioutput="raw_values")
    np.testing.assert_allclose(raw, expected, atol=1e-12)
    assert raw.shape == (2,)


def test_scorers_can_be_sent_to_other_processes():
    for scorer in (ssim_scorer, z_score_scorer):
        assert repr(pickle.loads(pickle.dumps(scorer))) == repr(scorer)


def test_labels_without_pixels_are_refused(tiny_samples):
    X, Y = tiny_samples
    with pytest.raises(ValueError, match="no pixel coordinates in a ndarray"):
        cross_val_score(
            scaled_ridge(), X, Y.to_numpy(), cv=2, scoring=ssim_scorer, error_score="raise"
        )


class Named(BaseEstimator):
    """Predicts the labels of three line groups that it was given, in its own order."""

    def __init__(self, table):
        self.table = table

    def fit(self, X, y):
        self.line_groups_ = list(self.table.columns)
        return self

    def predict(self, X):
        return self.table.to_numpy()


@pytest.mark.parametrize("scorer", [ssim_scorer, within_sigma_scorer])
@pytest.mark.parametrize("wrap", [lambda model: model, make_pipeline])
def test_columns_are_paired_by_name(scorer, wrap, tiny_samples):
    X, Y = tiny_samples
    guess = Y + np.random.default_rng(0).normal(0, 10, Y.shape)
    model = wrap(Named(guess)).fit(X, Y)
    right = scorer(model, X, Y)
    turned = Y[Y.columns[::-1]]
    assert scorer(model, X, turned) == pytest.approx(right)
    together = check_scoring(model, {"one": scorer, "two": scorer})(model, X, turned)
    assert together == {"one": pytest.approx(right), "two": pytest.approx(right)}
    # Some of the line groups that are predicted, or one of them.
    first = scorer(model, X, Y.iloc[:, :1])
    assert scorer(model, X, Y.iloc[:, 0]) == pytest.approx(first)
    with pytest.raises(LineGroupError, match=r"the labels hold Xx_K, which .* does not predict"):
        scorer(model, X, Y.rename(columns={Y.columns[0]: "Xx_K"}))


def test_the_former_name_is_kept():
    assert z_score_scorer is within_sigma_scorer


def test_weights_reach_the_share_and_are_refused_by_the_ssim(tiny_samples):
    X, Y = tiny_samples
    model = scaled_ridge().fit(X, Y)
    weights = np.random.default_rng(0).uniform(size=len(Y))
    expected = within_sigma_score(Y, model.predict(X), sample_weight=weights)
    assert within_sigma_scorer(model, X, Y, sample_weight=weights) == expected
    with pytest.raises(SkxrfError, match="takes no sample_weight"):
        ssim_scorer(model, X, Y, sample_weight=weights)
    assert ssim_scorer(model, X, Y, sample_weight=None) == ssim_scorer(model, X, Y)


def test_weights_are_routed_through_cross_validate(tiny_samples):
    X, Y = tiny_samples
    weights = np.random.default_rng(0).uniform(size=len(Y))
    with sklearn.config_context(enable_metadata_routing=True):
        scorer = copy.deepcopy(within_sigma_scorer).set_score_request(sample_weight=True)
        model = Ridge().set_fit_request(sample_weight=False)
        scores = cross_validate(
            model, X, Y, scoring=scorer, params={"sample_weight": weights}, error_score="raise"
        )["test_score"]
    for (train, test), score in zip(KFold(5).split(X), scores, strict=True):
        prediction = Ridge().fit(X[train], Y.iloc[train]).predict(X[test])
        expected = within_sigma_score(Y.iloc[test], prediction, sample_weight=weights[test])
        assert score == pytest.approx(expected)
