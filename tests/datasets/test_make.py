import numpy as np
import pytest

from skxrf.datasets import DEFAULT_LINE_GROUPS, make_painting, make_spectra
from skxrf.datasets._palette import PAINTS
from skxrf.datasets._spectra import simulate_counts
from skxrf.exceptions import EnergyAxisError, LineGroupError, SkxrfError


def test_spectra_come_with_their_truth():
    X, Y = make_spectra(200, random_state=0)
    assert X.shape == (200, 1024)
    assert X.dtype == np.uint16
    assert list(Y.columns) == list(DEFAULT_LINE_GROUPS)
    assert np.all(Y.to_numpy() >= 0)
    assert Y.to_numpy().dtype == np.float32


@pytest.mark.parametrize("mean_counts", [500, 5000, 50000])
def test_the_dose_is_what_was_asked_for(mean_counts):
    X, _ = make_spectra(300, mean_counts=mean_counts, random_state=0)
    assert X.sum(axis=1).mean() == pytest.approx(mean_counts, rel=0.01)


def test_seeds_reproduce_and_differ():
    first, again = (make_painting((8, 9), random_state=3) for _ in range(2))
    other = make_painting((8, 9), random_state=4)
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert not np.array_equal(first[0], other[0])


def test_counts_are_poisson():
    # Bare ground of one thickness: all pixels have the same expectation.
    counts, _ = simulate_counts(
        np.zeros((3000, 1)),
        np.ones(3000),
        [PAINTS["azurite"]],
        0.05 + 0.1 * np.arange(256),
        ["Ca_K"],
        20000.0,
        np.random.RandomState(0),
    )
    mean, variance = counts.mean(axis=0), counts.var(axis=0, ddof=1)
    bright = mean > 5
    assert bright.sum() > 100
    # The variance of 3000 Poisson counts has a relative spread of sqrt(2 / 3000) = 2.6 %.
    assert (variance / mean)[bright] == pytest.approx(1, abs=5 * 0.026)
    assert np.mean((variance / mean)[bright]) == pytest.approx(1, abs=0.01)


def test_a_painting_follows_the_layout():
    cube, maps = make_painting((7, 11), pixel_size=0.5, random_state=0)
    assert cube.dims == ("y", "x", "energy")
    assert cube.name == "counts"
    assert cube.dtype == np.uint16
    assert maps.dims == ("y", "x", "element")
    assert maps.name == "intensity"
    assert float(cube["x"][-1]) == pytest.approx(5.0)
    assert float(cube["energy"][1]) == pytest.approx(0.025)
    assert cube.attrs["units"] == "counts"
    assert "simulated" in cube.attrs["source"]


def test_every_map_has_contrast():
    _, maps = make_painting((40, 50), random_state=2)
    spread = maps.std(("y", "x")) / maps.mean(("y", "x"))
    assert float(spread.min()) > 0.2


def test_other_line_groups_can_be_asked_for():
    _, maps = make_painting((5, 5), elements=["Zn_K", "Pb_M"], random_state=0)
    assert list(maps["element"].values) == ["Zn_K", "Pb_M"]
    with pytest.raises(LineGroupError, match="no paint of the simulation holds U_L"):
        make_painting((5, 5), elements=["U_L"])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"shape": (0, 5)}, SkxrfError, "shape"),
        ({"shape": (5,)}, SkxrfError, "shape"),
        ({"shape": (5, 5), "mean_counts": 0}, SkxrfError, "mean_counts"),
        ({"shape": (5, 5), "pixel_size": -1}, SkxrfError, "pixel_size"),
        ({"shape": (5, 5), "energy": [1.0, 2.0, 3.0]}, EnergyAxisError, "1024 channels"),
    ],
)
def test_bad_input_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        make_painting(**options)


def test_at_least_one_spectrum():
    with pytest.raises(SkxrfError, match="at least 1"):
        make_spectra(0)
