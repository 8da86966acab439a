"""The second independent set: complete, drifting, with details of one pixel."""

import numpy as np
import pytest

from benchmarks.accuracy.independent import paintings
from benchmarks.accuracy.independent.palettes import PALETTES, SECOND_PALETTES
from benchmarks.accuracy.independent.second_set import (
    PAINTINGS,
    SCANNERS,
    SecondPainting,
    detail_pixels,
    simulate,
)
from skxrf.simulation.paintings._palettes import AREAS


def test_the_set_is_as_large_as_was_asked_for():
    assert len(PAINTINGS) >= 6
    assert len({one.palette for one in PAINTINGS}) == len(SECOND_PALETTES) == 4
    assert {one.scanner for one in PAINTINGS} == set(SCANNERS)
    assert any(one.drift for one in PAINTINGS)
    assert any(one.n_details for one in PAINTINGS)
    assert not set(SECOND_PALETTES) & set(PALETTES)
    assert not {one.seed for one in PAINTINGS} & {seed for *_, seed in paintings.PAINTINGS}


def test_palettes_have_all_areas_and_whole_shares():
    for one in SECOND_PALETTES.values():
        assert set(AREAS) <= set(one.paints)
        for mixture in [*one.paints.values(), *(mixture for mixture, _ in one.grounds)]:
            assert sum(mixture.values()) == pytest.approx(1, abs=1e-9)


def test_a_drift_moves_the_rows_and_keeps_the_counts():
    still = simulate(SecondPainting("veduta", "Ag 40 air", 5), shape=(5, 6))
    moved = simulate(SecondPainting("veduta", "Ag 40 air", 5, drift=0.01), shape=(5, 6))
    np.testing.assert_allclose(moved.expected.sum(axis=2), still.expected.sum(axis=2), rtol=2e-3)
    middle = len(still.expected) // 2
    np.testing.assert_allclose(moved.expected[middle], still.expected[middle], atol=1e-6)
    peak = np.abs(still.energy - 10.55).argmin() + np.arange(-9, 10)
    places = [(one.expected[0][:, peak] @ peak / one.expected[0][:, peak].sum(axis=1)).mean()
              for one in (still, moved)]  # fmt: skip
    assert places[1] - places[0] > 1


def test_details_are_single_pixels_of_another_paint():
    plain = simulate(SecondPainting("veduta", "Mo 50 lens", 7), shape=(8, 9))
    spec = SecondPainting("veduta", "Mo 50 lens", 7, n_details=3)
    spotted = simulate(spec, shape=(8, 9))
    n = plain.truth.shape[0] * plain.truth.shape[1]
    spots = detail_pixels(spec, n)
    same = np.isclose(
        plain.truth.reshape(n, -1).sum(axis=1), spotted.truth.reshape(n, -1).sum(axis=1), rtol=0.02
    )
    assert len(spots) == 3
    assert same[np.setdiff1d(np.arange(n), spots)].mean() > 0.95
    assert spotted.anode == "Mo"
