"""Models in files: the same after a round trip, and nothing but models comes out of a file."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from sklearn.compose import TransformedTargetRegressor
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skxrf.compose import SubsampledRegressor
from skxrf.linear_model import TemplateFitRegressor
from skxrf.neural_network import (
    SpectrumAugmentation,
    SpectrumCNNRegressor,
    SpectrumMLPRegressor,
    published_networks,
)
from skxrf.persistence import load_model, model_info, save_model
from skxrf.persistence._models import model_digest
from skxrf.preprocessing import ChannelBinner, EnergyRangeSelector, SpectrumNormalizer
from tests.persistence.conftest import DATA, ENERGY

CNN = SpectrumCNNRegressor(
    (4,), kernel_size=16, hidden_layer_sizes=(8,), max_epochs=2, random_state=0
)


def roundtrip(model, folder):
    save_model(model, folder / "model.skxrf")
    return load_model(folder / "model.skxrf")


MODELS = {
    "cnn": CNN,
    "mlp": SpectrumMLPRegressor((8,), max_epochs=2, random_state=1, loss="squared_error"),
    "mlp with augmentation": SpectrumMLPRegressor(
        (8,), augmentation=SpectrumAugmentation(thinning=0.5), max_epochs=1, random_state=1
    ),
    "published mlp with templates": published_networks(np.eye(3, 320), max_epochs=1)["MLP+"],
    "published cnn": published_networks(max_epochs=1, random_state=0)["CNN"],
    "pipeline": make_pipeline(EnergyRangeSelector(1.0, 9.0, energy=ENERGY), ChannelBinner(2), CNN),
    "normalised": make_pipeline(SpectrumNormalizer(), StandardScaler(), Ridge()),
    "template fit": TemplateFitRegressor(energy=ENERGY),
    "template fit without axis": TemplateFitRegressor(),
    "subsampled": SubsampledRegressor(make_pipeline(ChannelBinner(4), CNN), max_samples=90),
    "ridge": RidgeCV(),
    "pls": PLSRegression(2),
    "forest": RandomForestRegressor(4, random_state=0),
    "neighbours": KNeighborsRegressor(3),
    "pca": make_pipeline(PCA(4, random_state=0), Ridge()),
    "square roots": make_pipeline(
        FunctionTransformer(np.sqrt),
        TransformedTargetRegressor(Ridge(), func=np.sqrt, inverse_func=np.square),
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_predictions_are_the_same_bit_for_bit(name, spectra, tmp_path):
    X, Y = spectra
    labels = Y.to_numpy() if name == "template fit without axis" else Y
    model = MODELS[name].fit(X, labels)
    loaded = roundtrip(model, tmp_path)
    assert type(loaded) is type(model)
    assert loaded.get_params().keys() == model.get_params().keys()
    for given_as in (X, X.astype(np.float32), X.astype(np.float64)):
        np.testing.assert_array_equal(loaded.predict(given_as), model.predict(given_as))
    assert getattr(loaded, "line_groups_", None) == getattr(model, "line_groups_", None)


def test_a_template_fit_keeps_standard_errors_and_axis(spectra, tmp_path):
    X, _ = spectra
    model = TemplateFitRegressor(energy=ENERGY).fit(X)
    loaded = roundtrip(model, tmp_path)
    np.testing.assert_array_equal(loaded.predict(X, True), model.predict(X, True))
    np.testing.assert_array_equal(loaded.energy_, ENERGY)
    assert loaded.sum_spectrum_fit_.detector == model.sum_spectrum_fit_.detector
    assert model_info(tmp_path / "model.skxrf").energy_range == (ENERGY[0], ENERGY[-1])


def test_float64_networks_stay_float64(spectra, tmp_path):
    X, Y = spectra
    model = SpectrumMLPRegressor((8,), max_epochs=1, random_state=0).fit(X.astype(float), Y)
    loaded = roundtrip(model, tmp_path)
    assert next(loaded.net_.module_.parameters()).dtype == torch.float64
    np.testing.assert_array_equal(loaded.predict(X.astype(float)), model.predict(X.astype(float)))


@pytest.mark.parametrize("go_on", ["partial_fit", "fit"])
def test_a_loaded_network_is_trained_on_like_the_saved_one(go_on, spectra, tmp_path):
    X, Y = spectra
    model = SpectrumMLPRegressor(
        (8,), linear_path=False, max_epochs=2, warm_start=True, random_state=0
    ).fit(X, Y)
    loaded = roundtrip(model, tmp_path)
    before = model.predict(X)
    for network in (model, loaded):
        getattr(network, go_on)(X, Y)
    assert not np.array_equal(model.predict(X), before)
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    assert loaded.loss_curve_ == model.loss_curve_


def test_the_best_of_a_search(spectra, tmp_path):
    X, Y = spectra
    search = GridSearchCV(make_pipeline(ChannelBinner(2), CNN), {"channelbinner__factor": [2, 4]})
    search.set_params(cv=2, error_score="raise").fit(X, Y)
    loaded = roundtrip(search.best_estimator_, tmp_path)
    np.testing.assert_array_equal(loaded.predict(X), search.predict(X))


def test_a_device_that_is_not_here_is_replaced_with_a_warning(spectra, tmp_path):
    X, Y = spectra
    model = SpectrumMLPRegressor((8,), max_epochs=1, random_state=0).fit(X, Y)
    expected = model.predict(X)
    save_model(model.set_params(device="nowhere"), tmp_path / "model")
    with pytest.warns(UserWarning, match="put on the CPU"):
        loaded = load_model(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict(X), expected)


def test_what_a_file_says_of_itself(spectra, tmp_path):
    X, Y = spectra
    model = make_pipeline(ChannelBinner(2, energy=ENERGY), CNN).fit(X, Y)
    save_model(model, tmp_path / "model.skxrf")
    info = model_info(tmp_path / "model.skxrf")
    assert info.estimator == "Pipeline"
    assert info.steps == ("Pipeline", "ChannelBinner", "SpectrumCNNRegressor")
    assert info.line_groups == ("Ca_K", "Fe_K")
    assert info.n_channels == 320
    assert info.energy_range == (ENERGY[0], ENERGY[-1])
    assert info.versions["torch"] == torch.__version__
    assert len((tmp_path / "model.skxrf").read_bytes()) < 150_000


def test_the_same_model_gives_the_same_bytes_in_every_process(tmp_path):
    source = DATA / "model_format_1.skxrf"
    code = (
        "import sys\n"
        "from skxrf.persistence import load_model, save_model\n"
        "save_model(load_model(sys.argv[1]), sys.argv[2])"
    )
    subprocess.run([sys.executable, "-c", code, source, tmp_path / "a"], check=True)
    save_model(load_model(source), tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    model = load_model(source)
    digest = model_digest(model)
    assert model_digest(load_model(source)) == digest
    model[-1].net_.module_.get_buffer("intercept")[0] += 1e-3
    assert model_digest(model) != digest
