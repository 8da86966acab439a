"""Tube of a measurement: in words, and as its spectrum tells it."""

import numpy as np
import pytest

from skxrf.exceptions import SkxrfError
from skxrf.physics import DetectorResponse
from skxrf.physics._line_table import scattered_tube_families
from skxrf.spectrum_fit._tube import Tube, end_of_continuum, infer_tube
from skxrf.utils.energy import bin_edges

ENERGY = 0.05 * np.arange(600)  # to 29.95 keV


def flat(counts, end):
    return np.where(end > ENERGY, counts, 0.0)


def test_words_of_a_stated_tube():
    tube = Tube.stated("Rh", 39.6, 25.0)
    assert (tube.anode, tube.voltage, tube.end, tube.doubt) == ("Rh", 39.6, 25.0, "")
    assert not tube.inferred
    assert str(tube) == "Rh, as stated; 40 kV, as stated"
    assert str(Tube.stated(None, 50.0, 25.0)) == "no tube lines, as stated; 50 kV, as stated"


@pytest.mark.parametrize(
    ("counts", "end", "clear"),
    [
        (100.0, 20.0, True),
        (100.0, 27.0, True),
        (100.0, 28.0, False),  # the axis may end before the continuum
        (100.0, 40.0, False),
        (2.0, 20.0, False),  # 40 counts in the last keV may be any spectrum's end
    ],
)
def test_end_of_the_continuum(counts, end, clear):
    found, is_clear = end_of_continuum(flat(counts, end), ENERGY)
    assert is_clear == clear
    # Where the window of 1 keV still contains more than 20 counts.
    assert found == pytest.approx(min(end + 0.5 - 20 / counts * 0.05, ENERGY[-1]), abs=0.06)


def test_an_empty_spectrum_ends_with_its_axis():
    assert end_of_continuum(np.zeros(600), ENERGY) == (ENERGY[-1], False)


def test_the_window_is_one_keV_whatever_the_channels_are():
    counts = np.zeros(300)
    counts[100] = 30.0
    for step in (0.1, 0.02):
        energy = step * np.arange(300)
        end, _ = end_of_continuum(counts, energy)
        assert end == pytest.approx(100 * step + 0.5, abs=1.01 * step)


def test_the_voltage_is_a_little_more_than_the_end():
    tube = infer_tube(flat(100.0, 20.0), ENERGY, "none")
    end, _ = end_of_continuum(flat(100.0, 20.0), ENERGY)
    assert tube.end == end
    assert tube.voltage == pytest.approx(1.08 * end)
    assert str(tube) == f"no tube lines, as stated; 22 kV, the continuum ends at {end:.1f} keV"
    assert not tube.inferred


def test_the_voltage_is_assumed_where_the_end_is_not_seen():
    tube = infer_tube(flat(100.0, 40.0), ENERGY, "NONE")
    assert str(tube) == (
        "no tube lines, as stated; 50 kV, assumed: the continuum's end is not seen"
    )
    assert tube.voltage == 50.0


def test_statements_are_believed():
    tube = infer_tube(flat(100.0, 20.0), ENERGY, "Mo", 30.0)
    assert str(tube) == "Mo, as stated; 30 kV, as stated"
    assert (tube.voltage, tube.doubt, tube.inferred) == (30.0, "", False)


def test_no_scattered_lines_are_no_tube():
    tube = infer_tube(flat(100.0, 40.0), ENERGY)
    assert (tube.anode, tube.inferred, tube.doubt) == (None, True, "")
    assert tube.anode_source == (
        "unfamiliar beam, no scattered lines of a tube (a synchrotron, electrons, or few counts): "
        "fitted without"
    )


def scattered(counts, seed=0):
    """Continuum with the scattered K lines of silver."""
    parts = scattered_tube_families("Ag", DetectorResponse(), bin_edges(ENERGY))
    peaks = sum((0.05 if "rayleigh" in name else 0.15) * part for name, part in parts.items())
    expected = counts * (flat(1 / 600, 40.0) + peaks)
    return np.random.default_rng(seed).poisson(expected).astype(float)


def test_the_anode_is_that_of_the_scattered_lines():
    tube = infer_tube(scattered(1e5), ENERGY)
    assert (tube.anode, tube.anode_source) == ("Ag", "from its scattered lines")
    assert tube.inferred
    stated = infer_tube(scattered(1e5), ENERGY, "Rh")
    assert (stated.anode, stated.inferred) == ("Rh", False)
    assert stated.doubt == (
        "the scattered lines are those of Ag, not of the stated anode Rh: check the anode"
    )
    assert not infer_tube(scattered(1e5), ENERGY, "Ag").doubt


def test_few_counts_or_channels_show_no_anode():
    assert infer_tube(scattered(500), ENERGY).anode is None
    coarse = scattered(1e5).reshape(60, 10).sum(axis=1)
    assert infer_tube(coarse, 0.225 + 0.5 * np.arange(60)).anode is None


@pytest.mark.parametrize("anode", ["Rh,Ag", "Xx", ""])
def test_other_anodes_are_refused(anode):
    with pytest.raises(SkxrfError) as caught:
        infer_tube(np.ones(600), ENERGY, anode)
    assert str(caught.value) == (
        f"anode={anode!r}: expected the symbol of one element, such as Rh, or none."
    )


@pytest.mark.parametrize("voltage", [1.0, 0.0, 1000.0, float("nan")])
def test_other_voltages_are_refused(voltage):
    with pytest.raises(SkxrfError) as caught:
        infer_tube(np.ones(600), ENERGY, None, voltage)
    assert str(caught.value) == (
        f"voltage={voltage!r}: expected the voltage of a tube in kV, such as 50."
    )


def test_the_end_of_an_axis_shorter_than_a_kiloelectronvolt():
    end, clear = end_of_continuum(np.full(40, 1e4), 0.02 * np.arange(40))
    assert (end, clear) == (pytest.approx(0.78), False)
