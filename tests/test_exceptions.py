import pickle

import pytest

from skxrf.exceptions import Argument, EnergyAxisError, SkxrfError


@pytest.mark.parametrize(
    ("argument", "text"),
    [
        (Argument("energy"), "energy="),
        (Argument("shape", (24, 30)), "shape=(24, 30)"),
        (Argument("restart", True), "restart=True"),
        (Argument("dataset", "a/sum"), "dataset='a/sum'"),
        (Argument("energy", placeholder="offset, gain"), "energy=(offset, gain)"),
        (Argument("energy", function="open_cube"), "open_cube(path, energy=...)"),
    ],
)
def test_an_argument_is_written_as_in_python(argument, text):
    assert str(argument) == text


def test_an_error_is_one_text_whatever_it_is_made_of():
    error = EnergyAxisError("a.h5 has no axis: pass ", Argument("energy"), ".")

    assert str(error) == "a.h5 has no axis: pass energy=."
    assert error.written(lambda argument: f"--{argument.name}") == (
        "a.h5 has no axis: pass --energy."
    )
    assert str(SkxrfError("plain {braces} %s")) == "plain {braces} %s"
    assert str(SkxrfError()) == ""


def test_an_error_passes_between_processes():
    error = pickle.loads(pickle.dumps(EnergyAxisError("pass ", Argument("shape", (2, 3)))))

    assert str(error) == "pass shape=(2, 3)"
    assert error.written(lambda argument: f"--{argument.name}") == "pass --shape"
