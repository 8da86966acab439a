"""Line groups of a few pixels: found where they are, and nowhere else."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from skxrf.physics import DetectorResponse, line_group
from skxrf.pretrained import load_pretrained
from skxrf.pretrained._axis import LINE_GROUPS
from skxrf.simulation import Instrument, simulate_painting
from skxrf.utils.energy import bin_edges

# Net counts in each of a group's pixels. The model has no map of gadolinium, whose lines lie beside
# those of manganese and iron: an uncommon element, which 150 counts show in every second painting.
RETOUCHES = {"V_K": 150, "Br_K": 150, "Cd_K": 150, "Bi_L": 150, "Gd_L": 200}
MAPPED = [name for name in RETOUCHES if name in LINE_GROUPS]


@dataclass
class Retouched:
    """A painting with retouches: spectra, pixels of each line group, the model bound to it."""

    spectra: np.ndarray
    pixels: dict
    model: object


def retouched(spectra, energy, net_counts, n_pixels=12, seed=0):
    """Spectra with net counts of line groups added to a few of them, and which these are."""
    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(spectra), (len(net_counts), n_pixels), replace=False)
    more = spectra.copy()
    for (name, counts), rows in zip(net_counts.items(), chosen, strict=True):
        template = DetectorResponse().template(line_group(name), bin_edges(energy))
        more[rows] += rng.poisson(counts * template, (n_pixels, template.size)).astype(more.dtype)
    return Retouched(
        more, dict(zip(net_counts, chosen, strict=True)), load_pretrained().bind(more, energy)
    )


@pytest.fixture(scope="module")
def painting_with_retouches(spectra, model):
    return retouched(spectra, model.energy_, RETOUCHES)


@pytest.mark.parametrize("name", MAPPED)
def test_what_a_few_pixels_hold_is_found_and_measured(painting_with_retouches, model, name):
    found = painting_with_retouches
    chosen = found.pixels[name]
    assert name not in model.painting_.template_fit.fitted_groups_
    assert name in found.model.painting_.template_fit.fitted_groups_
    values, errors = found.model.predict(found.spectra, return_std=True)
    j = LINE_GROUPS.index(name)
    assert values[chosen, j].mean() == pytest.approx(RETOUCHES[name], rel=0.15)
    assert np.median(errors[chosen, j]) < 0.3 * RETOUCHES[name]
    others = np.setdiff1d(np.arange(len(values)), chosen)
    assert (values[others, j] > 3 * errors[others, j]).mean() < 0.01
    assert name in found.model.detected(values, errors)


def test_two_pixels_are_not_enough(spectra, model):
    found = retouched(spectra, model.energy_, dict.fromkeys(MAPPED, 150), n_pixels=2)
    assert not set(MAPPED) & set(found.model.painting_.template_fit.fitted_groups_)


def test_noise_is_taken_for_nothing(spectra, model):
    expected = spectra.mean(axis=0)
    drawn = np.random.default_rng(0).poisson(expected, spectra.shape).astype(np.uint16)
    fit = load_pretrained().bind(drawn, model.energy_).painting_.template_fit
    assert set(fit.fitted_groups_) <= set(model.painting_.template_fit.fitted_groups_)


def test_a_strange_element_is_fitted_but_stays_strange(painting_with_retouches, spectra, model):
    found, own = painting_with_retouches, painting_with_retouches.model
    assert "Gd_L" in own.painting_.template_fit.fitted_groups_
    chosen, j = found.pixels["Gd_L"], LINE_GROUPS.index("Mn_K")
    moved = own.predict(found.spectra)[chosen, j] - model.predict(spectra)[chosen, j]
    assert abs(moved.mean()) < 0.05 * RETOUCHES["V_K"]
    assert np.median(own.novelty(found.spectra)[chosen]) > 5


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
