"""Scattered lines of the tube: the angles that K-alpha and K-beta have in common."""

import numpy as np
import pytest

from skxrf.physics import DetectorResponse
from skxrf.spectrum_fit._tube_scatter import same_angles, scattered_peaks, with_weak_lines

EDGES = np.arange(0.2, 30.0, 0.02)
PEAKS = scattered_peaks("Ag", EDGES, DetectorResponse(), 0.2)
LABELS = list(PEAKS)
PLACE = {f"{kind}, {name}": i for i, (kind, name) in enumerate(LABELS)}


def mixture(rayleigh_beta):
    counts = np.ones(len(LABELS))
    counts[PLACE["Ag_rayleigh, alpha"]] = 1000.0
    counts[PLACE["Ag_rayleigh, beta"]] = rayleigh_beta
    counts[PLACE["Ag_compton, alpha 135"]] = 5000.0
    return counts


def test_each_compton_peak_of_k_beta_has_that_of_k_alpha():
    found = same_angles("Ag", LABELS)
    names = [LABELS[one.beta][1] for one in found]
    assert sorted(names) == sorted(name for _, name in LABELS if name.startswith("beta "))
    for one in found:
        assert LABELS[one.alpha][1] == LABELS[one.beta][1].replace("beta", "alpha")
        assert LABELS[one.rayleigh_beta] == ("Ag_rayleigh", "beta")
        assert LABELS[one.rayleigh_alpha] == ("Ag_rayleigh", "alpha")
        assert one.most == pytest.approx(0.208, abs=0.005)


def test_l_lines_have_no_such_pairs():
    peaks = scattered_peaks("W", EDGES, DetectorResponse(), 0.2)
    assert peaks
    assert same_angles("W", list(peaks)) == []


@pytest.mark.parametrize(("rayleigh_beta", "share"), [(100.0, 0.1), (900.0, 0.208)])
def test_compton_scatter_of_k_beta_follows_rayleigh_scatter_up_to_what_the_anode_emits(
    rayleigh_beta, share
):
    before = mixture(rayleigh_beta)
    after = with_weak_lines(before, same_angles("Ag", LABELS))
    beta = PLACE["Ag_compton, beta 135"]
    assert after[beta] == pytest.approx(5000 * share, rel=0.02)
    np.testing.assert_array_equal(np.delete(after, beta), np.delete(before, beta))
    assert before[beta] == 1.0


def test_what_is_brighter_stays():
    before = mixture(100.0)
    before[PLACE["Ag_compton, beta 135"]] = 4000.0
    after = with_weak_lines(before, same_angles("Ag", LABELS))
    np.testing.assert_array_equal(after, before)
