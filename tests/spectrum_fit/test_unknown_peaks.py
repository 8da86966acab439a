"""Peaks of free place and width beside the components of a fit."""

import numpy as np
import pytest

from skxrf.physics import DetectorResponse
from skxrf.spectrum_fit._least_squares import LeastSquares
from skxrf.spectrum_fit._unknown_peaks import PeakRule, UnknownPeak

EDGES = np.linspace(2.0, 8.0, 301)
DETECTOR = DetectorResponse()


def peak_on_continuum(energy, width, area, continuum=50.0):
    peaks = DETECTOR.scaled(width).peaks(np.array([energy]), np.ones(1), EDGES)
    counts = continuum + area * peaks
    flat = np.ones((EDGES.size - 1, 1))
    return LeastSquares(flat, np.array([np.inf]), counts, 1 / counts)


@pytest.mark.parametrize("width", [1.0, 1.5, 2.5])
@pytest.mark.parametrize("away", [-0.08, 0.0, 0.1])
def test_place_width_and_area_are_found_from_a_line_nearby(width, away):
    fit = peak_on_continuum(5.0, width, 4000.0)
    peak = UnknownPeak(5.0 + away, 1.0, 1000.0).fitted(fit, EDGES, DETECTOR)
    assert peak.energy == pytest.approx(5.0, abs=0.005)
    assert peak.width == pytest.approx(width, rel=0.03)
    assert peak.area == pytest.approx(4000.0, rel=0.03)


def test_a_peak_farther_away_is_not_fetched():
    peak = UnknownPeak(5.3, 1.0, 1000.0)
    assert peak.fitted(peak_on_continuum(5.0, 1.0, 4000.0), EDGES, DETECTOR).energy > 5.13


def test_derivatives_are_those_of_the_peak():
    def shape(energy, width):
        return UnknownPeak(energy, width, 1.0).shapes(EDGES, DETECTOR)[:, 0]

    _, moved, wider = UnknownPeak(5.0, 1.4, 1.0).shapes(EDGES, DETECTOR).T
    shifted = (shape(5.004, 1.4) - shape(4.996, 1.4)) / 0.008
    broad = (shape(5.0, 1.42) - shape(5.0, 1.38)) / 0.04
    np.testing.assert_allclose(moved, shifted, atol=0.01 * np.abs(shifted).max())
    np.testing.assert_allclose(wider, broad, atol=0.01 * np.abs(broad).max())


def test_an_area_is_no_larger_than_all_counts_there():
    counts = np.full(EDGES.size - 1, 10.0)
    peak = UnknownPeak(5.0, 2.0, 1.0)
    most = peak.counts_there(counts, EDGES, DETECTOR)
    assert most == pytest.approx(10 * 4 * float(DETECTOR.fwhm(5.0)) / 0.02, rel=0.05)
    assert peak.moved(np.array([1e6, 0.0, 0.0]), DETECTOR, most).area == most


def test_a_step_is_limited_and_an_area_is_positive():
    peak, line = UnknownPeak(5.0, 1.4, 100.0), float(DETECTOR.fwhm(5.0))
    near = peak.moved(np.array([200.0, 200 * 0.01, -200 * 0.03]), DETECTOR)
    assert (near.energy, near.width, near.area) == (5.01, pytest.approx(1.37), 200.0)
    for sign in (1, -1):
        far = peak.moved(np.array([200.0, sign * 200.0, sign * 2000.0]), DETECTOR)
        assert far.energy == pytest.approx(5 + sign * PeakRule.step * line)
        assert far.width == pytest.approx(
            np.clip(1.4 + sign * PeakRule.width_step, PeakRule.narrowest, PeakRule.widest)
        )
    for width, limit in ((PeakRule.widest, 1), (PeakRule.narrowest, -1)):
        moved = UnknownPeak(5.0, width, 1.0).moved(np.array([1.0, 0.0, limit]), DETECTOR)
        assert moved.width == width
    for area in (0.0, -5.0):
        gone = peak.moved(np.array([area, 1.0, 1.0]), DETECTOR)
        assert gone == UnknownPeak(5.0, 1.4, 1.0)
        assert not gone.is_seen
    assert near.is_seen
    assert peak.moved(np.array([200.0, 0.0, 0.0]), DETECTOR, 150.0).area == 150.0


def test_a_peak_comes_with_errors_of_place_and_width():
    peak, line = UnknownPeak(5.004, 1.4, 300.0), float(DETECTOR.fwhm(5.004))
    parts = list(peak.components(EDGES, DETECTOR))
    assert [part.name for part in parts] == ["peak at 5.00 keV"] * 3
    np.testing.assert_array_equal(
        np.stack([part.spectrum for part in parts]).T, peak.shapes(EDGES, DETECTOR)
    )
    sizes = (PeakRule.size, PeakRule.shift * line, PeakRule.width)
    assert [part.size for part in parts] == pytest.approx([300 * size for size in sizes])
    faint = UnknownPeak(5.0, 1.4, 0.5).components(EDGES, DETECTOR)
    assert next(faint).size == PeakRule.size


def test_peaks_within_half_a_width_are_the_same():
    peak = UnknownPeak(5.0, 1.4, 1.0)
    half = 0.7 * float(DETECTOR.fwhm(5.0))
    for away, same in ((0.0, True), (0.99, True), (1.01, False)):
        for sign in (1, -1):
            assert peak.is_at(5.0 + sign * away * half, DETECTOR) == same
