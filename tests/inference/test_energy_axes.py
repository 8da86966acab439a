import numpy as np
import pytest
import xarray as xr
from sklearn.base import BaseEstimator, RegressorMixin, TransformerMixin
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skxrf.exceptions import EnergyAxisError
from skxrf.inference import predict_maps
from skxrf.preprocessing import rebin_counts

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


class Sums(TransformerMixin, BaseEstimator):
    """Sums of `step` channels; knows no axis."""

    def __init__(self, step=1):
        self.step = step

    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
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
        return make_pipeline(Sums(5), OnAnAxis(self.binned)).fit(spectra())

    def test_cube_that_it_was_fitted_on(self, model):
        np.testing.assert_allclose(predict_maps(model, cube_on(ENERGY)), 10_000, rtol=1e-5)

    @pytest.mark.parametrize("energy", [ENERGY + 0.008, 1.001 * ENERGY, ENERGY + 2.0])
    def test_other_cube_is_refused(self, model, energy):
        with pytest.raises(EnergyAxisError, match="not whole channels of the cube"):
            predict_maps(model, cube_on(energy))

    def test_other_number_of_channels_is_refused(self, model):
        with pytest.raises(EnergyAxisError, match="fitted on 500 channels"):
            predict_maps(model, cube_on(ENERGY[:400]))
