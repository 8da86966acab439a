"""Models that earlier versions saved still open, and predict the same."""

import lzma
from pathlib import Path

import numpy as np
import pytest

from skxrf.persistence import load_model, save_model

DATA = Path(__file__).parent / "data"


# scikit-learn warns where its version is not the one that the file was written with.
@pytest.mark.filterwarnings("ignore:Trying to unpickle estimator")
def test_a_file_of_the_first_format_still_opens():
    model = load_model(DATA / "model_format_1.skxrf")
    with np.load(DATA / "model_format_1.npz") as stored:
        counts, expected = stored["counts"], stored["expected"]
    np.testing.assert_allclose(model.predict(counts), expected, rtol=1e-4)
    assert model[-1].line_groups_ == ["Fe_K", "Pb_L"]
    np.testing.assert_allclose(model[0].energy_[[0, -1]], [0.5, 8.25])


@pytest.mark.filterwarnings("ignore:Trying to unpickle estimator")
@pytest.mark.parametrize("name", ["calibrated_cnn", "mlp", "shipped", "template_fit"])
def test_models_of_before_the_redesign_open_and_predict_the_same(name, tmp_path):
    path = tmp_path / "model.skxrf"
    path.write_bytes(lzma.decompress((DATA / f"{name}_format_1.skxrf.xz").read_bytes()))
    model = load_model(path)
    with np.load(DATA / f"{name}_format_1.npz") as stored:
        counts, expected = stored["counts"], stored["expected"]
    np.testing.assert_allclose(model.predict(counts), expected, rtol=1e-4, atol=0.02)
    save_model(model, tmp_path / "again.skxrf")
    again = load_model(tmp_path / "again.skxrf")
    np.testing.assert_array_equal(again.predict(counts), model.predict(counts))
