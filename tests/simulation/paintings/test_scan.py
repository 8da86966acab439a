"""Scans of whole paintings: doses, blocks, seeds, the file that the command writes."""

import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks.icon_counts import REFERENCE, SEED, icon_means
from skxrf.cli._main import cli
from skxrf.exceptions import SkxrfError
from skxrf.io import open_cube, open_maps
from skxrf.simulation import Instrument, simulate_painting
from skxrf.simulation.paintings._scan import painting_scan

SCANNER = Instrument.m6_jetstream().with_axis(0.0, 0.04, 512)
OPTIONS = {"shape": (12, 15), "instrument": SCANNER, "elements": ["Ca_K", "Fe_K", "Pb_L"]}


def test_the_mean_dose_is_what_was_asked_for():
    cube, _ = simulate_painting("icon_1", mean_counts=2000, random_state=0, **OPTIONS)
    assert float(cube.sum("energy").mean()) == pytest.approx(2000, rel=0.02)
    assert float(cube.sum("energy").std()) > 50  # paints scatter and absorb


def test_sizes_follow_the_painting_and_the_step():
    scan = painting_scan("icon_test", pixel_size=20.0, instrument=SCANNER, random_state=0)
    assert scan.plan.shape == (18, 14)  # 364 x 274 mm
    assert scan.plan.y[1] - scan.plan.y[0] == pytest.approx(20.0)


def test_truth_and_counts_belong_together():
    cube, maps = simulate_painting("icon_1", mean_counts=1e5, random_state=0, **OPTIONS)
    iron = (cube["energy"] > 6.2) & (cube["energy"] < 6.6)
    window = cube[..., iron].sum("energy").to_numpy().ravel()
    assert np.corrcoef(window, maps.sel(element="Fe_K").to_numpy().ravel())[0, 1] > 0.99


def test_the_test_icon_counts_what_real_icons_do():
    scanner = Instrument.m6_jetstream().with_axis(-0.9555, 0.04, 1024)
    means = icon_means("icon_test", SEED, scanner, step=8.0)
    assert set(means) == set(REFERENCE)
    for group, counts in REFERENCE.items():
        assert counts / 1.3 < means[group] < 1.3 * counts, group


def test_chosen_pixels_are_those_of_the_whole_scan():
    scan = painting_scan("icon_2", random_state=3, **OPTIONS)
    whole = np.concatenate([intensities for _, _, intensities in scan.blocks()])
    chosen = np.array([0, 7, 20, 21, 179])
    counts, intensities = scan.pixels(chosen)
    np.testing.assert_allclose(intensities, whole.reshape(180, -1)[chosen], rtol=1e-5)
    assert counts.shape == (5, 512)
    assert int(counts.sum()) == pytest.approx(25_000, rel=0.3)


def test_seeds_and_threads():
    one = simulate_painting("icon_2", random_state=3, **OPTIONS)
    two = simulate_painting("icon_2", random_state=3, n_jobs=2, **OPTIONS)
    other = simulate_painting("icon_2", random_state=4, **OPTIONS)
    np.testing.assert_array_equal(one[0], two[0])
    np.testing.assert_array_equal(one[1], two[1])
    assert not np.array_equal(one[0], other[0])


@pytest.mark.parametrize(
    "options",
    [
        *({"mean_counts": 0}, {"mean_counts": np.inf}, {"pixel_size": -1}, {"palette": "icon"}),
        *({"shape": 5}, {"shape": (5, 0)}, {"elements": ["Pb_K"]}, {"elements": ["Ag_K"]}),
    ],
)
def test_bad_input_is_refused(options):
    with pytest.raises(SkxrfError):
        simulate_painting(**{**OPTIONS, **options})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--energy", "0,10"], "Is it in eV"),
        (["--energy", "ten"], "--energy ten: expected OFFSET,GAIN"),
        (["--palette", "icon_9"], "did you mean"),
        (["--elements", "Pb_K"], "cannot be excited"),
    ],
)
def test_the_command_refuses_bad_input(tmp_path, options, words):
    output = ["-o", str(tmp_path / "icon.h5"), "--shape", "4", "4", "--quiet"]
    done = CliRunner().invoke(cli, ["simulate", *output, *options])
    assert done.exit_code != 0
    assert words in done.output + str(done.exception)
    assert not list(tmp_path.iterdir())


def test_the_command_writes_cube_and_truth(tmp_path):
    command = [sys.executable, "-m", "skxrf", "simulate", "-o", str(tmp_path / "icon.h5")]
    command += ["--shape", "6", "7", "--channels", "512", "--energy", "0,0.04", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "True maps" in done.stdout
    cube, truth = open_cube(tmp_path / "icon.h5"), open_maps(tmp_path / "icon.truth.nc")
    assert cube.shape == (6, 7, 512)
    assert truth.sizes["element"] == 11
    np.testing.assert_allclose(cube["y"], truth["y"])
