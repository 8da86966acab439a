"""Methods: estimators, functions, commands; and what they may do wrong."""

import sys

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from skxrf.audit import CommandMethod
from skxrf.audit._methods import method_of, run_method
from skxrf.exceptions import SkxrfError

PROGRAM = """
import sys, h5py, numpy as np, xarray as xr
from skxrf.io import save_maps
with h5py.File(sys.argv[1]) as file:
    counts = file["counts"][...]
maps = xr.DataArray(counts[..., 100:104].astype("f4"), dims=("y", "x", "element"),
                    coords={"element": ["Ca_K", "Ti_K", "Fe_K", "Pb_L"]})
save_maps(maps, sys.argv[2])
"""


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "a program.py"
    path.write_text(PROGRAM)
    return path


def test_a_command_reads_the_cube_and_writes_maps(scene, program):
    cube = scene.cube[:3, :4]
    maps = run_method("it", CommandMethod(f"{sys.executable} '{program}' {{cube}} {{maps}}"), cube)
    np.testing.assert_array_equal(maps["intensity"], cube[..., 100:104])


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("{python} -c 'import sys; sys.exit(\"no axis\")' {cube} {maps}", "status 1: no axis"),
        ("{python} -c pass {cube} {maps}", "wrote no maps"),
        ("/no/such/program {cube} {maps}", "No such file"),
    ],
)
def test_a_command_that_fails_says_so(scene, command, words):
    method = CommandMethod(command.replace("{python}", sys.executable))
    with pytest.raises(SkxrfError, match="mine failed on a cube of 2 x 2 pixels") as raised:
        run_method("mine", method, scene.cube[:2, :2])
    assert words in str(raised.value)


def test_a_command_that_hangs_is_ended(scene):
    command = f"{sys.executable} -c 'import time; time.sleep(60)' {{cube}} {{maps}}"
    with pytest.raises(SkxrfError, match=r"longer than 0\.5 s"):
        run_method("slow", CommandMethod(command, timeout=0.5), scene.cube[:2, :2])


def test_estimators_with_and_without_errors(scene):
    X = scene.spectra
    model = Ridge().fit(X, scene.truth)
    model.line_groups_ = ["Ca_K", "Ti_K", "Fe_K", "Pb_L"]
    maps = run_method("ridge", method_of(model, scene.cube), scene.cube)
    assert list(maps) == ["intensity"]


def test_a_command_without_places_for_its_files_is_refused_before_it_runs():
    with pytest.raises(SkxrfError, match=r"lacks {maps}"):
        CommandMethod("fit {cube}")


def test_what_is_no_method_is_refused(scene):
    with pytest.raises(SkxrfError, match="a fitted estimator, a function from a cube"):
        method_of(3, scene.cube)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda maps: maps.isel(y=slice(1, None)), "of another scan, or the method crops"),
        (lambda maps: maps * np.nan, "not finite"),
        (lambda maps: 1 / 0, "ZeroDivisionError"),
    ],
)
def test_maps_that_cannot_be_judged(scene, change, words):
    with pytest.raises(SkxrfError, match=words):
        run_method("it", lambda cube: change(scene.maps(scene.truth)["intensity"]), scene.cube)
