"""The renderer of peaks: what it must conserve whatever the lines and bins."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import voigt_profile

from skxrf.physics._detector import shelf_cumulative
from skxrf.physics._peaks import PeakChange, render_changes, render_peaks

EDGES = np.arange(-3, 41, 0.02)


@given(
    energy=st.floats(2, 30),
    sigma=st.floats(0.03, 0.3),
    tail=st.floats(0, 0.2),
    slope=st.floats(1e-3, 0.3),
)
def test_peak_and_tail_hold_their_counts_and_their_mean(energy, sigma, tail, slope):
    line = np.array([energy])
    peak = render_peaks(
        EDGES, line, np.ones(1), np.array([sigma]), tails=np.array([tail]), tail_slope=slope
    )[0]
    assert np.all(peak >= 0)
    assert peak.sum() == pytest.approx(1 + tail, rel=1e-5)
    centers = (EDGES[1:] + EDGES[:-1]) / 2
    assert peak @ centers / peak.sum() == pytest.approx(
        energy - slope * tail / (1 + tail), abs=1e-4
    )


def test_lines_are_added_to_their_columns():
    energies, sigmas = np.array([3.0, 6.0, 9.0]), np.array([0.05, 0.06, 0.5])
    columns = np.array([1, 0, 1])
    both = render_peaks(EDGES, energies, np.ones(3), sigmas, columns=columns, n_columns=2)
    alone = [
        render_peaks(EDGES, energies[i : i + 1], np.ones(1), sigmas[i : i + 1])[0] for i in range(3)
    ]
    np.testing.assert_allclose(both, [alone[1], alone[0] + alone[2]], atol=1e-9)


def test_counts_beyond_the_axis_are_lost_not_moved():
    edges = np.arange(5, 10, 0.02)
    lines = np.array([4.99, 20.0, 9.98])
    spectrum = render_peaks(edges, lines, np.ones(3), np.full(3, 0.05))[0]
    whole = render_peaks(EDGES, lines, np.ones(3), np.full(3, 0.05))[0]
    inside = (EDGES[:-1] > 4.99) & (EDGES[1:] < 9.99)
    np.testing.assert_allclose(spectrum[: inside.sum()], whole[inside], atol=1e-9)


def test_a_narrow_peak_with_a_short_tail_is_finite():
    peak = render_peaks(
        EDGES,
        np.array([10.0]),
        np.ones(1),
        np.array([0.2]),
        tails=np.array([0.1]),
        tail_slope=1e-5,
    )
    assert peak.sum() == pytest.approx(1.1, rel=1e-6)


def test_a_shelf_is_flat_from_zero_to_its_line():
    shelf = shelf_cumulative(EDGES, np.array([8.0]), np.array([0.05]))[0]
    assert np.all(np.diff(shelf) >= -1e-12)
    assert (shelf[0], shelf[-1]) == (0.0, pytest.approx(1.0))
    assert np.interp(4.0, EDGES, shelf) == pytest.approx(0.5)


@given(sigma=st.floats(0.04, 0.2), share=st.floats(0, 0.2))
def test_lines_of_a_natural_width_are_voigt_profiles(sigma, share):
    edges = np.arange(8, 13, 0.002)
    peak = render_peaks(
        edges, np.array([10.55]), np.ones(1), np.array([sigma]), widths=np.array([share * sigma])
    )[0]
    distance = (edges[1:] + edges[:-1]) / 2 - 10.55
    exact = 0.002 * voigt_profile(distance, sigma, share * sigma / 2)
    near = np.abs(distance) < 5 * sigma
    np.testing.assert_allclose(peak[near], exact[near], atol=1e-3 * exact.max())


@given(
    tail=st.sampled_from([0.0, 0.1]),
    slope=st.sampled_from([5e-3, 0.1, 0.4]),
    share=st.sampled_from([0.02, 0.2]),
)
def test_derivatives_are_those_of_differences(tail, slope, share):
    edges = np.linspace(2.9, 12, 300)
    rng = np.random.default_rng(0)
    energies, counts = np.array([3.0, 6.4, 7.1]), np.array([30.0, 100.0, 20.0])
    sigmas = np.array([0.05, 0.07, 0.2])
    peaks = {"tails": np.array([tail, tail, 0.0]), "widths": share * sigmas, "tail_slope": slope}
    moves = rng.uniform(0.5, 1, edges.size), *rng.uniform(0.5, 1, (3, 3))
    changes = [
        PeakChange(edges=moves[0]),
        PeakChange(sigmas=moves[1]),
        PeakChange(tails=moves[2] * (peaks["tails"] > 0)),
        PeakChange(widths=moves[3]),
        PeakChange(tail_slope=1.0),
        PeakChange(moves[0], moves[1], moves[2] * (peaks["tails"] > 0), moves[3], 1.0),
    ]
    found = render_changes(edges, energies, counts, sigmas, changes, **peaks)
    for change, derivative in zip(changes, found, strict=True):

        def moved(step, change=change):
            return render_peaks(
                edges + step * change.edges,
                energies,
                counts,
                sigmas + step * change.sigmas,
                tails=peaks["tails"] + step * change.tails,
                widths=peaks["widths"] + step * change.widths,
                tail_slope=slope + step * change.tail_slope,
            )[0]

        step = 1e-6
        expected = (moved(step) - moved(-step)) / (2 * step)
        np.testing.assert_allclose(derivative, expected, atol=1e-5 * np.abs(expected).max() + 1e-4)
