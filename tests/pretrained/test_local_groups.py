"""Line groups of a few pixels: found where they are, and nowhere else."""

from dataclasses import replace

import numpy as np
import pytest

from skxrf.physics import DetectorResponse, line_group
from skxrf.pretrained import load_pretrained
from skxrf.pretrained._axis import LINE_GROUPS
from skxrf.simulation import Instrument, simulate_painting
from skxrf.utils.energy import bin_edges

N_PIXELS, NET_COUNTS = 12, 150


def retouched(spectra, energy, name, *, seed=0, net_counts=NET_COUNTS):
    """Spectra with net counts of a line group added to a few of them, and which these are."""
    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(spectra), N_PIXELS, replace=False)
    template = DetectorResponse().template(line_group(name), bin_edges(energy))
    more = spectra.copy()
    more[chosen] += rng.poisson(net_counts * template, (N_PIXELS, template.size)).astype(more.dtype)
    return more, chosen


@pytest.mark.parametrize("name", ["V_K", "Br_K", "Cd_K", "Bi_L"])
def test_what_a_few_pixels_hold_is_found_and_measured(spectra, model, name):
    more, chosen = retouched(spectra, model.energy_, name)
    own = load_pretrained().bind(more, model.energy_)
    assert name not in model.painting_.template_fit.fitted_groups_
    assert name in own.painting_.template_fit.fitted_groups_
    values, errors = own.predict(more, return_std=True)
    j = LINE_GROUPS.index(name)
    assert values[chosen, j].mean() == pytest.approx(NET_COUNTS, rel=0.15)
    assert np.median(errors[chosen, j]) < 0.3 * NET_COUNTS
    others = np.setdiff1d(np.arange(len(more)), chosen)
    assert (values[others, j] > 3 * errors[others, j]).mean() < 0.01
    assert name in own.detected(values, errors)


def test_two_pixels_are_not_enough(spectra, model):
    more, chosen = retouched(spectra, model.energy_, "Br_K")
    kept = np.setdiff1d(np.arange(len(more)), chosen[2:])
    own = load_pretrained().bind(more[kept], model.energy_)
    assert "Br_K" not in own.painting_.template_fit.fitted_groups_


@pytest.mark.parametrize("seed", range(3))
def test_noise_is_taken_for_nothing(spectra, model, seed):
    expected = spectra.mean(axis=0)
    drawn = np.random.default_rng(seed).poisson(expected, spectra.shape).astype(np.uint16)
    fit = load_pretrained().bind(drawn, model.energy_).painting_.template_fit
    assert set(fit.fitted_groups_) <= set(model.painting_.template_fit.fitted_groups_)


def test_a_strange_element_is_fitted_but_stays_strange(spectra, model):
    # The model has no map of gadolinium, whose lines lie beside those of manganese and iron: an
    # uncommon element, which 150 counts show in every second painting only.
    more, chosen = retouched(spectra, model.energy_, "Gd_L", net_counts=200)
    own = load_pretrained().bind(more, model.energy_)
    assert "Gd_L" in own.painting_.template_fit.fitted_groups_
    j = LINE_GROUPS.index("Mn_K")
    moved = own.predict(more)[chosen, j] - model.predict(spectra)[chosen, j]
    assert abs(moved.mean()) < 0.05 * NET_COUNTS
    assert np.median(own.novelty(more)[chosen]) > 5


def test_scattered_lines_of_tungsten_are_no_strange_element():
    scanner = replace(Instrument.m6_jetstream(), anode="W").with_axis(0.0, 0.03, 1024)
    cube, maps = simulate_painting(
        "byzantine_tempera", shape=(40, 36), instrument=scanner, mean_counts=20_000, random_state=8
    )
    X = cube.to_numpy().reshape(-1, cube.sizes["energy"])
    model = load_pretrained().bind(X, cube["energy"].to_numpy())
    fit = model.painting_.template_fit
    assert fit.anode == "W"
    assert not {"W_L", "Hf_L", "Ta_L", "Re_L"} & set(fit.fitted_groups_)
    assert np.median(model.novelty(X)) < 1.5
    truth = maps.sel(element="Pb_L").to_numpy().ravel()
    error = model.predict(X)[:, LINE_GROUPS.index("Pb_L")] - truth
    assert abs(error.mean()) < 0.02 * truth.mean()
