"""The shipped model: maps without labels, elements or calibration."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import skxrf
from skxrf.exceptions import EnergyAxisError, SkxrfError
from skxrf.inference import predict_maps
from skxrf.inference.protocol import BindsToPainting, BoundModel, SpectrumComponents
from skxrf.io import open_maps, save_cube
from skxrf.persistence import load_model, save_model
from skxrf.pretrained import load_pretrained
from skxrf.pretrained._axis import LINE_GROUPS
from skxrf.pretrained._diagnostics import detected_line_groups

BRIGHT = ("Ca_K", "Fe_K", "Cu_K", "Hg_L", "Pb_L")


def root_mean_square(values):
    return float(np.sqrt(np.mean(np.square(values))))


def test_maps_of_a_painting_it_never_saw(painting, truth, model):
    cube, _ = painting
    maps = predict_maps(model, cube, return_std=True)
    assert list(maps["element"].values) == list(LINE_GROUPS)
    for name, true in truth.items():
        values = maps["intensity"].sel(element=name).to_numpy().ravel()
        # 2.5 times what counting photons alone would give, and 1 % of what is there.
        limit = 2.5 * np.sqrt(true.mean() + 20) + 0.01 * true.max()
        assert root_mean_square(values - true) < limit, name
    for name in BRIGHT:
        values = maps["intensity"].sel(element=name).to_numpy().ravel()
        assert np.corrcoef(values, truth[name])[0, 1] > 0.97, name


def test_a_pixel_crosses_at_most_25_files(painting, model):
    entered = set()
    sys.setprofile(lambda frame, *_: entered.add(frame.f_code.co_filename))
    try:
        predict_maps(model, painting[0][:1, :1])
    finally:
        sys.setprofile(None)
    own = Path(skxrf.__file__).parent
    files = {Path(name).relative_to(own) for name in entered if name.startswith(f"{own}{os.sep}")}
    assert 5 < len(files) <= 25, sorted(files)


def test_finds_the_axis_itself(spectra, truth, model, misinformed):
    right, moved = model.predict(spectra), misinformed.predict(spectra)
    for name in BRIGHT:
        j = LINE_GROUPS.index(name)
        known = root_mean_square(right[:, j] - truth[name])
        assert root_mean_square(moved[:, j] - truth[name]) < 1.15 * known, name


def test_errors_hold(spectra, truth, model):
    values, errors = model.predict(spectra, return_std=True)
    within = []
    for name, true in truth.items():
        value, error = (array[:, LINE_GROUPS.index(name)] for array in (values, errors))
        there = true > 2 * error
        within.append(np.abs(value - true)[there] < error[there])
    assert 0.58 < np.concatenate(within).mean() < 0.88


def test_says_what_is_there(spectra, truth, model):
    found = model.detected(*model.predict(spectra, return_std=True))
    assert set(BRIGHT) <= set(found)
    absent = {"V_K", "Se_K", "Cd_K", "Sb_K", "Bi_L"}
    assert not absent & set(found)


def test_limits_of_detection_are_of_a_pixel(spectra, model):
    (iron,) = [one for one in model.evidence_ if one["line_group"] == "Fe_K"]
    assert iron["limit_per_pixel"] == pytest.approx(iron["limit_counts"] / len(spectra), rel=1e-3)


def test_says_what_is_in_finished_maps_without_being_bound(painting, model):
    maps = predict_maps(model, painting[0], return_std=True)
    assert load_pretrained().detected_in(maps) == model.detected_in(maps)
    with pytest.raises(NotFittedError, match="not bound"):
        load_pretrained().detected_in(maps.drop_attrs())


def test_notices_lines_that_it_does_not_know(spectra, model):
    energy = model.energy_
    uranium = 400 * np.exp(-0.5 * ((energy - 21.9) / 0.08) ** 2) / 5
    strange = spectra + np.random.default_rng(0).poisson(uranium)
    assert np.median(model.novelty(strange)) > np.percentile(model.novelty(spectra), 99)


def test_line_groups_that_are_nowhere_are_rarely_reported():
    # Values of an absent line group as the model gives them: none below zero.
    rng = np.random.default_rng(5)
    errors = rng.uniform(1, 3, (3000, 400))
    intensities = np.maximum(errors * rng.standard_normal(errors.shape), 0)
    names = [f"{i}_K" for i in range(400)]
    for false_alarms in (0.01, 0.1):
        found = detected_line_groups(names, intensities, errors, false_alarms)
        assert len(found) <= 400 * false_alarms


def test_predicts_rows_alone_as_together(spectra, model):
    together = model.predict(spectra[:40])
    alone = np.concatenate([model.predict(spectra[i : i + 8]) for i in range(0, 40, 8)])
    np.testing.assert_allclose(alone, together, rtol=1e-3, atol=0.05)


def test_keeps_float64(spectra, model):
    assert model.predict(spectra[:3].astype(np.float64)).dtype == np.float64
    assert model.predict(spectra[:3]).dtype == np.float32


def test_before_it_is_bound_it_says_what_to_do(spectra):
    with pytest.raises(NotFittedError, match=r"predict_maps\(model, cube\)"):
        load_pretrained().predict(spectra)
    with pytest.raises(EnergyAxisError, match="no energy axis"):
        load_pretrained().bind(spectra, None)
    with pytest.raises(EnergyAxisError):
        load_pretrained().bind(spectra, np.arange(7.0))


def test_is_an_estimator(spectra, model):
    again = clone(load_pretrained().set_params(template_fit=False))
    assert again.get_params() == load_pretrained().set_params(template_fit=False).get_params()
    copied = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copied.predict(spectra[:9]), model.predict(spectra[:9]))


def test_can_be_saved_bound(tmp_path, spectra, model):
    save_model(model, tmp_path / "icon.skxrf")
    loaded = load_model(tmp_path / "icon.skxrf")
    np.testing.assert_array_equal(loaded.predict(spectra[:9]), model.predict(spectra[:9]))


def test_former_names_still_work(monkeypatch, spectra, model):
    monkeypatch.setattr(type(model), "bind", lambda *arguments: arguments)
    unbound = load_pretrained()
    assert unbound.calibrated(spectra, model.energy_) == (unbound, spectra, model.energy_)
    assert model.calibrated_
    assert not unbound.calibrated_


def test_offers_what_a_bound_model_offers(model):
    assert isinstance(load_pretrained(), BindsToPainting)
    assert not isinstance(load_pretrained(), BoundModel)
    assert isinstance(model, BoundModel)
    assert isinstance(model.spectrum_fit(), SpectrumComponents)
    assert model.unfamiliar_ == model.painting_.unfamiliar


def test_a_saved_model_that_saw_neighbors_is_refused_with_a_way_out(model):
    state = model.__getstate__() | {"neighborhood": True}
    with pytest.raises(SkxrfError, match="denoise_maps"):
        type(model)().__setstate__(state)


def test_mapping_binds_and_loads_no_torch(tmp_path, painting, truth):
    save_cube(painting[0][::3, ::3], tmp_path / "painting.h5")
    code = (
        "import sys\n"
        "from skxrf.inference import predict_maps\n"
        "from skxrf.io import open_cube, save_maps\n"
        "from skxrf.pretrained import load_pretrained\n"
        "maps = predict_maps(load_pretrained(), open_cube('painting.h5'), return_std=True)\n"
        "assert 'torch' not in sys.modules\n"
        "save_maps(maps, 'maps.nc')\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
    maps = open_maps(tmp_path / "maps.nc")["intensity"]
    for name in BRIGHT:
        true = painting[1].sel(element=name)[::3, ::3].to_numpy()
        assert np.corrcoef(maps.sel(element=name).to_numpy().ravel(), true.ravel())[0, 1] > 0.97


def test_lazy_maps_are_those_of_the_cube_in_memory(painting, model):
    cube, _ = painting
    eager = predict_maps(model, cube)
    lazy = predict_maps(model, cube.chunk({"y": 10, "x": 10}))
    assert lazy.chunks is not None
    np.testing.assert_allclose(lazy.to_numpy(), eager.to_numpy(), rtol=1e-3, atol=0.05)
