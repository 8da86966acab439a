from skxrf.cli._info import _elements_lines
from skxrf.spectrum_fit._elements import Elements
from skxrf.spectrum_fit._evidence import INSTRUMENT, LineEvidence
from skxrf.spectrum_fit._tube import Tube


def evidence(name, answer, competitor="", *, counts=0.0, limit=0.0, reason=""):
    fitted = counts > 0
    return LineEvidence(name, answer, 9.0, reason, competitor, counts, 1.0, limit, fitted)


def lines(*found):
    tube = Tube.stated("Ag", 50.0, 30.0)
    return _elements_lines(Elements(list(found), tube, (0.9, 30.0)), 1e6)


def test_usual_elements_that_brighter_lines_hide_have_their_limits():
    said = lines(
        evidence("S_K", "not seen", "Pb_M", limit=4e3),  # hidden
        evidence("Bi_M", "not seen", "Pb_M", limit=4e3),  # softer than Bi L, which tells
        evidence("Zr_L", "not seen", "Pb_M", limit=4e3),  # an element that is present
        evidence("Pb_M", "present", counts=3e4),
        evidence("Nd_L", "not seen", "Cr_K", limit=4e3),  # an element that is seldom there
        evidence("Cr_K", "present", counts=2e4),
        evidence("Bi_L", "not seen", limit=4e3),  # by nothing
        evidence("Zr_K", "present", counts=2e3),
    )
    assert said["hidden"] == "S_K below 0.4 % beside Pb_M"


def test_traces_of_object_or_instrument_are_told_in_one_line():
    said = lines(
        evidence("Ti_K", "present", "Ba_L", counts=3e4, reason="9 standard errors; Ti K or Ba L"),
        evidence("Fe_K", "present", counts=3e5),
        evidence("Ni_K", "present", INSTRUMENT, counts=1e3),
        evidence("Cu_K", "present", INSTRUMENT, counts=5e2),
    )
    assert said["ambiguous"] == "Ti K or Ba L; Ni_K, Cu_K of the object or of the instrument"
    assert "hidden" not in said
