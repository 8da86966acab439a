import numpy as np
import pytest
import xarray as xr
from sklearn.base import BaseEstimator, RegressorMixin, TransformerMixin
from sklearn.compose import TransformedTargetRegressor
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skxrf.exceptions import EnergyAxisError
from skxrf.inference import predict_maps
from skxrf.preprocessing import rebin_counts
from skxrf.utils.fitted import fitted_channels, fitted_energy, fitted_line_groups

ENERGY = 0.5 + 0.02 * np.arange(500)


class OnAnAxis(RegressorMixin, BaseEstimator):
    """Counts between 4 and 5 keV, as the axis that it was fitted on has them."""

    def __init__(self, energy=None):
        self.energy = energy

    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        self.energy_ = np.asarray(self.energy)
        self.line_groups_ = ["Ti_K"]
        return self

    def predict(self, X):
        inside = (self.energy_ > 4) & (self.energy_ < 5)
        return X[:, inside].sum(axis=1)


class Selects(TransformerMixin, BaseEstimator):
    """Every `step`-th sum of channels; knows the axis of what it is given where it has one."""

    def __init__(self, step=1, energy=None):
        self.step = step
        self.energy = energy

    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        if self.energy is not None:
            self.energy_ = np.asarray(self.energy)
        return self

    def transform(self, X):
        return X.reshape(len(X), -1, self.step).sum(axis=2)


def cube_on(energy, peak=4.5, shape=(3, 4)):
    """Cube with 10,000 counts in a peak of 100 eV, on any axis."""
    profile = np.exp(-0.5 * ((energy - peak) / 0.05) ** 2)
    counts = 10_000 * profile / profile.sum() * np.ones((*shape, 1))
    return xr.DataArray(
        counts.astype(np.float32), dims=("y", "x", "energy"), coords={"energy": energy}
    )


def spectra(n=20):
    return np.random.default_rng(0).poisson(5, (n, ENERGY.size)).astype(np.float32)


def meta_estimators():
    X = spectra()
    y = X[:, :2]
    inner = OnAnAxis(ENERGY)
    return {
        "Pipeline": make_pipeline(StandardScaler(with_std=False), inner).fit(X),
        "GridSearchCV": GridSearchCV(inner, {"energy": [ENERGY]}, cv=2).fit(X, y[:, 0]),
        "TransformedTarget": TransformedTargetRegressor(inner, check_inverse=False).fit(X, y[:, 0]),
        "MultiOutput": MultiOutputRegressor(inner).fit(X, y),
        "nested": GridSearchCV(
            make_pipeline(StandardScaler(), TransformedTargetRegressor(inner)),
            {"standardscaler__with_std": [True]},
            cv=2,
        ).fit(X, y[:, 0]),
        "selector": make_pipeline(Selects(5, ENERGY), PCA(2), Ridge()).fit(X, y),
    }


@pytest.mark.parametrize("name", list(meta_estimators()))
def test_axis_and_channels_are_found_through_meta_estimators(name):
    model = meta_estimators()[name]
    np.testing.assert_array_equal(fitted_energy(model), ENERGY)
    assert fitted_channels(model) == 500


def test_names_are_found_through_meta_estimators():
    models = meta_estimators()
    for name in ("Pipeline", "GridSearchCV", "TransformedTarget", "nested"):
        assert fitted_line_groups(models[name]) == ["Ti_K"]
    # One name a single output, and there are two.
    assert fitted_line_groups(models["MultiOutput"]) is None
    assert fitted_line_groups(models["selector"]) is None


def test_plain_estimator_knows_neither():
    model = LinearRegression().fit(spectra(), np.arange(20.0))
    assert fitted_energy(model) is None
    assert fitted_line_groups(model) is None
    assert fitted_energy(object()) is None
    assert fitted_channels(object()) is None


def test_an_estimator_that_holds_itself_is_walked_once():
    model = OnAnAxis(ENERGY).fit(spectra())
    del model.energy_, model.line_groups_, model.n_features_in_
    model.estimator_ = model
    assert fitted_energy(model) is None
    assert fitted_line_groups(model) is None


def test_same_axis_is_left_alone():
    model = OnAnAxis(ENERGY).fit(spectra())
    maps = predict_maps(model, cube_on(ENERGY + 1e-5))
    np.testing.assert_allclose(maps, 10_000, rtol=1e-6)


@pytest.mark.parametrize("lazy", [False, True])
def test_wider_axis_is_rebinned_with_counts_conserved(lazy):
    model = OnAnAxis(ENERGY).fit(spectra())
    cube = cube_on(0.01 * np.arange(4096))
    maps = predict_maps(model, cube.chunk({"y": 2}) if lazy else cube).compute()
    np.testing.assert_allclose(maps, 10_000, rtol=1e-5)
    expected = model.predict(rebin_counts(cube.values[0], cube.energy.values, ENERGY))
    np.testing.assert_array_equal(maps[0, :, 0], expected)


def test_as_many_channels_of_other_energies_are_rebinned_not_mispredicted():
    model = OnAnAxis(ENERGY).fit(spectra())
    shifted = 0.03 * np.arange(500)
    maps = predict_maps(model, cube_on(shifted))
    np.testing.assert_allclose(maps, 10_000, rtol=1e-4)


def test_axis_that_does_not_cover_the_model_is_refused_naming_both():
    model = make_pipeline(StandardScaler(), OnAnAxis(ENERGY)).fit(spectra())
    message = r"500 channels, 0\.000 to 4\.990 keV.*500 channels, 0\.500 to 10\.480 keV"
    with pytest.raises(EnergyAxisError, match=message):
        predict_maps(model, cube_on(0.01 * np.arange(500)))
    with pytest.raises(EnergyAxisError, match="does not cover"):
        predict_maps(model, cube_on(2.0 + 0.02 * np.arange(500)))


def test_few_lacking_channels_are_warned_of():
    model = OnAnAxis(ENERGY).fit(spectra())
    with pytest.warns(UserWarning, match="60 eV of the model's range") as warned:
        maps = predict_maps(model, cube_on(ENERGY + 0.06))
    assert warned[0].filename == __file__
    np.testing.assert_allclose(maps, 10_000, rtol=1e-4)


def test_less_than_a_channel_lacking_is_silent():
    model = OnAnAxis(ENERGY).fit(spectra())
    np.testing.assert_allclose(predict_maps(model, cube_on(ENERGY - 0.015)), 10_000, rtol=1e-4)


def test_cube_without_axis_for_a_model_with_one():
    model = OnAnAxis(ENERGY).fit(spectra())
    with pytest.raises(EnergyAxisError, match=r"no energy axis.*0\.500 to 10\.480 keV"):
        predict_maps(model, cube_on(ENERGY).drop_vars("energy"))


def test_axis_that_decreases_is_refused():
    model = OnAnAxis(ENERGY).fit(spectra())
    with pytest.raises(EnergyAxisError, match="must increase"):
        predict_maps(model, cube_on(ENERGY).isel(energy=slice(None, None, -1)))


def test_model_without_axis_needs_its_number_of_channels():
    model = Ridge().fit(spectra(), np.arange(20.0))
    predict_maps(model, cube_on(0.01 * np.arange(500)), elements=["Ti_K"])
    with pytest.raises(EnergyAxisError, match=r"499 channels, 0\.500.*fitted on 500 channels"):
        predict_maps(model, cube_on(ENERGY[:-1]), elements=["Ti_K"])
    with pytest.raises(EnergyAxisError, match=r"the cube has 499 channels, but"):
        predict_maps(model, cube_on(ENERGY[:-1]).drop_vars("energy"), elements=["Ti_K"])


class TestAxisOfALaterStep:
    """The first step sums five channels and knows no axis; the axis is that of the sums."""

    binned = ENERGY.reshape(-1, 5).mean(axis=1)

    @pytest.fixture
    def model(self):
        return make_pipeline(Selects(5), OnAnAxis(self.binned)).fit(spectra())

    def test_cube_that_it_was_fitted_on(self, model):
        np.testing.assert_allclose(predict_maps(model, cube_on(ENERGY)), 10_000, rtol=1e-5)

    @pytest.mark.parametrize("energy", [ENERGY + 0.008, 1.001 * ENERGY, ENERGY + 2.0])
    def test_other_cube_is_refused(self, model, energy):
        with pytest.raises(EnergyAxisError, match="not whole channels of the cube"):
            predict_maps(model, cube_on(energy))

    def test_other_number_of_channels_is_refused(self, model):
        with pytest.raises(EnergyAxisError, match="fitted on 500 channels"):
            predict_maps(model, cube_on(ENERGY[:400]))
