"""Configurations of PyMca: taken, given back, and what is left out."""

import configparser
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from skxrf import linear_model
from skxrf.exceptions import FileFormatError, LineGroupError
from skxrf.linear_model import TemplateFitRegressor
from skxrf.linear_model._pymca_config import read_pymca, write_pymca
from skxrf.physics import DetectorResponse
from skxrf.physics.constants import PAIR_ENERGY

CONFIG = """
[peaks]
Ca = K
Fe = K
Pb = L3, M

[fit]
use_limit = 1
xmin = 100
xmax = 900
hypermetflag = 3
escapeflag = 1
stripflag = 1
continuum = 4

[detector]
zero = 0.05
gain = 0.02
noise = 0.09
fano = 0.11

[peakshape]
st_arearatio = 0.03

[attenuators]
Detector = 1, Si1, 2.33, 0.05, 1.0
Filter 6 = {filter}, Al1, 2.7, 0.01, 1.0
"""


@pytest.fixture
def config(tmp_path):
    def write(**changed):
        text = CONFIG.format(filter=changed.pop("filter", 0))
        for old, new in changed.items():
            text = text.replace(old, new)
        (tmp_path / "fit.cfg").write_text(text)
        return tmp_path / "fit.cfg"

    return write


def test_what_is_taken(config):
    settings = read_pymca(config())
    assert settings.line_groups == ["Ca_K", "Fe_K", "Pb_L", "Pb_M"]
    assert settings.energy == (0.05, 0.02)
    assert settings.energy_range == pytest.approx((2.05, 18.05))
    assert settings.detector.thickness == pytest.approx(0.5)
    # The same width, though PyMca reckons with another energy of a pair.
    width = np.sqrt(0.09**2 + 6.404 * 0.11 * 0.00385 * 2.3548**2)
    assert float(settings.detector.fwhm(6.404)) == pytest.approx(width, rel=1e-3)
    assert settings.detector.tail_fraction == 0.03


def test_tails_are_fitted_where_the_configuration_has_them(config):
    for changed in (
        {"hypermetflag = 3\n": ""},
        {"hypermetflag = 3": "hypermetflag = 1"},
        {"[peakshape]": "[other]"},
        {"st_arearatio = 0.03\n": ""},
    ):
        assert read_pymca(config(**changed)).detector.tail_fraction == 0, changed


@pytest.mark.parametrize(
    ("value", "taken"),
    [("1", True), ("True ", True), ("0", False), ("False", False), (None, False)],
)
def test_flags_as_pymca_writes_them(config, value, taken):
    changed = {
        f"{name} = 1\n": "" if value is None else f"{name} = {value}\n"
        for name in ("use_limit", "escapeflag")
    }
    settings = read_pymca(config(**changed))
    assert settings.detector.escape == taken
    assert settings.energy_range == (pytest.approx((2.05, 18.05)) if taken else None)


@pytest.mark.parametrize(
    ("layer", "thickness"),
    [
        ("1, Si1, 2.33, 0.03, 1.0", 0.3),
        (" 1 ,Si ,2.33 ,0.03", 0.3),
        ("0, Si1, 2.33, 0.03, 1.0", DetectorResponse.thickness),
        ("1, Ge1, 5.32, 0.03, 1.0", DetectorResponse.thickness),
        ("1, Si1, 2.33", DetectorResponse.thickness),
    ],
)
def test_thickness_of_a_silicon_detector(config, layer, thickness):
    settings = read_pymca(config(**{"1, Si1, 2.33, 0.05, 1.0": layer}))
    assert settings.detector.thickness == pytest.approx(thickness)


def test_a_detector_without_layer_has_the_usual_thickness(config):
    for name in ("Detector = 1", "[attenuators]"):
        settings = read_pymca(config(**{name: name.replace("e", "i")}))
        assert settings.detector.thickness == DetectorResponse.thickness


def test_peaks_have_no_natural_width_and_gain_or_zero_any_sign(config):
    settings = read_pymca(config(**{"zero = 0.05": "zero = -0.95", "gain = 0.02": "gain = 1e-2"}))
    assert settings.energy == (-0.95, 0.01)
    assert settings.energy_range == pytest.approx((0.05, 8.05))
    assert settings.detector.natural_width == 0
    assert settings.detector.noise == 0.09


def test_a_group_is_fitted_once_and_its_parts_as_a_whole(config):
    settings = read_pymca(config(**{"Pb = L3, M": "Pb = L1, , L2, L"}))
    assert settings.line_groups == ["Ca_K", "Fe_K", "Pb_L"]
    assert settings.left_out == [
        "Pb L1 alone (all lines of Pb_L are fitted)",
        "Pb L2 alone (all lines of Pb_L are fitted)",
    ]


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({}, []),
        ({"[attenuators]": "[other]"}, []),
        ({"filter": 1}, ["attenuators and sample (Filter 6)"]),
        (
            {"Filter 6 = 0": "Filter 6 = 1, Al1, 2.7, 0.01, 1.0\nMatrix = 1"},
            ["attenuators and sample (Filter 6, Matrix)"],
        ),
        ({"hypermetflag = 3": "hypermetflag = 5"}, ["long tail"]),
        ({"hypermetflag = 3": "hypermetflag = 9"}, ["step"]),
        ({"stripflag = 1": "fitfunction = 1"}, ["pseudo-Voigt peaks"]),
        ({"stripflag = 1": "fitfunction = 0"}, []),
        ({"stripflag = 1": "scatterflag = 1"}, ["scatter peaks"]),
        (
            {"hypermetflag = 3": "hypermetflag = 15", "stripflag = 1": "scatterflag = True"},
            ["long tail", "step", "scatter peaks"],
        ),
    ],
)
def test_each_request_that_is_not_taken_is_named(config, changed, named):
    assert read_pymca(config(**{"L3, M": "L, M"}, **changed)).left_out == named


def test_what_is_left_out_is_said(config):
    path = config(filter=1)
    said = (
        f"not taken from {path}: Pb L3 alone (all lines of Pb_L are fitted), attenuators and sample "
        "(Filter 6)."
    )
    with pytest.warns(UserWarning, match=f"^{re.escape(said)}$"):
        fit = TemplateFitRegressor.from_pymca(path, energy=(0.0, 0.025), nuisance="none")
    assert (fit.energy, fit.nuisance) == ((0.0, 0.025), "none")


def test_an_estimator_has_the_settings_of_the_file_and_says_nothing(config):
    path = config(**{"L3, M": "L, M"})
    settings = read_pymca(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit = TemplateFitRegressor.from_pymca(path)
    for name in ("line_groups", "energy", "energy_range", "detector"):
        assert getattr(fit, name) == getattr(settings, name) is not None
    assert fit.anode is None


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        (
            {"[detector]": "[other]"},
            FileFormatError,
            (
                " is no configuration of PyMca: it has no 'detector'. Expected a .cfg with the "
                "sections peaks, fit and detector, as PyMca's fit window saves it."
            ),
        ),
        (
            {"[peaks]": "peaks"},
            FileFormatError,
            " is no configuration of PyMca: File contains no section headers.",
        ),
        (
            {"gain = 0.02": "gain = much"},
            FileFormatError,
            " has 'much' where a number is expected.",
        ),
        (
            {"noise = 0.09": "noise = inf"},
            FileFormatError,
            " has 'inf' where a number is expected.",
        ),
        (
            {"Ca = K": "", "Fe = K": "", "Pb = L3, M": ""},
            LineGroupError,
            " fits no line group: its section [peaks] is empty.",
        ),
        (
            {"Ca = K": "Qq = K"},
            LineGroupError,
            (
                ", section [peaks]: unknown line group 'Qq_K': expected an element or its lines K, L "
                "or M, such as 'Fe', 'Fe_K' or 'Pb_M'."
            ),
        ),
        (
            {"gain = 0.02": "gain = 0"},
            FileFormatError,
            " has the gain 0: expected keV per channel, above zero.",
        ),
        (
            {"xmin = 100": "xmin = 900"},
            FileFormatError,
            " limits the fit to channels from xmin = 900 to xmax = 900: the first must be lower.",
        ),
    ],
)
def test_other_files_are_refused(changed, error, message, config):
    path = config(**changed)
    with pytest.raises(error) as caught:
        read_pymca(path)
    assert str(caught.value) == f"{path}{message}"


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        read_pymca(tmp_path / "no.cfg")
    assert str(caught.value) == (
        f"there is no file {tmp_path / 'no.cfg'}: expected a configuration of PyMca."
    )


def test_signs_of_other_encodings_are_no_hindrance(config):
    path = config()
    path.write_bytes(path.read_bytes() + "[titles]\nfilter = 10 µm\n".encode("latin-1"))
    assert read_pymca(path) == read_pymca(config())


def test_what_is_written(tmp_path):
    """All numbers, and PyMca's usual settings for the rest."""
    path = tmp_path / "fit.cfg"
    path.write_text("of another fit")
    energy = 0.1 + 0.02 * np.arange(1000)
    energy[:100] -= 0.05  # outside the fitted channels, where the axis may be no line
    detector = DetectorResponse(
        noise=0.09, fano=0.12, tail_fraction=0.025, thickness=0.35, escape=False
    )
    write_pymca(path, ["Pb_L", "Fe_K", "Pb_M"], energy, slice(100, 900), detector)
    found, usual = configparser.RawConfigParser(), configparser.RawConfigParser()
    found.optionxform = usual.optionxform = str
    found.read(path)
    usual.read(Path(linear_model.__file__).with_name("pymca_template.cfg"))
    written = {name: dict(found[name]) for name in found.sections()}
    assert written.pop("peaks") == {"Pb": "L, M", "Fe": "K"}
    assert written.pop("attenuators") == {"Detector": "1, Si1, 2.33, 0.035, 1.0"}
    numbers = {
        ("fit", "xmin"): 100,
        ("fit", "xmax"): 899,
        ("fit", "escapeflag"): 0,
        ("detector", "zero"): 0.1,
        ("detector", "gain"): 0.02,
        ("detector", "deltagain"): 0.0004,
        ("detector", "noise"): 0.09,
        ("detector", "fano"): 0.12 * PAIR_ENERGY / 0.00385,
        ("peakshape", "st_arearatio"): 0.025,
    }
    for (section, key), number in numbers.items():
        assert float(written[section].pop(key)) == pytest.approx(number), key
    assert written == {
        name: dict(usual[name]) for name in usual.sections() if name not in ("peaks", "attenuators")
    }


def test_a_fit_without_axis_or_before_its_fit_has_nothing_to_write(tmp_path):
    X = np.random.default_rng(0).poisson(5, (20, 40))
    for fit in (TemplateFitRegressor(["Fe_K"]), TemplateFitRegressor().fit(X, X[:, 3])):
        with pytest.raises(NotFittedError):
            fit.to_pymca(tmp_path / "fit.cfg")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def exported(painting, found_groups, tmp_path_factory):
    """A fit of a simulated painting and its configuration for PyMca."""
    X, _, energy = painting
    groups = ["Ca_K", "Fe_K", "Cu_K", "Pb_L"]
    others = [name for name in found_groups if name not in groups]
    fit = TemplateFitRegressor(groups, energy=energy, nuisance=others).fit(X)
    path = tmp_path_factory.mktemp("pymca") / "fit.cfg"
    fit.to_pymca(path)
    return fit, X, path


def test_an_exported_fit_is_read_back(exported):
    fit, _, path = exported
    settings = read_pymca(path)
    # PyMca lists by element.
    assert sorted(settings.line_groups) == sorted(fit.fitted_groups_)
    response = fit.sum_spectrum_fit_.detector
    assert float(settings.detector.fwhm(6.4)) == pytest.approx(float(response.fwhm(6.4)))
    zero, gain = settings.energy
    refined = fit.sum_spectrum_fit_.correction(fit.energy_)
    line = zero + gain * np.arange(refined.size)
    inside = fit.fitted_channels_
    np.testing.assert_allclose(line[inside], refined[inside], atol=0.01)


@pytest.mark.filterwarnings("ignore:::PyMca5")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_pymca_fits_the_same_areas_with_it(exported):
    module = pytest.importorskip("PyMca5.PyMcaPhysics.xrf.FastXRFLinearFit")
    fit, X, path = exported
    pymca = module.FastXRFLinearFit()
    pymca.setFitConfigurationFile(str(path))
    found = pymca.fitMultipleSpectra(
        x=np.arange(X.shape[1], dtype=float), y=X[None], weight=1, refit=1, concentrations=0
    )
    images = dict(
        zip(found.labels("parameters", labeltype="filename"), found["parameters"], strict=True)
    )
    ours = dict(zip(fit.line_groups_, fit.predict(X).T, strict=True))
    for name in ("Fe_K", "Cu_K", "Pb_L"):
        theirs = images[name].ravel()
        assert np.polyfit(theirs, ours[name], 1)[0] == pytest.approx(1, abs=0.05), name


REAL_SCAN = Path(__file__).parents[3] / "shared" / "data" / "maxrf_painting_a.h5"


@pytest.mark.filterwarnings("ignore:::PyMca5")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.skipif(not REAL_SCAN.exists(), reason="the measured scan is not here")
def test_areas_of_the_real_scan_agree_with_pymca_within_2_percent(tmp_path):
    import h5py
    from PyMca5.PyMcaIO.ConfigDict import ConfigDict

    from benchmarks.pymca_reference import fit_maps, sum_spectrum_configuration

    with h5py.File(REAL_SCAN) as file:
        counts, energy = file["counts"][:], file["energy_keV"][:]
    X = counts.reshape(-1, energy.size)
    groups = ["Ca_K", "Ti_K", "Fe_K", "Cu_K", "Zn_K", "Hg_L", "Pb_L"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        others = ["Ar_K", "K_K", "Cr_K", "Mn_K", "Ni_K", "Sr_K", "Zr_K", "Hg_M", "Pb_M"]
        config = sum_spectrum_configuration(X.sum(axis=0, dtype=float), energy, groups + others)
        ConfigDict(initdict=config).write(str(tmp_path / "pymca.cfg"))
        fit = TemplateFitRegressor.from_pymca(tmp_path / "pymca.cfg").fit(X)
    theirs = fit_maps(counts, config, background="polynomial", weight=1)
    ours = dict(zip(fit.line_groups_, fit.predict(X).T, strict=True))
    for name in groups:
        slope = np.polyfit(theirs[name].ravel(), ours[name], 1)[0]
        assert slope == pytest.approx(1, abs=0.02), name


def test_a_mark_of_the_encoding_is_no_section(config):
    path = config()
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_pymca(path).line_groups == ["Ca_K", "Fe_K", "Pb_L", "Pb_M"]
