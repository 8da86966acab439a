"""Maps of a scan during which the energy axis drifted."""

import json

import dask.array as da
import numpy as np
import pytest
import xarray as xr

from skxrf.datasets import make_painting
from skxrf.exceptions import EnergyAxisError
from skxrf.inference import predict_maps, predict_maps_to_file
from skxrf.inference._binding import bind_with_drift, sample_rows
from skxrf.io import open_maps
from skxrf.linear_model import TemplateFitRegressor
from skxrf.samples import to_samples

GROUPS = ["Ca_K", "Fe_K", "Cu_K", "Pb_L"]
OTHERS = ["K_K", "Ti_K", "Mn_K", "Zn_K", "Sr_K", "Ar_K"]
SHAPE = (40, 9)
GAIN = 0.01  # change of the gain over the scan


def drifting(cube, gain):
    """Move the counts of each row, no count lost, to where they are with another gain."""
    energy, counts = cube["energy"].to_numpy(), cube.to_numpy()
    rng, moved = np.random.default_rng(1), np.zeros_like(counts)
    width = energy[1] - energy[0]
    for row, share in enumerate(np.linspace(-0.5, 0.5, len(counts))):
        place = np.clip((energy / (1 + gain * share) - energy[0]) / width, 0, energy.size - 1.001)
        below = place.astype(int)
        upper = rng.binomial(counts[row], place - below)
        for pixel, (whole, up) in enumerate(zip(counts[row], upper, strict=True)):
            moved[row, pixel] += np.bincount(below, whole - up, energy.size).astype(counts.dtype)
            moved[row, pixel] += np.bincount(below + 1, up, energy.size).astype(counts.dtype)
    return cube.copy(data=moved)


@pytest.fixture(scope="module")
def scan():
    return make_painting(SHAPE, mean_counts=5000, random_state=3)


@pytest.fixture(scope="module")
def cube(scan):
    return drifting(scan[0], GAIN)


def fitted(cube):
    energy = cube["energy"].to_numpy()
    fit = TemplateFitRegressor(GROUPS, energy=energy, nuisance=OTHERS, anode="Rh", weights="own")
    return fit.fit(to_samples(cube).values)


@pytest.fixture(scope="module")
def fit(cube):
    return fitted(cube)


def stating(cube, drift):
    return cube.assign_attrs(axis_drift=drift)


def test_a_drift_is_corrected_and_stated(scan, cube, fit):
    maps, bare = predict_maps(fit, cube), predict_maps(fit, stating(cube, "none"))
    stated = json.loads(maps.attrs["axis_drift"])
    found = np.ptp(stated["shift_at_15_keV_in_eV"])
    assert found == pytest.approx(15e3 * GAIN * (1 - 1 / len(stated["first_rows"])), rel=0.15)
    assert "drift of the energy axis corrected" in maps.attrs["history"]
    assert "axis_drift" not in bare.attrs
    truth = scan[1].sel(element="Pb_L").to_numpy()
    right, wrong = (
        np.sqrt(np.mean((one.sel(element="Pb_L").to_numpy() - truth) ** 2)) for one in (maps, bare)
    )
    assert right < 0.95 * wrong


def test_an_axis_at_rest_gives_the_same_bits(scan):
    cube = scan[0]
    model = fitted(cube)
    maps = predict_maps(model, cube)
    assert "axis_drift" not in maps.attrs
    xr.testing.assert_equal(maps, predict_maps(model, stating(cube, "none")))


@pytest.mark.parametrize("chunks", [(40, 9, -1), (7, 4, 500), (1, 9, -1)])
def test_maps_do_not_depend_on_the_chunks(cube, fit, chunks):
    lazy = cube.chunk(dict(zip(("y", "x", "energy"), chunks, strict=True)))
    expected = predict_maps(fit, cube)
    xr.testing.assert_allclose(predict_maps(fit, lazy).compute(), expected, rtol=1e-4, atol=0.05)
    assert predict_maps(fit, lazy).attrs["axis_drift"] == expected.attrs["axis_drift"]


def test_files_state_the_drift(cube, fit, tmp_path):
    predict_maps_to_file(fit, cube, tmp_path / "maps.nc")
    maps = open_maps(tmp_path / "maps.nc")
    assert maps.attrs["axis_drift"] == predict_maps(fit, cube).attrs["axis_drift"]


def test_a_model_of_another_axis_has_its_spectra_moved_once(cube, fit):
    energy = cube["energy"].to_numpy()
    other = cube.assign_coords(energy=energy + 0.004)
    expected, maps = predict_maps(fit, cube), predict_maps(fit, other)
    assert json.loads(maps.attrs["axis_drift"])["first_rows"][0] == 0
    ratio = float(maps.sel(element="Fe_K").sum() / expected.sel(element="Fe_K").sum())
    assert ratio == pytest.approx(1, abs=0.02)


def test_a_few_rows_do_not_drift(cube, fit):
    assert "axis_drift" not in predict_maps(fit, cube.isel(y=slice(0, 15))).attrs


def test_what_an_attribute_states_is_obeyed_or_refused(cube, fit):
    rows = {"first_rows": [0, 20], "shift_at_2_keV_in_eV": [-1, 1]}
    text = json.dumps(rows | {"shift_at_15_keV_in_eV": [-9, 9]})
    assert predict_maps(fit, stating(cube, text)).attrs["axis_drift"].count("9.0") == 2
    with pytest.raises(EnergyAxisError, match="axis_drift"):
        predict_maps(fit, stating(cube, "much"))


class Adapting:
    """A model that keeps the spectra that it is bound to."""

    bound_, unfamiliar_ = True, ()

    def __init__(self, model):
        self.model = model

    def bind(self, X, energy):
        one = Adapting(self.model)
        one.seen = X
        return one

    @property
    def line_axis_(self):
        return self.model.line_axis_


def test_a_model_is_bound_to_straightened_spectra(cube, fit):
    bound, drift = bind_with_drift(Adapting(fit), cube)
    spectra, rows = sample_rows(cube)
    np.testing.assert_array_equal(bound.seen, drift.straighten(spectra, rows))
    at_rest, drift = bind_with_drift(Adapting(fit), stating(cube, "none"))
    assert drift is None
    assert at_rest.seen.dtype == cube.dtype


def test_a_stated_drift_is_taken_without_reading_the_counts(cube, fit):
    def fail(block):
        raise AssertionError("the counts were read")

    unread = cube.copy(data=da.from_array(cube.to_numpy()).map_blocks(fail, dtype=cube.dtype))
    assert bind_with_drift(fit, stating(unread, "none")) == (fit, None)
