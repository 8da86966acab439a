"""Novelty is nothing but noise for what the model knows, and the painting says what is unfamiliar."""

import re
from dataclasses import replace

import numpy as np
import pytest

from skxrf.datasets import make_painting
from skxrf.physics import line_group
from skxrf.pretrained import load_pretrained
from skxrf.pretrained._diagnostics import TrainingRange
from skxrf.pretrained.training._instruments import random_instrument
from skxrf.simulation import Instrument, simulate_painting

SCANNER = Instrument.m6_jetstream().with_axis(-0.9555, 0.02, 2048)


@pytest.mark.parametrize("dose", [0.1, 1.0])
def test_known_paints_have_none_at_any_dose(spectra, model, dose):
    X = spectra
    if dose < 1:
        X = np.random.default_rng(0).binomial(spectra, dose).astype(spectra.dtype)
        model = load_pretrained().bind(X, model.energy_)
    novelty = model.novelty(X)
    assert abs(np.median(novelty)) < 0.5
    assert 0.6 < novelty.std() < 1.6
    assert (novelty > 5).mean() < 0.02
    assert model.painting_.unfamiliar == []


def test_an_axis_that_splits_channels_makes_none():
    # Rebinned counts are correlated and vary less than Poisson counts do.
    cube, _ = make_painting(
        (24, 24), mean_counts=2000, energy=(0.0, 0.035), n_channels=900, random_state=1
    )
    X = cube.to_numpy().reshape(-1, cube.sizes["energy"])
    model = load_pretrained().bind(X, cube["energy"].to_numpy())
    assert abs(np.median(model.novelty(X))) < 0.5


def test_lines_that_no_component_explains_stand_far_out(painting, spectra):
    cube, _ = painting
    energy = cube["energy"].to_numpy()
    edges = np.append(energy, 2 * energy[-1] - energy[-2])
    rng, X = np.random.default_rng(2), spectra.astype(np.int64)
    places = {"Ru_K": slice(0, 40), "Gd_L": slice(40, 80), "Ta_L": slice(80, 120)}
    for name, rows in places.items():
        template = 500 * SCANNER.detector.template(line_group(name), edges)
        X[rows] += rng.poisson(template, (40, template.size))
    # A reflection in the place of La L-alpha, without the other lines of lanthanum.
    alone = 500 * SCANNER.detector.peaks(np.array([4.651]), np.array([1.0]), edges)
    X[120:160] += rng.poisson(alone, (40, alone.size))
    model = load_pretrained().bind(X, energy)
    novelty, predicted = model.novelty(X), model.predict(X)
    assert (novelty[160:] > 5).mean() < 0.02
    assert {one["line_group"]: one["answer"] for one in model.evidence_}["La_L"] != "present"
    unfamiliar = model.painting_.unfamiliar
    shares = [re.match(r"(\d+) % of the spectra", one) for one in unfamiliar]
    assert [12 < int(match[1]) < 17 for match in shares if match] == [True]
    for name, rows in places.items():
        assert np.percentile(novelty[rows], 5) > 8
        if name != "Ru_K":  # beside the tube's scattered lines
            assert any("the spectra show" in one and name in one for one in unfamiliar)
        # Measured by the template fit, in the same output.
        measured = predicted[:, model.line_groups_.index(name)]
        assert np.median(measured[rows]) == pytest.approx(500, rel=0.15)
        assert np.median(measured[160:]) < 15


def test_a_detector_of_unfamiliar_resolution_is_named():
    scanner = SCANNER.with_axis(0.0, 0.03, 1024)
    wide = replace(scanner, detector=replace(scanner.detector, noise=0.2))
    cube, _ = simulate_painting(shape=(20, 20), instrument=wide, random_state=2)
    X = cube.to_numpy().reshape(-1, cube.sizes["energy"])
    reasons = load_pretrained().bind(X, cube["energy"].to_numpy()).painting_.unfamiliar
    assert any("eV wide at 5.9 keV" in reason for reason in reasons)


def test_a_short_axis_is_named(painting, spectra):
    energy = painting[0]["energy"].to_numpy()
    short = slice(0, int(np.searchsorted(energy, 15.0)))
    reasons = load_pretrained().bind(spectra[:, short], energy[short]).painting_.unfamiliar
    assert any("to 15.0 keV" in reason for reason in reasons)


def test_the_training_is_as_described():
    rng = np.random.default_rng(0)
    drawn = [random_instrument(rng, offset=0.0, gain=0.02, n_channels=64) for _ in range(400)]
    assert {one.anode for one in drawn} == set(TrainingRange().anodes)
    widths = [float(one.detector.fwhm(5.895)) for one in drawn]
    assert min(widths) == pytest.approx(TrainingRange().widths[0], abs=0.003)
    assert max(widths) == pytest.approx(TrainingRange().widths[1], abs=0.003)
