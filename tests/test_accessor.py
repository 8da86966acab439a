import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from sklearn.linear_model import Ridge

import skxrf.io  # noqa: F401 - registers the accessor
from skxrf.exceptions import SkxrfError
from skxrf.inference import predict_maps
from skxrf.plotting import ElementMapDisplay
from skxrf.samples import to_samples
from skxrf.spectra import max_spectrum, sum_spectrum


@pytest.fixture(scope="module")
def model(tiny_samples):
    X, Y = tiny_samples
    return Ridge().fit(X, Y.to_numpy())


def test_methods_do_what_the_functions_do(tiny_paintings, model):
    cube = tiny_paintings[0]["icon"]
    maps = cube.xrf.predict(model, elements=["Fe_K", "Pb_L"])
    xr.testing.assert_identical(maps, predict_maps(model, cube, elements=["Fe_K", "Pb_L"]))
    xr.testing.assert_identical(cube.xrf.sum_spectrum(), sum_spectrum(cube))
    xr.testing.assert_identical(cube.xrf.max_spectrum(), max_spectrum(cube))
    xr.testing.assert_identical(cube.xrf.to_samples(), to_samples(cube))
    pd.testing.assert_frame_equal(maps.xrf.to_samples(), to_samples(maps))


def test_maps_are_drawn_from_arrays_and_datasets(tiny_paintings):
    maps = tiny_paintings[1]["icon"]
    dataset = xr.Dataset({"intensity": maps, "uncertainty": np.sqrt(maps)})
    for drawn in (maps, dataset):
        display = drawn.xrf.plot(elements=["Pb_L"], n_columns=1)
        assert isinstance(display, ElementMapDisplay)
        assert [ax.get_title() for ax in display.axes_] == ["Pb L"]
        np.testing.assert_array_equal(display.images_[0].get_array(), maps.sel(element="Pb_L"))
        plt.close(display.figure_)


def test_what_an_array_cannot_do_is_said_by_the_function(tiny_paintings, model):
    cube, maps = tiny_paintings[0]["icon"], tiny_paintings[1]["icon"]
    with pytest.raises(SkxrfError, match=r"cube must be .* of dims \(y, x, energy\)"):
        maps.xrf.predict(model, elements=["Fe_K", "Pb_L"])
    with pytest.raises(SkxrfError, match="cube must be a DataArray"):
        maps.xrf.sum_spectrum()
    with pytest.raises(SkxrfError, match=r"expected \(y, x, element\)"):
        cube.xrf.plot()
    with pytest.raises(SkxrfError, match="got a Dataset"):
        maps.to_dataset(name="intensity").xrf.to_samples()


def test_importing_io_registers_it():
    code = (
        "import xarray as xr, skxrf.io; a = xr.DataArray([[[1]]], dims=('y', 'x', 'energy'));"
        "print(int(a.xrf.sum_spectrum()[0]), hasattr(a.to_dataset(name='counts'), 'xrf'))"
    )
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stdout) == (0, "1 True\n"), run.stderr
