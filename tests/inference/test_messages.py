"""Wording of the refusals of a prediction: found, expected, what to do."""

import dask
import numpy as np
import pytest
import xarray as xr
from sklearn.linear_model import Ridge

from skxrf.exceptions import SkxrfError
from skxrf.inference import _to_file, predict_maps
from skxrf.inference._binding import sample_rows
from skxrf.inference._blocks import make_plan
from skxrf.inference._predict_maps import block_sizes

ENERGY = 0.1 + 0.2 * np.arange(32)
AXIS = "32 channels, 0.100 to 6.300 keV, 200.00 eV each"
COUNTS = np.random.default_rng(3).poisson(6, (4, 5, 32)).astype(np.uint16)
GROUPS = ["S_K", "Ca_K"]


def cube_of(counts=COUNTS, energy=ENERGY):
    coords = {} if energy is None else {"energy": energy}
    return xr.DataArray(counts, coords, ("y", "x", "energy"), name="counts")


class Known:
    """Knows axis, channels and line groups; gives as many parts as it is told."""

    def __init__(self, energy=ENERGY, n_channels=32, parts=2, n_columns=2):
        self.parts, self.n_columns, self.line_groups_ = parts, n_columns, GROUPS
        self.n_features_in_ = n_channels
        if energy is not None:
            self.energy_ = energy

    def predict(self, X, return_std=False):
        values = np.ones((len(X), self.n_columns), np.float32)
        return (values,) * self.parts if return_std else values


class Mute(Known):
    def predict(self, X):
        return super().predict(X)


def messages():
    yield (
        Known(),
        cube_of(energy=None),
        {},
        (
            f"the cube has 32 channels and no energy axis, but the model was fitted on {AXIS}: give the "
            "cube its axis, such as cube.assign_coords(energy=...) or open_cube(path, energy=...)."
        ),
    )
    rest = (
        ", but the model was fitted on 7 channels and has no energy axis to rebin to: bring the cube "
        "onto the model's axis, as skxrf.preprocessing.rebin_counts does."
    )
    yield Known(None, 7), cube_of(), {}, f"the cube has {AXIS}{rest}"
    yield Known(None, 7), cube_of(energy=None), {}, f"the cube has 32 channels{rest}"
    yield (
        Known(),
        cube_of(energy=ENERGY + 1),
        {},
        (
            f"the cube has 32 channels, 1.100 to 7.300 keV, 200.00 eV each, the model was fitted on {AXIS}: "
            "the cube does not cover the model's range. Use a model made for this axis, or check the "
            "cube's energy calibration."
        ),
    )
    yield (
        Known(ENERGY[:20] + 0.05),
        cube_of(),
        {},
        (
            f"the cube has {AXIS}, but a step of the model was fitted on 20 channels, 0.150 to 3.950 keV, "
            "200.00 eV each, which are not whole channels of the cube: bring the cube onto the axis that "
            "the model was fitted on."
        ),
    )
    yield (
        Mute(),
        cube_of(),
        {"return_std": True},
        (
            "Mute.predict takes no return_std: it gives no standard errors. Use an estimator that does, "
            "such as skxrf.linear_model.TemplateFitRegressor, or return_std=False."
        ),
    )
    yield (
        Known(parts=3),
        cube_of(),
        {"return_std": True},
        (
            "Known.predict(return_std=True) must return the pair (intensities, standard errors), got 3 "
            "parts."
        ),
    )
    yield (
        Known(n_columns=3),
        cube_of(),
        {},
        (
            "the model predicts an array of shape (20, 3) for 20 spectra, but there are 2 names of line "
            "groups: name all its outputs with elements=."
        ),
    )
    yield Known(), cube_of(), {"elements": []}, ("elements must be distinct line groups, got [].")
    yield (
        Known(),
        cube_of(),
        {"elements": ["S_K", "S_K"]},
        ("elements must be distinct line groups, got ['S_K', 'S_K']."),
    )
    yield (
        Known(),
        cube_of(),
        {"elements": ["Fe_K", "Cu_K"]},
        ("the model does not predict Fe_K, Cu_K: its line groups are S_K, Ca_K."),
    )
    yield (
        Known(),
        cube_of(),
        {"batch_size": 0},
        'batch_size must be a number >= 1 or "auto", got 0.',
    )
    yield Ridge, cube_of(), {}, "ABCMeta has no predict method: pass a fitted regressor."
    nameless = Ridge().fit(COUNTS[0], COUNTS[0, :, :2])
    yield (
        nameless,
        cube_of(),
        {},
        (
            "Ridge has no names of the line groups that it predicts: name its outputs in their order, "
            "such as elements=['Ca_K', 'Fe_K']."
        ),
    )
    params = {"live_time": xr.DataArray(np.ones((5, 4)), dims=("y", "x"))}
    yield (
        Known(),
        cube_of(),
        {"predict_params": params},
        (
            "predict_params['live_time'] must be a DataArray of the cube's pixels {'y': 4, 'x': 5}, got "
            "{'y': 5, 'x': 4}."
        ),
    )
    yield (
        Known(),
        cube_of(),
        {"predict_params": {"live_time": 1.0}},
        (
            "predict_params['live_time'] must be a DataArray of the cube's pixels {'y': 4, 'x': 5}, got "
            "float."
        ),
    )


@pytest.mark.parametrize(("model", "cube", "options", "message"), list(messages()))
def test_refusals(model, cube, options, message):
    with pytest.raises(SkxrfError) as caught:
        predict_maps(model, cube, **options)
    assert str(caught.value) == message


def test_channels_that_are_lacking_at_the_ends():
    wide = 0.01 * np.arange(1000)
    counts = np.ones((2, 2, 1000), np.uint16)
    with pytest.warns(UserWarning, match=r"^the cube has") as caught:
        predict_maps(Known(wide, 1000), cube_of(counts, wide + 0.05))
    assert str(caught[0].message) == (
        "the cube has 1000 channels, 0.050 to 10.040 keV, 10.00 eV each, the model was fitted on 1000 "
        "channels, 0.000 to 9.990 keV, 10.00 eV each: the 50 eV of the model's range that the cube "
        "lacks are taken as empty."
    )


def test_chunks_along_energy_are_merged_up_to_half_a_gibibyte():
    import dask.array as da

    def lazy(n):
        data = da.zeros((n, 64, 4096), chunks=(n, 64, 1024), dtype=np.uint16)
        return cube_of(data, 0.01 * np.arange(4096))

    model = Known(0.01 * np.arange(4096), 4096)
    assert predict_maps(model, lazy(1024)).chunks is not None
    with pytest.raises(SkxrfError) as caught:
        predict_maps(model, lazy(1025))
    assert str(caught.value) == (
        "the cube is chunked along energy (4 chunks), and whole spectra of its blocks of 1025 x 64 "
        'pixels would take 0.5 GiB each: rechunk it first, such as cube.chunk({"y": 64, "x": 64, '
        '"energy": -1}).'
    )


def test_automatic_batches_are_of_32_mebibytes():
    assert make_plan(Known(), cube_of(), None, False, "auto").batch_size == 32 * 2**20 // (4 * 32)
    plan = make_plan(Known(), cube_of(), None, False, np.int64(3))
    assert (plan.batch_size, type(plan.batch_size)) == (3, int)
    assert (plan.line_groups, plan.columns, plan.n_outputs) == (tuple(GROUPS), None, 2)
    assert (plan.dtype, plan.axes, plan.drift) == (np.float32, None, None)
    one = make_plan(Known(), cube_of(COUNTS.astype(float)), "Ca_K", False, 3)
    assert (one.line_groups, one.columns, one.n_outputs) == (("Ca_K",), (1,), 2)
    assert one.dtype == np.float64


@pytest.mark.parametrize(
    ("n_y", "n_x", "n_pixels", "expected"),
    [
        (7, 5, 10, ((2, 2, 2, 1), (5,))),
        (4, 5, 99, ((4,), (5,))),
        (2, 5, 3, ((1, 1), (3, 2))),
        (1, 1, 1, ((1,), (1,))),
    ],
)
def test_blocks_are_of_whole_rows_where_possible(n_y, n_x, n_pixels, expected):
    assert block_sizes(n_y, n_x, n_pixels) == expected


def test_a_sample_is_of_every_so_many_rows_and_of_live_pixels():
    counts = np.ones((300, 400, 2), np.uint16)
    counts[..., 0] = np.arange(300)[:, None]
    counts[..., 1] = np.arange(400)
    spectra, rows = sample_rows(cube_of(counts, None).transpose("energy", "x", "y"))
    # Every third row of 120,000 pixels; pixel (0, 0) is dead.
    assert len(spectra) == len(rows) == 100 * 400 - 1
    np.testing.assert_array_equal(spectra[:, 0], rows)
    assert set(spectra[:, 1]) == set(range(400))
    dead = cube_of(0 * COUNTS)
    assert sample_rows(dead)[0].shape == (20, 32)


def test_a_chosen_scheduler_is_left_to_choose():
    assert _to_file._scheduler() == {"scheduler": "synchronous"}
    with dask.config.set(scheduler="threads"):
        assert _to_file._scheduler() == {}


def test_cubes_in_memory_are_predicted_here_beside_any_cluster(monkeypatch, tmp_path):
    monkeypatch.setattr(_to_file, "_cluster", lambda: pytest.fail("asked for a cluster"))
    run = _to_file.predict_maps_to_file(Known(), cube_of(), tmp_path / "maps.nc")
    assert run.shape == (4, 5)
