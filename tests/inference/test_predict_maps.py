import copy
import json

import dask
import numpy as np
import pandas as pd
import pytest
import sklearn
import xarray as xr
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skxrf.compose import SubsampledRegressor
from skxrf.exceptions import CountsError, LineGroupError, SkxrfError
from skxrf.inference import predict_maps
from skxrf.preprocessing import SpectrumNormalizer
from skxrf.samples import sample_index, to_maps, to_samples

N_CHANNELS = 40
ELEMENTS = ["Ca_K", "Fe_K", "Pb_L"]


def small_cube(shape=(7, 5), *, dtype="uint16", seed=0, **attrs):
    counts = np.random.default_rng(seed).poisson(9, (*shape, N_CHANNELS)).astype(dtype)
    coords = {
        "y": ("y", 0.5 * np.arange(shape[0]), {"units": "mm"}),
        "x": ("x", 0.5 * np.arange(shape[1]), {"units": "mm"}),
        "energy": 0.1 + 0.5 * np.arange(N_CHANNELS),
        "live_time": (("y", "x"), np.full(shape, 0.2)),
    }
    return xr.DataArray(
        counts, dims=("y", "x", "energy"), coords=coords, name="counts", attrs=attrs
    )


def fitted(regressor=None, seed=1):
    X = to_samples(small_cube((10, 10), seed=seed)).values.astype(np.float32)
    return (regressor or Ridge()).fit(X, X[:, [3, 20, 31]] * 2.0)


class SumWithErrors(RegressorMixin, BaseEstimator):
    """Total counts, and the standard error of them; remembers how it was asked."""

    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        self.line_groups_ = ["Fe_K"]
        return self

    def predict(self, X, return_std=False, live_time=None):
        total = X.sum(axis=1)
        if live_time is not None:
            assert live_time.shape == total.shape
            total = total / live_time
        return (total, np.sqrt(total)) if return_std else total


class RecordsBatches(SumWithErrors):
    """Remembers the shape and dtype of every batch."""

    def predict(self, X):
        self.batches_ = [*getattr(self, "batches_", []), (X.shape, X.dtype, X.flags.c_contiguous)]
        return super().predict(X)


@pytest.fixture(scope="module")
def model():
    return fitted()


def test_maps_are_the_predictions_of_the_samples(model):
    cube = small_cube()
    maps = predict_maps(model, cube, elements=ELEMENTS)
    samples = to_samples(cube)
    table = pd.DataFrame(model.predict(samples.values), sample_index(samples), ELEMENTS)
    expected = to_maps(table)
    assert maps.dims == ("y", "x", "element")
    assert list(maps.element.values) == ELEMENTS
    np.testing.assert_allclose(maps, expected, rtol=2e-6)


def test_coordinates_stay_and_attributes_are_those_of_maps(model):
    cube = small_cube(painting="icon", units="counts", tube="Rh", history="read from icon.h5")
    maps = predict_maps(model, cube, elements=ELEMENTS)
    assert maps.name == "intensity"
    assert set(maps.coords) == {"y", "x", "live_time", "element"}
    assert maps.x.attrs == {"units": "mm"}
    assert maps.attrs["painting"] == "icon"
    assert maps.attrs["units"] == "counts"
    assert "tube" not in maps.attrs
    assert maps.attrs["model"] == "Ridge()"
    first, last = maps.attrs["history"].split("\n")
    assert first == "read from icon.h5"
    assert "Ridge" in last


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [("uint8", "f4"), ("uint16", "f4"), ("int64", "f4"), ("float32", "f4"), ("float64", "f8")],
)
@pytest.mark.parametrize("lazy", [False, True])
def test_dtype_of_batches_and_maps(dtype, expected, lazy):
    cube = small_cube(dtype=dtype)
    cube = cube.chunk({"y": 3}) if lazy else cube
    model = RecordsBatches().fit(np.ones((2, N_CHANNELS)))
    with dask.config.set(scheduler="synchronous"):
        maps = predict_maps(model, cube).compute()
    assert maps.dtype == expected
    assert {dtype for _, dtype, _ in model.batches_} == {np.dtype(expected)}
    assert all(contiguous for *_, contiguous in model.batches_)


@pytest.mark.parametrize("batch_size", [1, 3, 5, 11, 35, 1000])
@pytest.mark.parametrize("order", [("y", "x", "energy"), ("energy", "y", "x")])
def test_batches_are_bounded_and_cover_every_pixel_once(batch_size, order):
    cube = small_cube().transpose(*order)
    model = RecordsBatches().fit(np.ones((2, N_CHANNELS)))
    maps = predict_maps(model, cube, batch_size=batch_size)
    np.testing.assert_array_equal(maps[..., 0], cube.sum("energy"))
    sizes = [shape[0] for shape, *_ in model.batches_]
    assert max(sizes) <= batch_size
    assert sum(sizes) == 35


def test_lazy_cube_gives_lazy_maps_equal_to_the_eager_ones(model):
    cube = small_cube((12, 9))
    lazy = predict_maps(model, cube.chunk({"y": 5, "x": 4}), elements=ELEMENTS)
    assert lazy.chunks[:2] == ((5, 5, 2), (4, 4, 1))
    assert lazy.dtype == np.float32
    eager = predict_maps(model, cube, elements=ELEMENTS)
    np.testing.assert_allclose(lazy.compute(), eager, rtol=2e-6)
    assert set(lazy.coords) == set(eager.coords)


def test_threads_and_synchronous_scheduler_give_the_same_bits(model):
    lazy = predict_maps(model, small_cube((30, 20)).chunk({"y": 4, "x": 7}), elements=ELEMENTS)
    np.testing.assert_array_equal(
        lazy.compute(scheduler="threads"), lazy.compute(scheduler="synchronous")
    )


def test_nothing_is_computed_before_it_is_asked_for(model):
    def explode(block):
        raise AssertionError("computed too early")

    data = small_cube().chunk({"y": 2}).data.map_blocks(explode, meta=np.empty((0, 0, 0), "u2"))
    cube = small_cube().copy(data=data)
    maps = predict_maps(model, cube, elements=ELEMENTS)
    with pytest.raises(AssertionError, match="too early"):
        maps.compute()


def test_graph_holds_the_model_once(model):
    lazy = predict_maps(model, small_cube((20, 20)).chunk({"y": 1, "x": 1}), elements=ELEMENTS)
    graph = dict(lazy.__dask_graph__())
    holders = [key for key, task in graph.items() if "Ridge()" in repr(task)]
    assert len(graph) >= 800
    assert len(holders) <= 1


def test_lazily_indexed_array_is_read_block_by_block(tmp_path, model):
    small_cube().drop_vars("live_time").to_netcdf(tmp_path / "cube.nc", engine="h5netcdf")
    with xr.open_dataarray(tmp_path / "cube.nc", engine="h5netcdf") as cube:
        maps = predict_maps(model, cube, elements=ELEMENTS, batch_size=5)
        assert not cube.variable._in_memory
    np.testing.assert_allclose(maps, predict_maps(model, small_cube(), elements=ELEMENTS), 2e-6)


def test_chunks_along_energy_are_merged(model):
    cube = small_cube()
    split = predict_maps(model, cube.chunk({"y": 3, "energy": 7}), elements=ELEMENTS)
    whole = predict_maps(model, cube.chunk({"y": 3}), elements=ELEMENTS)
    assert split.chunks == whole.chunks
    np.testing.assert_array_equal(split.compute(), whole.compute())


def test_energy_slices_of_a_large_cube_are_refused(model):
    data = dask.array.zeros((20_000, 20_000, N_CHANNELS), chunks=(-1, -1, 1), dtype="uint16")
    cube = xr.DataArray(data, dims=("y", "x", "energy"))
    with pytest.raises(SkxrfError, match=r"chunked along energy \(40 chunks\).*29\.8 GiB.*rechunk"):
        predict_maps(model, cube, elements=ELEMENTS)


# Names of the outputs


def test_estimator_without_names_asks_for_elements(model):
    with pytest.raises(LineGroupError, match=r"Ridge has no names.*elements=\["):
        predict_maps(model, small_cube())


def test_wrong_number_of_elements(model):
    with pytest.raises(LineGroupError, match=r"\(35, 3\) for 35 spectra.*2 names"):
        predict_maps(model, small_cube(), elements=["Fe_K", "Cu_K"])


def test_repeated_elements_are_refused(model):
    with pytest.raises(LineGroupError, match="distinct"):
        predict_maps(model, small_cube(), elements=["Fe_K", "Fe_K", "Cu_K"])


def test_names_are_found_and_elements_select_from_them():
    model = fitted(make_pipeline(StandardScaler(), Ridge()))
    model[-1].line_groups_ = ELEMENTS
    maps = predict_maps(model, small_cube())
    assert list(maps.element.values) == ELEMENTS
    chosen = predict_maps(model, small_cube(), elements=["Pb_L", "Ca_K"])
    xr.testing.assert_equal(chosen, maps.sel(element=["Pb_L", "Ca_K"]))
    with pytest.raises(LineGroupError, match=r"does not predict Xx_K.*Ca_K, Fe_K, Pb_L"):
        predict_maps(model, small_cube(), elements=["Ca_K", "Xx_K"])


@pytest.mark.parametrize(
    "make",
    [
        lambda: GridSearchCV(make_pipeline(StandardScaler(), Ridge()), {"ridge__alpha": [1, 2]}),
        lambda: MultiOutputRegressor(LinearRegression()),
    ],
    ids=["GridSearchCV", "MultiOutputRegressor"],
)
def test_meta_estimators_predict_maps(make):
    model = fitted(make())
    cube = small_cube()
    expected = model.predict(cube.values.reshape(-1, N_CHANNELS).astype(np.float32))
    maps = predict_maps(model, cube, elements=ELEMENTS)
    np.testing.assert_allclose(maps.values.reshape(-1, 3), expected, rtol=1e-5)


def test_an_object_with_only_predict_is_enough():
    class Total:
        def predict(self, X):
            return X.sum(axis=1)

    maps = predict_maps(Total(), small_cube(), elements="Fe_K")
    np.testing.assert_array_equal(maps[..., 0], small_cube().sum("energy"))


# Standard errors, values per pixel


@pytest.mark.parametrize("lazy", [False, True])
def test_standard_errors_come_as_a_dataset(lazy):
    cube = small_cube(painting="icon").chunk({"y": 3} if lazy else {})
    cube = cube if lazy else cube.compute()
    model = SumWithErrors().fit(np.ones((2, N_CHANNELS)))
    maps = predict_maps(model, cube, return_std=True)
    assert isinstance(maps, xr.Dataset)
    assert set(maps.data_vars) == {"intensity", "uncertainty"}
    assert bool(maps.chunks) is lazy
    np.testing.assert_allclose(maps.uncertainty**2, maps.intensity, rtol=1e-5)
    assert maps.uncertainty.dtype == np.float32
    assert maps.attrs["painting"] == "icon"


def test_standard_errors_through_pipeline_and_search():
    class Unsearched(SumWithErrors):
        pass

    pipeline = make_pipeline(StandardScaler(with_mean=False), Unsearched())
    X = small_cube().values.reshape(-1, N_CHANNELS).astype(np.float32)
    search = GridSearchCV(pipeline, {"standardscaler__with_std": [False]}, cv=2)
    for model in (pipeline, search, SubsampledRegressor(pipeline, max_samples=20)):
        maps = predict_maps(model.fit(X, X[:, 0]), small_cube(), return_std=True)
        assert np.isfinite(maps.uncertainty).all()


@pytest.mark.parametrize(
    "make",
    [Ridge, lambda: make_pipeline(StandardScaler(), Ridge()), lambda: SubsampledRegressor(Ridge())],
    ids=["Ridge", "Pipeline", "SubsampledRegressor"],
)
def test_estimator_without_standard_errors_says_so(make):
    with pytest.raises(SkxrfError, match=r"Ridge\.predict takes no return_std"):
        predict_maps(fitted(make()), small_cube(), elements=ELEMENTS, return_std=True)


def test_standard_errors_must_come_as_a_pair():
    class Alone:
        def predict(self, X, **kwargs):
            return X[:, :1]

    with pytest.raises(SkxrfError, match="must return the pair"):
        predict_maps(Alone(), small_cube(), elements=["Fe_K"], return_std=True)


@pytest.mark.parametrize("lazy", [False, True])
def test_values_per_pixel_reach_their_own_pixels(lazy):
    cube = small_cube()
    times = xr.DataArray(
        np.random.default_rng(0).uniform(1, 9, (7, 5)), dims=("y", "x"), coords={"x": cube.x}
    )
    model = SumWithErrors().fit(np.ones((2, N_CHANNELS)))
    maps = predict_maps(
        model,
        cube.chunk({"y": 3, "x": 2}) if lazy else cube,
        predict_params={"live_time": times.T},
        batch_size=4,
    )
    np.testing.assert_allclose(maps[..., 0], cube.sum("energy") / times, rtol=1e-6)


@pytest.mark.parametrize("lazy", [False, True])
def test_live_time_reaches_the_normaliser_of_a_pipeline(lazy):
    cube = small_cube()
    times = np.random.default_rng(0).uniform(1, 9, (7, 5))
    cube = cube.assign_coords(live_time=(("y", "x"), times))
    cube = cube.chunk({"y": 2}) if lazy else cube
    X = cube.values.reshape(-1, N_CHANNELS).astype(np.float32)
    # scikit-learn's settings hold for one thread only; the blocks are computed in others.
    with sklearn.config_context(enable_metadata_routing=True):
        per_second = SpectrumNormalizer("live_time").set_transform_request(live_time=True)
        model = make_pipeline(per_second, Ridge())
        model.fit(X, X[:, :1], live_time=times.reshape(-1))
        maps = predict_maps(
            model,
            cube,
            elements=["Fe_K"],
            predict_params={"live_time": cube["live_time"]},
            batch_size=4,
        ).compute()
        expected = model.predict(X, live_time=times.reshape(-1))
    np.testing.assert_allclose(maps.values.reshape(-1), expected, rtol=1e-5)


def test_values_of_other_pixels_are_refused(model):
    with pytest.raises(SkxrfError, match=r"predict_params\['live_time'\].*'y': 7, 'x': 5"):
        predict_maps(
            model,
            small_cube(),
            elements=ELEMENTS,
            predict_params={"live_time": xr.DataArray(np.ones((7, 6)), dims=("y", "x"))},
        )


# Progress


def test_progress_prints_lines_where_there_is_no_terminal(model, capsys):
    predict_maps(model, small_cube(), elements=ELEMENTS, progress=True, batch_size=5)
    out, err = capsys.readouterr()
    assert out == ""
    assert "predicting maps: 35 of 35 spectra (100 %)" in err
    assert "spectra/s" in err
    predict_maps(model, small_cube(), elements=ELEMENTS)
    assert capsys.readouterr().err == ""


def test_progress_computes_a_lazy_cube(model, capsys):
    cube = small_cube((40, 30))
    maps = predict_maps(model, cube.chunk({"y": 7, "x": 4}), elements=ELEMENTS, progress=True)
    assert maps.chunks is None
    assert "predicting maps: 1,200 of 1,200 spectra (100 %)" in capsys.readouterr().err
    np.testing.assert_allclose(maps, predict_maps(model, cube, elements=ELEMENTS), rtol=2e-6)


# Bad input


@pytest.mark.parametrize(
    ("value", "found"), [(-3.0, "-3.0"), (np.nan, "nan"), (np.inf, "inf"), (-np.inf, "-inf")]
)
@pytest.mark.parametrize("lazy", [False, True])
def test_impossible_counts_name_the_pixel(model, value, found, lazy):
    cube = small_cube(dtype="float32")
    cube[5, 4, 17] = value
    cube = cube.chunk({"y": 3, "x": 2}) if lazy else cube
    with pytest.raises(CountsError, match=rf"pixel \(y=5, x=4\) holds {found} in channel 17"):
        predict_maps(model, cube, elements=ELEMENTS, batch_size=3).compute()


def test_evidence_of_a_model_is_stated_in_its_maps(model):
    assert "evidence" not in predict_maps(model, small_cube(), elements=ELEMENTS).attrs
    knowing = copy.copy(model)
    knowing.evidence_ = [{"line_group": "Fe_K", "answer": "present"}]
    maps = predict_maps(knowing, small_cube(), elements=ELEMENTS)
    assert json.loads(maps.attrs["evidence"]) == knowing.evidence_


def test_negative_integers_are_refused_naming_the_file(model):
    cube = small_cube(dtype="int16", source="icon.h5")
    cube[0, 1, 2] = -1
    found = r"cube of icon\.h5: pixel \(y=0, x=1\) holds -1 .*Predict from the counts as measured"
    with pytest.raises(CountsError, match=found):
        predict_maps(model, cube, elements=ELEMENTS)


@pytest.mark.parametrize("shape", [(0, 5), (5, 0)])
def test_empty_cube(model, shape):
    with pytest.raises(CountsError, match="the cube is empty"):
        predict_maps(model, small_cube(shape), elements=ELEMENTS)


def test_wrong_dims_and_types(model):
    with pytest.raises(SkxrfError, match=r"of dims \(y, x, energy\), got \('y', 'x'\)"):
        predict_maps(model, small_cube()[..., 0], elements=ELEMENTS)
    with pytest.raises(SkxrfError, match="got ndarray: open a file with"):
        predict_maps(model, small_cube().values, elements=ELEMENTS)
    with pytest.raises(CountsError, match="complex64"):
        predict_maps(model, small_cube().astype("complex64"), elements=ELEMENTS)


def test_wrong_estimators():
    with pytest.raises(SkxrfError, match="StandardScaler has no predict"):
        predict_maps(StandardScaler(), small_cube(), elements=ELEMENTS)
    with pytest.raises(SkxrfError, match="pass a fitted regressor"):
        predict_maps(Ridge, small_cube(), elements=ELEMENTS)
    with pytest.raises(NotFittedError):
        predict_maps(Ridge(), small_cube().chunk({"y": 1}), elements=ELEMENTS)


@pytest.mark.parametrize("batch_size", [0, -1, 2.5, "all"])
def test_wrong_batch_size(model, batch_size):
    with pytest.raises(SkxrfError, match="batch_size must be"):
        predict_maps(model, small_cube(), elements=ELEMENTS, batch_size=batch_size)


@pytest.mark.parametrize("lazy", [False, True])
def test_pixels_without_counts_are_missing(lazy, model):
    cube = small_cube()
    cube[2, 3] = 0
    maps = predict_maps(model, cube.chunk({"y": 2}) if lazy else cube, elements=ELEMENTS).compute()
    missing = np.zeros(maps.shape[:2], bool)
    missing[2, 3] = True
    np.testing.assert_array_equal(np.isnan(maps[..., 0]), missing)


def test_elements_are_found_as_they_are_typed():
    model = fitted(make_pipeline(StandardScaler(), Ridge()))
    model[-1].line_groups_ = ELEMENTS
    maps = predict_maps(model, small_cube(), elements=["pb", "Fe Ka"])
    assert list(maps["element"].values) == ["Pb_L", "Fe_K"]
