"""The joint fit of detectors against truth, against each detector alone and against their sum."""

import numpy as np
import pytest
import xarray as xr
from sklearn.base import clone

from skxrf import __version__
from skxrf.exceptions import SkxrfError
from skxrf.inference import fit_detectors
from skxrf.linear_model import TemplateFitRegressor
from skxrf.samples import to_samples

GROUPS = ["Ca_K", "Fe_K", "Cu_K", "Pb_L"]
FIT = TemplateFitRegressor(
    GROUPS, anode="Rh", weights="own", line_ratios="painting", nuisance="none"
)
SHARES = np.array([[0.9, 0.7, 0.5, 0.3], [0.1, 0.3, 0.5, 0.7]])


@pytest.fixture(scope="module")
def detectors(shipped_on_icon):
    """Two detectors of other axes and shares of the lines, and the true intensities."""
    rng = np.random.default_rng(0)
    total = shipped_on_icon[0][:16, :20]
    cubes = []
    truth = rng.gamma(1.5, 300, (16, 20, len(GROUPS)))
    for share, gain, background in zip(SHARES, (1.0, 1.004), (0.1, 15.0), strict=True):
        spectrum = total.sum(("y", "x")).to_numpy()[np.newaxis]
        energy = total["energy"].to_numpy()
        fitted = clone(FIT).set_params(energy=energy).fit(spectrum)
        parts = fitted.components_
        smooth = background * parts[len(GROUPS) :].mean(0) * 300
        expected = np.zeros(total.shape)
        expected[..., fitted.fitted_channels_] = (truth * share) @ parts[: len(GROUPS)] + smooth
        cubes.append(
            xr.DataArray(
                rng.poisson(expected).astype(np.uint16),
                dims=("y", "x", "energy"),
                coords={"energy": energy * gain},
            )
        )
    return cubes, truth


@pytest.fixture(scope="module")
def maps(detectors):
    return fit_detectors(detectors[0], FIT)


@pytest.fixture(scope="module")
def alone(detectors):
    return [fit_detectors([cube], FIT) for cube in detectors[0]]


def test_ratios_intensities_and_errors_are_right(detectors, maps):
    _, truth = detectors
    assert list(maps["element"].values) == GROUPS
    np.testing.assert_allclose(maps["ratio"], SHARES, atol=0.01)
    z = ((maps["intensity"] - truth) / maps["uncertainty"]).to_numpy()[truth > 200]
    assert z.std() == pytest.approx(1, abs=0.08)
    assert abs(z.mean()) < 0.15


def test_the_joint_fit_is_better_than_each_detector_and_than_their_sum(detectors, maps, alone):
    _, truth = detectors

    def error(values):
        return np.sqrt(((values - truth) ** 2).mean((0, 1)))

    values = [one["intensity"].to_numpy() for one in alone]
    joint = error(maps["intensity"].to_numpy())
    for one, share in zip(values, SHARES, strict=True):
        assert (error(one / share) > joint).all()
    assert (error(values[0] + values[1]) > joint).all()


def test_equal_detectors_are_the_same_as_their_sum(detectors, alone):
    cube, once = detectors[0][0], alone[0]
    twice = fit_detectors([cube, cube], FIT)
    np.testing.assert_allclose(twice["ratio"], 0.5, atol=1e-6)
    np.testing.assert_allclose(twice["intensity"], 2 * once["intensity"], rtol=2e-3, atol=0.5)
    np.testing.assert_allclose(
        twice["uncertainty"], np.sqrt(2) * once["uncertainty"], rtol=2e-3, atol=0.05
    )


def test_one_detector_is_the_template_fit(detectors):
    cube = detectors[0][0]
    own = clone(FIT).set_params(n_reweights=3)
    fit = clone(own).set_params(energy=cube["energy"].to_numpy())
    X = to_samples(cube).values
    areas, errors = fit.fit(X).predict(X, return_std=True)
    maps = fit_detectors([cube], own)
    for found, expected in ((maps["intensity"], areas), (maps["uncertainty"], errors)):
        flat = found.to_numpy().reshape(expected.shape)
        np.testing.assert_allclose(flat, expected, rtol=1e-4, atol=0.01)


def test_lazy_blocks_give_the_same(detectors, maps):
    cubes, _ = detectors
    lazy = [cubes[0].chunk({"y": 5, "x": 20}), cubes[1].chunk({"y": 7, "energy": 100})]
    blocks = fit_detectors(lazy, FIT)
    np.testing.assert_allclose(blocks["intensity"], maps["intensity"], rtol=1e-3, atol=0.05)


def test_line_groups_of_any_detector_are_fitted_in_all(detectors):
    cubes, _ = detectors
    maps = fit_detectors(cubes, TemplateFitRegressor(anode="Rh", weights="own"))
    assert set(GROUPS) <= set(maps["element"].values)
    assert maps["intensity"].notnull().all()


def test_what_the_maps_state(detectors, maps):
    assert maps["intensity"].dims == maps["uncertainty"].dims == ("y", "x", "element")
    assert maps["intensity"].dtype == maps["uncertainty"].dtype == np.float32
    assert maps["intensity"].attrs == maps["uncertainty"].attrs == {"units": "counts"}
    assert maps["ratio"].dims == ("detector", "element")
    assert set(maps.coords) == {"element"}
    assert maps.attrs["model"] == " ".join(repr(FIT).split())
    assert maps.attrs["history"] == f"skxrf {__version__}: joint fit of 2 detectors"


def test_positions_and_histories_of_the_cubes_are_kept(detectors):
    cubes = [cube[:2, :3] for cube in detectors[0]]
    first = cubes[0].assign_coords(y=[0.5, 1.0], live_time=(("y", "x"), np.ones((2, 3))))
    both = [first.assign_attrs(history="left"), cubes[1].assign_attrs(history="right")]
    maps = fit_detectors(both, FIT)
    assert set(maps.coords) == {"element", "y", "live_time"}
    np.testing.assert_array_equal(maps["y"], [0.5, 1.0])
    assert maps.attrs["history"].split("\n")[:2] == ["left", "right"]


def test_a_group_that_no_detector_sees_is_looked_for_in_equal_parts(detectors):
    cubes, _ = detectors
    wanted = clone(FIT).set_params(line_groups=["Pb_L", "Br_K"])
    maps = fit_detectors(cubes, wanted)
    assert maps["element"].values.tolist() == ["Pb_L", "Br_K"]
    assert maps["ratio"].sum("detector").to_numpy() == pytest.approx(1)


def test_cubes_of_other_pixels_are_refused(detectors):
    cubes, _ = detectors
    with pytest.raises(
        SkxrfError,
        match=r"has \(5, 20\) rows and columns, the first one \(16, 20\): the detectors of one scan "
        r"have the same pixels\.$",
    ):
        fit_detectors([cubes[0], cubes[1][:5]], FIT)
    with pytest.raises(
        SkxrfError, match=r"^fit_detectors takes .* one detector or more, got none\.$"
    ):
        fit_detectors([], FIT)
