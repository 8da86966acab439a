import numpy as np
import pytest

from skxrf.datasets import make_painting, make_spectra
from skxrf.exceptions import EnergyAxisError, LineGroupError, SkxrfError
from skxrf.simulation.paintings._scan import DEFAULT_LINE_GROUPS

# A quarter of the channels, of the same range: quicker where channels play no part.
COARSE = {"n_channels": 256, "energy": (0.0, 0.1)}


def test_spectra_come_with_their_truth():
    X, Y = make_spectra(200, random_state=0)
    assert X.shape == (200, 1024)
    assert X.dtype == np.uint16
    assert list(Y.columns) == list(DEFAULT_LINE_GROUPS)
    assert np.all(Y.to_numpy() >= 0)
    assert Y.to_numpy().dtype == np.float32


@pytest.mark.parametrize("mean_counts", [500, 5000, 50000])
def test_the_dose_is_what_was_asked_for(mean_counts):
    X, _ = make_spectra(300, mean_counts=mean_counts, random_state=0, **COARSE)
    assert X.sum(axis=1).mean() == pytest.approx(mean_counts, rel=0.01)


def test_seeds_reproduce_and_differ():
    first, again = (make_painting((8, 9), random_state=3, **COARSE) for _ in range(2))
    other = make_painting((8, 9), random_state=4, **COARSE)
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert not np.array_equal(first[0], other[0])


def test_a_painting_follows_the_layout():
    cube, maps = make_painting((7, 11), pixel_size=0.5, random_state=0)
    assert cube.dims == ("y", "x", "energy")
    assert cube.name == "counts"
    assert cube.dtype == np.uint16
    assert maps.dims == ("y", "x", "element")
    assert maps.name == "intensity"
    assert float(cube["x"].diff("x")[0]) == pytest.approx(0.5)
    assert float(cube["energy"][1]) == pytest.approx(0.025)
    assert cube.attrs["units"] == "counts"
    assert "simulated" in cube.attrs["source"]


def test_every_map_has_contrast():
    _, maps = make_painting((30, 40), random_state=2, **COARSE)
    spread = maps.std(("y", "x")) / maps.mean(("y", "x"))
    assert float(spread.min()) > 0.2


def test_other_line_groups_can_be_asked_for():
    _, maps = make_painting((5, 5), elements=["Ti_K", "Pb_M", "Ar_K"], random_state=0)
    assert list(maps["element"].values) == ["Ti_K", "Pb_M", "Ar_K"]
    with pytest.raises(LineGroupError, match="nothing in the simulation gives Tl_L"):
        make_painting((5, 5), elements=["Tl_L"])


def test_palettes_can_be_asked_for():
    cube, _ = make_painting((4, 5), palette="held_out_fauve", elements=["Fe_K"], random_state=0)
    assert cube.attrs["palette"] == "held_out_fauve"
    with pytest.raises(SkxrfError, match="icon_1"):
        make_painting((4, 5), palette="icon_one")


def test_doses_and_axes_may_vary():
    X, _ = make_spectra(200, mean_counts=(500, 50_000), random_state=0, **COARSE)
    totals = X.sum(axis=1)
    assert totals.min() < 1500
    assert totals.max() > 20_000
    assert np.median(totals) == pytest.approx(5000, rel=0.5)
    plain, _ = make_spectra(64, mean_counts=1e5, random_state=0, **COARSE)
    shifted, _ = make_spectra(64, mean_counts=1e5, gain_error=0.02, random_state=0, **COARSE)
    assert np.corrcoef(plain.sum(axis=0), shifted.sum(axis=0))[0, 1] < 0.99


def test_foreign_chemistry_is_outside_the_palette():
    elements = ["Sr_K", "As_K", "Ba_L", "Fe_K"]
    _, inside = make_spectra(400, elements=elements, palette="icon_1", foreign_share=0.2,
                             random_state=0)  # fmt: skip
    assert (inside["As_K"] > 100).any()


def test_threads_change_nothing():
    one, two = (make_spectra(300, n_jobs=n_jobs, random_state=1, **COARSE) for n_jobs in (1, 2))
    np.testing.assert_array_equal(one[0], two[0])
    np.testing.assert_array_equal(one[1], two[1])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"shape": (0, 5)}, SkxrfError, "shape"),
        ({"shape": (5,)}, SkxrfError, "shape"),
        ({"shape": (5, 5), "mean_counts": 0}, SkxrfError, "mean_counts"),
        ({"shape": (5, 5), "pixel_size": -1}, SkxrfError, "pixel_size"),
        ({"shape": (5, 5), "energy": [1.0, 2.0, 3.0]}, EnergyAxisError, "1024 channels"),
        ({"shape": (5, 5), "n_channels": 8}, EnergyAxisError, "too few"),
        ({"shape": (5, 5), "energy": (0.0, 10.0)}, EnergyAxisError, "Is it in eV"),
        ({"shape": (5, 5), "elements": ["Pb_K"]}, LineGroupError, r"edge at 88.* 50 kV"),
        ({"shape": (5, 5), "elements": ["Xx_K"]}, LineGroupError, "unknown line group 'Xx_K'"),
    ],
)
def test_bad_input_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        make_painting(**options)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"energy": (0.0, 1.0)}, EnergyAxisError, r"at most 0\.5 keV .* Is it in eV"),
        ({"energy": (0.0, 0.25)}, EnergyAxisError, "end at 200 keV"),
        ({"energy": (float("nan"), 0.01)}, EnergyAxisError, "nan keV"),
        ({"energy": (60.0, 0.01)}, EnergyAxisError, "contains nothing of a tube at 50 kV"),
        ({"energy": (0.0, 0.0004)}, EnergyAxisError, "expected some of 1 to 50 keV"),
        ({"n_channels": 63}, EnergyAxisError, "63 channels are too few .* at least 64"),
        ({"elements": "Fe_K"}, LineGroupError, "a sequence of different line groups"),
        ({"elements": ["Fe_K", "Fe_K"]}, LineGroupError, "different line groups"),
        ({"elements": ["Pb_K"]}, LineGroupError, r"edge at 88\.00 keV .* tube at 50 kV"),
        ({"elements": ["Sn_K"]}, LineGroupError, r"Sn_K .* at 25\.27 keV, outside the axis"),
        ({"elements": ["Tl_L"], "palette": "icon_1"}, LineGroupError, "choose from Ag_K"),
        ({"palette": "icon_one"}, SkxrfError, "did you mean .*icon_1"),
        ({"mean_counts": (500, 10)}, SkxrfError, "a least and a greatest"),
        ({"mean_counts": float("inf")}, SkxrfError, "mean_counts"),
        ({"n_jobs": 0}, SkxrfError, "n_jobs"),
    ],
)
def test_bad_input_of_make_spectra_is_refused(options, error, message):
    if options.get("elements") == ["Sn_K"]:
        options = {**options, "energy": (0.0, 0.02)}
    with pytest.raises(error, match=message):
        make_spectra(2, random_state=0, **options)


def test_an_axis_may_end_above_the_tube_voltage():
    X, _ = make_spectra(2, energy=(0.0, 0.06), random_state=0)
    assert X[:, int(50.5 / 0.06) :].sum() == 0 < X.sum()


def test_at_least_one_spectrum():
    with pytest.raises(SkxrfError, match="at least 1"):
        make_spectra(0)
