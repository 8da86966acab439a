import numpy as np
import pytest
import xarray as xr

from skxrf.exceptions import CountsError, EnergyAxisError, SkxrfError
from skxrf.inference import predict_maps
from skxrf.linear_model import TemplateFitRegressor
from skxrf.plotting import SpectrumDisplay
from skxrf.postprocessing import denoise_maps
from skxrf.report import write_map_report
from skxrf.samples import to_samples
from skxrf.spectra import max_spectrum, sum_spectrum
from skxrf.utils.energy import resolve_energy
from skxrf.utils.validation import as_cube, as_map_dataset, require_counts

KEV = 0.02 * np.arange(400)


def cube_of(**coords):
    counts = np.random.default_rng(0).poisson(5, (3, 4, 400)).astype(np.uint16)
    return xr.DataArray(counts, dims=("y", "x", "energy"), coords={"energy": KEV} | coords)


def maps_of(shape=(3, 4, 2), **coords):
    values = np.random.default_rng(0).normal(100, 10, shape)
    coords = {"element": ["Fe_K", "Pb_L"][: shape[2]]} | coords
    return xr.DataArray(values, dims=("y", "x", "element"), coords=coords)


def fitted():
    return TemplateFitRegressor(["Ca_K", "Fe_K"], energy=KEV, nuisance="none").fit(
        cube_of().to_numpy().reshape(-1, 400)
    )


ENTRIES = {
    "predict_maps": lambda cube: predict_maps(fitted(), cube),
    "sum_spectrum": sum_spectrum,
    "max_spectrum": max_spectrum,
    "to_samples": to_samples,
    "SpectrumDisplay": SpectrumDisplay.from_cube,
    "write_map_report": lambda cube: write_map_report(maps_of(), "never.html", cube=cube),
}


@pytest.fixture(params=ENTRIES)
def entry(request):
    return ENTRIES[request.param]


@pytest.mark.parametrize(
    ("cube", "error", "message"),
    [
        (cube_of().to_numpy(), SkxrfError, "ndarray"),
        (cube_of().rename(energy="channel"), SkxrfError, "channel"),
        (cube_of()[:0], CountsError, "is empty"),
        (cube_of().astype(str), CountsError, "counts are integers or floats"),
        (cube_of().assign_attrs(units="counts/s"), CountsError, "states the unit 'counts/s'"),
        (cube_of(energy=1000 * KEV), EnergyAxisError, "reaches 7980 keV"),
        (cube_of(energy=np.append(-1e308, KEV[1:])), EnergyAxisError, "reaches -1e"),
        (cube_of(energy=("energy", KEV, {"units": "nm"})), EnergyAxisError, "is in 'nm'"),
    ],
)
def test_no_entry_takes_what_is_no_cube(entry, cube, error, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        entry(cube)
    assert not list(tmp_path.iterdir())


def test_units_that_a_cube_states_are_obeyed():
    stated = cube_of(
        energy=("energy", 1000 * KEV, {"units": "eV"}),
        y=("y", 100.0 * np.arange(3), {"units": "um"}),
        x=("x", np.arange(4), {"units": "px"}),
        live_time=(("y", "x"), np.full((3, 4), 50.0), {"units": "ms"}),
    )

    cube = as_cube(stated.transpose("energy", "x", "y"))

    assert cube.dims == ("y", "x", "energy")
    assert cube["energy"].units == "keV"
    np.testing.assert_allclose(cube["energy"], KEV)
    assert cube["y"].units == "mm"
    np.testing.assert_allclose(cube["y"], [0, 0.1, 0.2])
    assert cube["x"].identical(stated["x"])
    np.testing.assert_allclose(cube["live_time"], 0.05)
    assert stated["energy"].units == "eV", "the caller's array stays as it is"


def test_a_cube_in_standard_units_is_not_copied():
    cube = cube_of(energy=("energy", KEV, {"units": "keV"}))

    assert np.shares_memory(as_cube(cube).to_numpy(), cube.to_numpy())
    assert as_cube(cube).identical(cube)


def test_an_axis_in_ev_gives_the_same_maps_and_spectra():
    stated = cube_of(energy=("energy", 1000 * KEV, {"units": "eV"}))

    np.testing.assert_allclose(predict_maps(fitted(), stated), predict_maps(fitted(), cube_of()))
    np.testing.assert_allclose(sum_spectrum(stated)["energy"], KEV)
    both = to_samples({"a": stated, "b": cube_of()})
    np.testing.assert_allclose(both["energy"], KEV)
    np.testing.assert_allclose(resolve_energy(stated["energy"], 400), KEV)


def test_an_axis_of_absurd_energies_is_refused_by_estimators():
    with pytest.raises(EnergyAxisError, match="divided by 1000"):
        TemplateFitRegressor(["Fe_K"], energy=1000 * KEV).fit(cube_of().to_numpy().reshape(-1, 400))


def test_a_time_that_is_none_is_refused():
    with pytest.raises(SkxrfError, match="live_time of the cube is in 'kg'"):
        as_cube(cube_of(live_time=(("y", "x"), np.ones((3, 4)), {"units": "kg"})))


def test_maps_come_in_one_form():
    maps = maps_of(y=("y", [0.0, 1.0, 2.0], {"units": "cm"})).rename("whatever")

    dataset = as_map_dataset(maps.transpose("element", "y", "x"))

    assert list(dataset) == ["intensity"]
    assert dataset["intensity"].dims == ("y", "x", "element")
    np.testing.assert_allclose(dataset["y"], [0, 10, 20])
    np.testing.assert_array_equal(dataset["intensity"], maps)


@pytest.mark.parametrize(
    ("maps", "message"),
    [
        (np.zeros((3, 4, 2)), "got ndarray"),
        (xr.Dataset({"areas": maps_of()}), r"got a Dataset of \['areas'\]"),
        (maps_of().rename(x="column"), r"expected \(y, x, element\)"),
        (maps_of()[:0], "is empty"),
        (maps_of().astype(str), "expected numbers"),
        (maps_of().drop_vars("element"), "no coordinate 'element'"),
        (maps_of(element=["Fe_K", "Fe_K"]), "two maps are called 'Fe_K'"),
    ],
)
def test_what_are_no_maps(maps, message):
    with pytest.raises(SkxrfError, match=message):
        as_map_dataset(maps)


def test_denoised_maps_are_in_the_caller_s_order_and_in_mm():
    position = ("y", 1000.0 * np.arange(30), {"units": "um"})
    maps = maps_of((30, 30, 2), y=position).transpose("element", "y", "x")
    both = xr.Dataset({"intensity": maps, "uncertainty": xr.full_like(maps, 10)})

    found = denoise_maps(both)

    assert found["intensity"].dims == ("element", "y", "x")
    assert np.isfinite(found["intensity"]).all()
    np.testing.assert_allclose(found["y"], np.arange(30))


@pytest.mark.parametrize("value", [-1.0, np.nan, np.inf])
def test_the_first_value_that_is_no_count_is_named(value):
    block = np.zeros((2, 3, 4))
    block[1, 2, 3] = value

    with pytest.raises(CountsError, match=rf"a.h5: pixel \(y=1, x=2\) holds {value} in channel 3"):
        require_counts(block, "a.h5")
    at = [range(10, 18, 4), range(5, 8), range(4)]
    with pytest.raises(CountsError, match=r"\(y=14, x=7\) .*channel 3.* Repair it\.$"):
        require_counts(block, "a.h5", at, advice="Repair it.")
    require_counts(np.abs(np.nan_to_num(block, posinf=0)), "a.h5")


def test_unsigned_counts_are_not_scanned():
    class Unread(np.ndarray):
        def min(self, *_, **__):
            pytest.fail("nothing to check")

    require_counts(np.ones((2, 2, 2), np.uint16).view(Unread), "a.h5")
