"""Denoised maps: less noise, no less detail, and errors that are what they say."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from skxrf.exceptions import SkxrfError
from skxrf.postprocessing import denoise_maps

ELEMENTS = ["S_K", "Ca_K", "Fe_K", "Cu_K", "Hg_L", "Pb_L"]
DIMS = ("y", "x", "element")


def as_maps(intensity, uncertainty, **coords):
    intensity, uncertainty = np.broadcast_arrays(intensity, uncertainty)
    elements = ELEMENTS[: intensity.shape[2]]
    return xr.Dataset(
        {"intensity": (DIMS, intensity.copy()), "uncertainty": (DIMS, uncertainty.copy())},
        coords={"element": elements, **coords},
    )


def noisy(truth, seed):
    """Maps with Poisson noise, and the errors that the counts themselves claim."""
    counts = np.random.default_rng(seed).poisson(truth).astype(float)
    return as_maps(counts, np.sqrt(np.maximum(counts, 1)))


def flat_truth(shape=(60, 70)):
    return np.broadcast_to(np.array([20.0, 60.0, 400.0, 900.0, 150.0, 700.0]), (*shape, 6))


def painted_truth(shape=(64, 72)):
    """Two paints with an edge between them, over a ground, both of smoothly varying thickness."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    first = (np.hypot(y - 30, x - 40) < 20) * (1 + 0.3 * np.sin(y / 9) * np.cos(x / 11))
    second = 1 + 0.2 * np.sin(x / 13 + y / 17)
    paints = np.array([[60.0, 5, 20, 10, 500, 30], [5.0, 90, 300, 700, 5, 400]])
    return first[..., None] * paints[0] + second[..., None] * paints[1] + 10


def rms(values):
    return np.sqrt((np.asarray(values) ** 2).mean(axis=(0, 1)))


def three_fields(truth):
    fields = [noisy(truth, seed) for seed in range(3)]
    return [(truth, maps, denoise_maps(maps, systematic=0)) for maps in fields]


@pytest.fixture(scope="module")
def flat():
    """Truth, noisy maps whose errors are all noise, denoised maps; three independent fields."""
    return three_fields(flat_truth())


@pytest.fixture(scope="module")
def painted():
    return three_fields(painted_truth())


def test_flat_maps_gain_most(flat, painted):
    def gain(fields):
        return np.mean(
            [rms(new["intensity"] - t) / rms(old["intensity"] - t) for t, old, new in fields], 0
        )

    assert np.all(gain(flat) < 0.2)
    assert np.all(gain(painted) < 0.75)
    assert np.all(gain(flat) < gain(painted))


def test_the_mean_of_flat_poisson_maps_stays(flat):
    # Weights of the claimed errors themselves would favour low counts: -5 % for 20 counts.
    change = np.mean(
        [
            new["intensity"].mean(("y", "x")) / old["intensity"].mean(("y", "x"))
            for _, old, new in flat
        ],
        axis=0,
    )
    np.testing.assert_allclose(change, 1, atol=0.005)


def test_errors_are_what_they_say_where_the_truth_is_smooth(painted):
    y, x = np.mgrid[:64, :72]
    smooth = np.abs(np.hypot(y - 30, x - 40) - 20) > 3
    off = np.stack(
        [(abs(new["intensity"] - t) / new["uncertainty"]).to_numpy() for t, _, new in painted]
    )
    assert (off[:, smooth] <= 1).mean() == pytest.approx(0.68, abs=0.05)
    assert (off[:, smooth] <= 2).mean() == pytest.approx(0.95, abs=0.02)


def test_errors_claimed_too_large_in_most_pixels_do_not_wash_maps_out():
    # As models claim them: three to five times the noise in most pixels of any intensity.
    texture = 1 + 0.25 * np.random.default_rng(1).standard_normal((64, 72, 1)).clip(-2.8)
    truth = painted_truth() * texture
    maps = noisy(truth, 2)
    claimed = np.random.default_rng(3).uniform(3, 5, truth.shape)
    claimed[np.random.default_rng(4).random(truth.shape) < 0.15] = 1.0
    doubtful = maps.assign(uncertainty=maps["uncertainty"] * claimed)
    before = rms(maps["intensity"] - truth)
    assert np.all(rms(denoise_maps(maps)["intensity"] - truth) < 0.85 * before)
    assert np.all(rms(denoise_maps(doubtful)["intensity"] - truth) < 0.85 * before)


def test_errors_of_flat_maps_are_not_too_small_and_small_against_those_before(flat):
    # Four thousand pixels cannot tell a paint that varies by a tenth of the noise from an even
    # one, so the errors of even ones are claimed for somewhat more than they are.
    off = np.stack(
        [abs((new["intensity"] - t) / new["uncertainty"]).to_numpy() for t, _, new in flat]
    )
    assert (off <= 1).mean() > 0.65
    assert (off <= 2).mean() > 0.94
    for _, old, new in flat:
        share = (new["uncertainty"] / old["uncertainty"]).median(("y", "x"))
        assert np.all(share < 0.2)


def test_what_is_common_to_the_pixels_of_a_paint_stays_in_the_errors():
    # Templates that are off by up to a third of the noise, the same way in all pixels of a paint.
    truth = painted_truth()
    inside = np.hypot(*(np.mgrid[:64, :72] - np.array([30, 40])[:, None, None])) < 20
    maps = noisy(truth, 12)
    share = np.array([-0.35, -0.2, -0.05, 0.05, 0.2, 0.35])
    bias = np.where(inside[..., None], share, share[::-1]) * np.sqrt(truth)
    wrong = maps.assign(intensity=maps["intensity"] + bias)
    rms_of = {}
    for systematic in (0, 0.25):
        better = denoise_maps(wrong, systematic=systematic)
        z = ((better["intensity"] - truth) / better["uncertainty"]).to_numpy()
        rms_of[systematic] = np.sqrt((z**2).mean())
    assert 0.8 < rms_of[0.25] < 1.25 < rms_of[0]
    assert np.all(better["uncertainty"] >= 0.249 * maps["uncertainty"])


@pytest.mark.parametrize("element", [0, 2, 5])
def test_a_line_and_a_speckle_of_five_errors_survive(element):
    truth = np.array(flat_truth((41, 41)))
    error = np.sqrt(truth)
    contrast, ground = 5 * error[0, 0, element], truth[0, 0, element]
    speckles, line = [(6, 6), (6, 33), (33, 6), (33, 33)], (slice(None), 20)
    for place in (*speckles, line):
        truth[*place, element] = ground + contrast
    speckle, stroke = [], []
    for seed in range(8):
        noise = np.random.default_rng(seed).standard_normal(truth.shape)
        better = denoise_maps(as_maps(truth + noise * error, error))["intensity"].to_numpy()
        speckle += [better[*place, element] for place in speckles]
        stroke.append(better[*line, element].mean())
    assert (np.mean(speckle) - ground) / contrast >= 0.9
    assert (np.mean(stroke) - ground) / contrast >= 0.9


def test_a_sharp_edge_of_one_element_stays_sharp():
    truth = np.array(flat_truth((40, 40)))
    truth[:, 20:, 3] += 8 * np.sqrt(900)
    better = denoise_maps(noisy(truth, 5))["intensity"].to_numpy()[..., 3].mean(axis=0)
    assert better[20] - better[19] > 0.95 * 8 * np.sqrt(900)


def test_bright_elements_show_where_dim_ones_change():
    # The dim element changes with the bright one; alone, it cannot tell where.
    truth = np.array(flat_truth((50, 60)))[..., :4]
    inside = np.hypot(*(np.mgrid[:50, :60] - np.array([25, 30])[:, None, None])) < 9
    truth[inside, 0] += 8
    truth[inside, 3] += 600
    maps = noisy(truth, 6)
    with_bright = denoise_maps(maps)["intensity"].sel(element="S_K")
    alone = denoise_maps(maps.sel(element=["S_K"]))["intensity"].sel(element="S_K")
    assert rms(with_bright - truth[..., 0]) < 0.75 * rms(alone - truth[..., 0])


def test_absent_elements_neither_disturb_nor_suffer():
    truth = painted_truth()
    maps = noisy(truth, 12)
    alone = denoise_maps(maps)
    # Zero in most pixels, some noise in the others, and errors claimed far larger than that.
    nothing = np.random.default_rng(13).normal(-0.5, 1, (*truth.shape[:2], 20)).clip(0)
    names = [f"absent_{k}" for k in range(20)]
    absent = as_maps(nothing[..., :1], 5.0).isel(element=np.zeros(20, int))
    absent["intensity"][:] = nothing
    better = denoise_maps(xr.concat([maps, absent.assign_coords(element=names)], "element"))
    assert np.all(rms(better["intensity"].sel(element=names)) < 0.75 * rms(nothing))
    there = better.sel(element=ELEMENTS)
    assert np.all(rms(there["intensity"] - truth) < 1.03 * rms(alone["intensity"] - truth))


@pytest.mark.parametrize("side", [1, 2, 4])
def test_a_map_of_edges_gets_no_worse(side):
    # Tiles of nine paints at random: every pixel, or every other one, is at an edge.
    rng = np.random.default_rng(side)
    paints = rng.lognormal(0, 1, (9, 6)) * (rng.random((9, 6)) < 0.5) * 300 + 10
    tiles = rng.integers(0, 9, (60 // side, 64 // side))
    truth = paints[np.kron(tiles, np.ones((side, side), int))]
    maps = noisy(truth, 14)
    better = denoise_maps(maps)
    assert np.all(rms(better["intensity"] - truth) < 1.02 * rms(maps["intensity"] - truth))


def test_missing_pixels_are_left_out():
    maps = noisy(painted_truth((30, 32)), 7)
    maps["intensity"][4:8, 5:9, 2] = np.nan
    maps["uncertainty"][20, 3] = np.nan
    hole = np.isnan(maps["intensity"] + maps["uncertainty"]).any("element").to_numpy()
    better = denoise_maps(maps)
    for name in ("intensity", "uncertainty"):
        np.testing.assert_array_equal(better[name].to_numpy()[hole], maps[name].to_numpy()[hole])
        assert np.isfinite(better[name].to_numpy()[~hole]).all()
    # What stands in a pixel that is left out anyway has no influence.
    maps["intensity"][4:8, 5:9, 3] = 1e6
    again = denoise_maps(maps)["intensity"].to_numpy()[~hole]
    np.testing.assert_array_equal(again, better["intensity"].to_numpy()[~hole])


def test_elements_without_values_or_without_errors_pass_through():
    maps = noisy(painted_truth((20, 22)), 8)
    maps["intensity"][..., 1] = np.nan
    maps["uncertainty"][..., 4] = 0
    better = denoise_maps(maps)
    rest = [0, 2, 3, 5]
    xr.testing.assert_equal(
        better["intensity"].isel(element=[1, 4]), maps["intensity"].isel(element=[1, 4])
    )
    without = denoise_maps(maps.isel(element=rest))
    xr.testing.assert_allclose(better.isel(element=rest), without)


def test_layout_labels_and_dtype_are_kept_and_the_input_is_not_changed():
    maps = noisy(painted_truth((18, 21)), 9).astype(np.float32)
    maps = maps.assign_coords(y=("y", 0.5 * np.arange(18), {"units": "mm"}))
    maps["dead_time"] = (("y", "x"), np.ones((18, 21)))
    maps = maps.transpose("element", "x", "y").assign_attrs(history="before", painting="icon")
    maps["intensity"].attrs["units"] = "counts"
    before = maps.copy(deep=True)
    better = denoise_maps(maps, radius=4)
    xr.testing.assert_identical(maps, before)
    assert better["intensity"].dims == maps["intensity"].dims
    assert better["intensity"].dtype == better["uncertainty"].dtype == np.float32
    xr.testing.assert_identical(better.drop_vars(["intensity", "uncertainty"]).drop_attrs(),
                                maps.drop_vars(["intensity", "uncertainty"]).drop_attrs())  # fmt: skip
    assert better.attrs["painting"] == "icon"
    assert better["intensity"].attrs["units"] == "counts"
    first, last = better.attrs["history"].splitlines()
    assert first == "before"
    assert "denoise_maps(radius=4" in last
    plain = denoise_maps(maps.transpose("y", "x", "element"), radius=4)
    xr.testing.assert_allclose(better.transpose("y", "x", "element"), plain)


@settings(max_examples=15)
@given(
    shape=st.tuples(st.integers(1, 12), st.integers(1, 12), st.integers(1, 6)),
    factor=st.floats(1e-3, 1e6),
    shift=st.floats(-1e3, 1e3),
    seed=st.integers(0, 1000),
)
def test_units_do_not_matter_and_errors_never_grow_much(shape, factor, shift, seed):
    rng = np.random.default_rng(seed)
    error = rng.uniform(1, 3, shape)
    maps = as_maps(shift + rng.normal(0, 5, shape), error)
    better = denoise_maps(maps)
    assert np.isfinite(better["intensity"]).all()
    assert np.all(better["uncertainty"] <= 3.001)
    scaled = denoise_maps(maps * factor)
    np.testing.assert_allclose(
        scaled["intensity"] / factor, better["intensity"], rtol=1e-6, atol=1e-5 * (1 + abs(shift))
    )


def test_blocks_of_rows_do_not_show(monkeypatch):
    maps = noisy(painted_truth((40, 30)), 10)
    whole = denoise_maps(maps)
    monkeypatch.setattr("skxrf.postprocessing._denoise_maps._BATCH", 7)
    xr.testing.assert_allclose(denoise_maps(maps), whole, rtol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda maps: maps["intensity"], "return_std=True"),
        (lambda maps: maps.drop_vars("uncertainty"), "return_std=True"),
        (lambda maps: maps.isel(y=0), r"\(y, x, element\)"),
        (lambda maps: maps.astype(int), "expected floats"),
        (lambda maps: maps.assign(uncertainty=-maps["uncertainty"]), "not negative"),
        (lambda maps: maps.assign(intensity=maps["intensity"] + np.inf), "finite"),
    ],
    ids=["array", "no errors", "dims", "dtype", "negative errors", "infinite"],
)
def test_what_is_no_maps_with_errors_is_refused(change, message):
    with pytest.raises(SkxrfError, match=message):
        denoise_maps(change(noisy(flat_truth((4, 5)), 0)))


@pytest.mark.parametrize(
    "parameter",
    [{"radius": 0}, {"radius": 1.5}, {"systematic": -0.1}, {"outlying": np.nan}],
)
def test_bad_parameters_are_refused(parameter):
    with pytest.raises(SkxrfError, match=next(iter(parameter))):
        denoise_maps(noisy(flat_truth((4, 5)), 0), **parameter)
