"""The template fit against known truth, against bad calibration, and as an ordinary regressor."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold, cross_validate
from sklearn.pipeline import make_pipeline

from skxrf.datasets import make_painting, make_spectra
from skxrf.exceptions import CountsError, EnergyAxisError, LineGroupError
from skxrf.linear_model import TemplateFitRegressor
from skxrf.physics import DetectorResponse
from skxrf.preprocessing import ChannelBinner
from skxrf.samples import to_samples

GROUPS = ["Ca_K", "Cr_K", "Mn_K", "Fe_K", "Cu_K", "Au_L", "Pb_L"]


@pytest.fixture(scope="module")
def fitted(painting):
    X, _, energy = painting
    return TemplateFitRegressor(GROUPS, energy=energy, anode="Rh").fit(X)


@pytest.fixture(scope="module")
def nuisance(fitted):
    """Line groups that were searched for and found: a fit that is given them need not search."""
    return fitted.fitted_groups_[len(GROUPS) :]


def test_areas_are_the_true_intensities_to_within_photon_noise(painting, fitted):
    X, Y, _ = painting
    areas, errors = fitted.predict(X, return_std=True)
    truth = Y[GROUPS].to_numpy()
    root_mean_square = np.sqrt(np.mean((areas - truth) ** 2, axis=0))
    expected = np.sqrt(np.mean(errors**2, axis=0))
    # Better than the bound where there is nothing, for it is not negative; a little worse where the
    # ratios within a group depart from the average of the painting.
    assert np.all(root_mean_square < 1.3 * expected)
    for j in range(len(GROUPS)):
        assert np.corrcoef(areas[:, j], truth[:, j])[0, 1] > 0.99
        # Layers above change the ratios within a group from pixel to pixel.
        assert np.polyfit(truth[:, j], areas[:, j], 1)[0] == pytest.approx(1, abs=0.04)


def test_standard_errors_are_calibrated(painting, fitted):
    X, Y, _ = painting
    areas, errors = fitted.predict(X, return_std=True)
    truth = Y[GROUPS].to_numpy()
    present = truth > 3 * errors  # where non-negativity plays no part
    z = ((areas - truth) / errors)[present]
    assert np.mean(np.abs(z) < 1) == pytest.approx(0.68, abs=0.04)
    assert np.mean(np.abs(z) < 2) == pytest.approx(0.95, abs=0.03)


def test_areas_are_not_negative_and_shapes_are_right(painting, fitted):
    X, _, energy = painting
    areas = fitted.predict(X)
    assert areas.shape == (len(X), len(GROUPS))
    assert areas.dtype == np.float32
    assert np.all(areas >= 0)
    for dtype in (np.float32, np.float64):
        values, errors = fitted.predict(X[:5].astype(dtype), return_std=True)
        assert values.dtype == errors.dtype == dtype
    assert fitted.line_groups_ == GROUPS
    np.testing.assert_array_equal(fitted.energy_, energy)


def test_spectra_of_other_axes_are_refused(painting, fitted):
    X, Y, _ = painting
    other = TemplateFitRegressor().fit(X[:50, :60], Y["Fe_K"].to_numpy()[:50])
    for use, channels in (
        (fitted.predict, 1024),
        (fitted.decompose, 1024),
        (fitted.fit_paints, 1024),
        (other.predict, 60),
    ):
        with pytest.raises(ValueError, match=f"77 features.* expecting {channels} features"):
            use(X[:5, :77])
        assert (fitted.n_features_in_, other.n_features_in_) == (1024, 60)


def test_batches_and_threads_change_nothing(painting, fitted):
    X, _, _ = painting
    whole = clone(fitted).set_params(nuisance="none").fit(X)
    small = clone(whole).set_params(batch_size=97, n_jobs=2).fit(X)
    np.testing.assert_allclose(small.predict(X), whole.predict(X), rtol=1e-3, atol=0.05)


@pytest.mark.parametrize(("offset", "gain"), [(0.05, 1.0), (-0.06, 1.006), (0.0, 0.992)])
def test_a_wrong_calibration_is_refined(painting, fitted, nuisance, offset, gain):
    X, _, energy = painting
    wrong = (energy - offset) / gain
    fit = TemplateFitRegressor(GROUPS, energy=wrong, anode="Rh", nuisance=nuisance).fit(X)
    found = fit.sum_spectrum_fit_.correction
    places = np.array([3.7, 6.4, 10.5])
    np.testing.assert_allclose(
        found((places - offset) / gain), places, atol=0.004
    )  # 4 eV, a thirtieth of a peak's width
    ratio = fit.predict(X).mean(axis=0) / fitted.predict(X).mean(axis=0)
    np.testing.assert_allclose(ratio, 1, atol=0.02)


def test_without_refinement_axis_and_detector_are_believed(painting):
    X, _, energy = painting
    detector = DetectorResponse(noise=0.11, fano=0.12, thickness=0.5)
    fit = TemplateFitRegressor(
        GROUPS, energy=energy, refine=False, detector=detector, nuisance="none"
    ).fit(X)
    assert fit.sum_spectrum_fit_.correction.offset == 0
    assert fit.sum_spectrum_fit_.correction.gain == 1
    assert fit.sum_spectrum_fit_.detector == detector


def test_line_groups_are_found_without_being_asked_for(painting):
    X, _, energy = painting
    found = TemplateFitRegressor(energy=energy, anode="Rh").fit(X).line_groups_
    assert {"Ca_K", "Ar_K", "Cr_K", "Mn_K", "Fe_K", "Cu_K", "Sr_K", "Au_L", "Pb_L"} <= set(found)
    # Not in this painting's paints.
    assert not {"As_K", "Co_K", "Ni_K", "Ba_L", "V_K", "Se_K", "Br_K", "Bi_L"} & set(found)


def test_nuisances_can_be_given_or_left_out(painting):
    X, _, energy = painting
    alone = TemplateFitRegressor(GROUPS, energy=energy, nuisance="none").fit(X)
    assert alone.fitted_groups_ == GROUPS
    given = TemplateFitRegressor(GROUPS, energy=energy, nuisance=["Ar_K", "Sr_K"]).fit(X)
    assert given.fitted_groups_ == [*GROUPS, "Ar_K", "Sr_K"]
    assert given.predict(X[:3]).shape == (3, len(GROUPS))


def test_columns_named_like_line_groups_are_measured_not_learnt(painting, fitted):
    X, Y, energy = painting
    nonsense = pd.DataFrame(0.0, index=Y.index, columns=["Fe_K", "Pb_L"])
    others = [name for name in fitted.fitted_groups_ if name not in nonsense]
    fit = TemplateFitRegressor(energy=energy, nuisance=others).fit(X, nonsense)
    areas = fit.predict(X)
    assert np.corrcoef(areas[:, 0], Y["Fe_K"])[0, 1] > 0.99
    assert fit.line_groups_ == ["Fe_K", "Pb_L"]


def test_other_columns_are_regressed_on_the_areas(painting, nuisance):
    X, Y, energy = painting
    labels = pd.DataFrame({"iron by mass": 3 * Y["Fe_K"] + 7, "Fe_K": Y["Fe_K"]})
    fit = TemplateFitRegressor(GROUPS, energy=energy, nuisance=nuisance).fit(X[::2], labels[::2])
    assert fit.line_groups_ == list(labels)
    predicted, errors = fit.predict(X[1::2], return_std=True)
    # A regression on 19 areas strays where a pixel holds what few of its examples held.
    wrong = np.abs(predicted[:, 0] - (3 * predicted[:, 1] + 7)) > 0.05 * predicted[:, 0].max()
    assert wrong.mean() < 0.01
    assert np.corrcoef(predicted[:, 0], labels["iron by mass"][1::2])[0, 1] > 0.98
    assert np.median(errors[:, 0] / errors[:, 1]) == pytest.approx(3, rel=0.1)


def test_a_single_unnamed_label(painting):
    X, Y, energy = painting
    y = Y["Cu_K"].to_numpy()
    fit = TemplateFitRegressor(GROUPS, energy=energy, nuisance="none").fit(X, y)
    assert fit.predict(X).shape == y.shape
    assert not hasattr(fit, "line_groups_")
    assert fit.score(X, y) > 0.98


def test_works_in_pipelines_and_searches(painting):
    X, Y, energy = painting
    binned = energy.reshape(-1, 2).mean(axis=1)
    model = make_pipeline(ChannelBinner(2), TemplateFitRegressor(energy=binned, nuisance="none"))
    cv = KFold(2, shuffle=True, random_state=0)
    scores = cross_validate(model, X, Y[GROUPS], cv=cv, error_score="raise")
    assert scores["test_score"].min() > 0.95
    search = GridSearchCV(
        TemplateFitRegressor(energy=energy, nuisance="none"),
        {"background_spacing": [2.0, 4.0]},
        cv=cv,
        error_score="raise",
    )
    assert search.fit(X[::4], Y[GROUPS][::4]).best_score_ > 0.9


def test_without_an_axis_it_is_a_regression_on_channels(painting):
    X, Y, _ = painting
    X = X[:, :512].reshape(len(X), 128, 4).sum(axis=2)
    y = Y[["Fe_K", "Cu_K"]].to_numpy()
    assert TemplateFitRegressor().fit(X[::2], y[::2]).score(X[1::2], y[1::2]) > 0.9


def test_a_fit_without_an_axis_leaves_nothing_of_one_with_an_axis(painting):
    X, Y, energy = painting
    fit = TemplateFitRegressor(["Fe_K"], energy=energy, nuisance="none").fit(X)
    fit.set_params(line_groups=None, energy=None).fit(X[:50], Y["Fe_K"].to_numpy()[:50])
    assert [name for name in vars(fit) if name.endswith("_")] == ["n_features_in_"]


def test_without_an_axis_line_groups_are_refused(painting):
    X, Y, _ = painting
    with pytest.raises(EnergyAxisError) as caught:
        TemplateFitRegressor().fit(X, Y[["Fe_K"]])
    assert str(caught.value) == (
        "the template fit needs the energy axis, for line groups are asked for (Fe_K): pass energy= "
        "as bin centers in keV, such as cube['energy'].values, or energy=(offset, gain)."
    )
    with pytest.raises(EnergyAxisError, match="labels are missing"):
        TemplateFitRegressor().fit(X)
    with pytest.raises(EnergyAxisError, match="pass energy="):
        TemplateFitRegressor().fit(X[:50], Y[:50].to_numpy()).predict(X[:2], return_std=True)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"line_groups": ["Xx_K"]}, LineGroupError, "unknown line group 'Xx_K'"),
        ({"line_groups": ["Fe_K", "Fe_K"]}, LineGroupError, "twice"),
        ({"line_groups": ["Na_K"]}, LineGroupError, r"Na_K \(1\.04 keV\) outside"),
        ({"energy": np.arange(7.0)}, EnergyAxisError, "7 values, but the spectra have 1024"),
        ({"energy": (0.0, -0.02)}, EnergyAxisError, "must increase"),
        ({"energy": (0.0, 1e-4), "line_groups": None}, EnergyAxisError, "only 0 channels"),
        ({"tube_voltage": 5.0}, LineGroupError, "cannot be excited"),
    ],
)
def test_bad_parameters_are_explained(painting, options, error, message):
    X, _, energy = painting
    parameters = {"line_groups": ["Fe_K"], "energy": energy, **options}
    with pytest.raises(error, match=message):
        TemplateFitRegressor(**parameters).fit(X)


def test_line_groups_that_the_sum_does_not_show_can_be_added(painting):
    X, _, energy = painting
    fit = TemplateFitRegressor(["Fe_K", "Ca_K"], energy=energy, nuisance=["Pb_L"]).fit(X)
    before = {name: {"line_group": name, "answer": "not seen"} for name in ("Br_K", "Zn_K")}
    fit.evidence_ = list(before.values())
    fit.add_line_groups(["Br_K"], X, "seen in a grain")
    assert fit.line_groups_ == fit.fitted_groups_ == ["Fe_K", "Ca_K", "Pb_L", "Br_K"]
    assert fit.nuisance == ["Pb_L"]
    after = {one["line_group"]: one for one in fit.evidence_}
    added = {"line_group": "Br_K", "answer": "present", "reason": "seen in a grain"}
    assert after == before | {"Br_K": added}
    fit.evidence_ = []
    assert fit.add_line_groups(["Zn_K"], X, "").evidence_ == [
        {"line_group": "Zn_K", "answer": "present", "reason": ""}
    ]


def test_empty_spectra_are_refused(painting):
    _, _, energy = painting
    with pytest.raises(CountsError, match="no counts"):
        TemplateFitRegressor(["Fe_K"], energy=energy).fit(np.zeros((4, 1024), np.uint16))


def test_a_single_dark_pixel_is_zero_not_an_error(painting, fitted):
    areas, errors = fitted.predict(np.zeros((1, 1024), np.uint16), return_std=True)
    np.testing.assert_allclose(areas, 0, atol=1e-3)
    assert np.all(np.isfinite(errors))


def test_components_make_up_the_fitted_spectrum(painting, fitted):
    X = painting[0][:200]
    parts = fitted.decompose(X)
    assert parts.shape == (200, len(fitted.components_))
    assert parts.dtype == np.float32
    areas = parts[:, : len(GROUPS)]
    np.testing.assert_allclose(areas, fitted.predict(X), rtol=1e-5, atol=1e-3)
    model, channels = parts @ fitted.components_, fitted.fitted_channels_
    assert model.shape == X[:, channels].shape
    # A Poisson maximum has the counts of its data, up to the one reweighting.
    assert model.sum() == pytest.approx(X[:, channels].sum(), rel=5e-3)


def test_without_an_axis_there_are_no_components():
    rng = np.random.default_rng(0)
    X = rng.poisson(5, (30, 40))
    fit = TemplateFitRegressor().fit(X, X[:, 3])
    with pytest.raises(EnergyAxisError, match="pass energy="):
        fit.decompose(X)
    assert not hasattr(fit, "fitted_channels_")


def test_labels_of_spectra_of_weight_zero_are_not_learnt(painting):
    X, Y, energy = painting
    weights = np.arange(len(X)) % 3 > 0
    labels = np.where(weights, 2 * Y["Fe_K"].to_numpy(), 1e6)
    fit = TemplateFitRegressor(GROUPS, energy=energy, refine=False, nuisance="none")
    weighted = clone(fit).fit(X, labels, sample_weight=weights)
    alone = clone(fit).fit(X[weights], labels[weights])
    np.testing.assert_allclose(weighted.predict(X), alone.predict(X), rtol=1e-3, atol=0.1)


def test_weights_of_spectra_are_copies_in_their_sum(painting):
    X, _, energy = painting
    weights = np.random.default_rng(0).integers(0, 3, len(X))
    fit = TemplateFitRegressor(GROUPS, energy=energy, refine=False, nuisance="none")
    weighted = clone(fit).fit(X, sample_weight=weights)
    copied = clone(fit).fit(np.repeat(X, weights, axis=0))
    np.testing.assert_allclose(weighted.predict(X), copied.predict(X), rtol=1e-5, atol=1e-3)


def test_an_axis_too_far_off_to_be_mended_is_noticed():
    X, _ = make_spectra(100, random_state=0)  # in truth 25 eV a channel, from 0
    with pytest.warns(UserWarning, match="unexplained: the energy axis may be wrong"):
        TemplateFitRegressor(energy=(-0.3, 0.025)).fit(X)


def test_an_axis_that_is_a_little_off_is_mended_without_a_word():
    X, _ = make_spectra(100, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        TemplateFitRegressor(energy=(0.1, 0.025)).fit(X)


def test_spectra_without_lines_give_a_warning():
    X = np.random.default_rng(0).poisson(1.0, (20, 256))
    with pytest.warns(
        UserWarning,
        match=r"no line group stands out of the sum of 20 spectra .* or name the line groups\.$",
    ):
        model = TemplateFitRegressor(energy=(0.0, 0.04)).fit(X)
    assert model.predict(X).shape == (20, 0)


@pytest.fixture(scope="module")
def unkind_paintings():
    """Spectra of one color, of few pixels, of noise, of a paint of one pixel, of unlike doses."""
    rng = np.random.default_rng(3)
    cube, maps = make_painting((20, 24), palette="icon_test", random_state=4)
    X, Y = to_samples(cube).to_numpy(), to_samples(maps)[GROUPS].to_numpy()
    one, other = X.mean(axis=0), X[np.argmax(Y[:, GROUPS.index("Au_L")])]
    doses = rng.choice([0.0, 0.01, 1.0, 200.0], 480)
    return {
        "one color": np.tile(one, (200, 1)),
        "20 pixels": X[::24].astype(float),
        "noise": np.full((200, one.size), 2.0),
        "one pixel of another": np.vstack([np.tile(one, (199, 1)), other]),
        "doses from 0 to 1e6": X * doses[:, None],
    }


@pytest.mark.parametrize(
    "kind", ["one color", "20 pixels", "noise", "one pixel of another", "doses from 0 to 1e6"]
)
def test_ratios_by_paint_are_never_worse(painting, unkind_paintings, kind):
    energy = painting[2]
    expected = unkind_paintings[kind]
    X = np.random.default_rng(5).poisson(expected)
    fits = {
        ratios: TemplateFitRegressor(
            GROUPS, energy=energy, anode="Rh", nuisance="none", refine=False, line_ratios=ratios
        ).fit(X)
        for ratios in ("painting", "paint")
    }
    areas, errors = fits["paint"].predict(X, return_std=True)
    before = fits["painting"].predict(X)
    assert np.all(np.isfinite(areas))
    assert np.all(np.isfinite(errors))
    if kind in ("one color", "noise", "20 pixels"):
        # Nothing differs from pixel to pixel: what is common may only improve the fit.
        inside = fits["paint"].fitted_channels_
        misfit = [
            np.mean(
                (X[:, inside] - fit.decompose(X) @ fit.components_) ** 2 / (expected[:, inside] + 1)
            )
            for fit in fits.values()
        ]
        assert misfit[1] < 1.01 * misfit[0]
    else:
        np.testing.assert_allclose(areas[errors > 0], before[errors > 0], atol=8 * errors.max())
    parts = [fits["paint"].predict(part) for part in (X[::-1][:7], X[::-1][7:])]
    np.testing.assert_allclose(np.concatenate(parts)[::-1], areas, rtol=1e-4, atol=1e-2)
