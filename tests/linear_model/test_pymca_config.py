"""Configurations of PyMca: taken, given back, and what is left out."""

import warnings
from pathlib import Path

import numpy as np
import pytest

from skxrf.exceptions import FileFormatError, LineGroupError
from skxrf.linear_model import TemplateFitRegressor
from skxrf.linear_model._pymca_config import read_pymca

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
    without = {"hypermetflag = 3\n": "", "[peakshape]": "[other]"}
    assert read_pymca(config(**without)).detector.tail_fraction == 0
    assert (
        read_pymca(config(**{"hypermetflag = 3": "hypermetflag = 1"})).detector.tail_fraction == 0
    )


def test_without_attenuators_nothing_is_left_out(config):
    changed = {CONFIG[CONFIG.index("[attenuators]") :].format(filter=0): "", "L3, M": "L, M"}
    assert read_pymca(config(**changed)).left_out == []


def test_what_is_left_out_is_said(config):
    path = config(filter=1)
    with pytest.warns(UserWarning, match="not taken from .*Pb L3 alone.*Filter 6"):
        fit = TemplateFitRegressor.from_pymca(path, energy=(0.0, 0.025), nuisance="none")
    assert (fit.energy, fit.nuisance) == ((0.0, 0.025), "none")


@pytest.mark.parametrize(
    ("changed", "error", "match"),
    [
        (
            {"[detector]": "[other]"},
            FileFormatError,
            "no 'detector'. Expected .* sections peaks, fit and",
        ),
        ({"gain = 0.02": "gain = much"}, FileFormatError, "'much'"),
        ({"Ca = K": "", "Fe = K": "", "Pb = L3, M": ""}, LineGroupError, "fits no line group"),
        ({"Ca = K": "Qq = K"}, LineGroupError, r"cfg, section \[peaks\]: unknown .*Qq"),
        ({"gain = 0.02": "gain = 0"}, FileFormatError, "gain 0: expected .* above zero"),
        ({"xmin = ": "xmin = 9"}, FileFormatError, "from xmin = 9.* the first must be lower"),
        ({"[peaks]": "peaks"}, FileFormatError, "no configuration of PyMca"),
    ],
)
def test_other_files_are_refused(changed, error, match, config):
    with pytest.raises(error, match=match):
        read_pymca(config(**changed))


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
