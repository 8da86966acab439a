"""The axis that EnergyCalibrator finds, and what it does with the counts."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from skxrf.datasets import make_spectra
from skxrf.exceptions import EnergyAxisError
from skxrf.inference import predict_maps
from skxrf.preprocessing import EnergyCalibrator, rebin_counts

SHARED_DATA = Path(__file__).parents[2] / ".." / "shared" / "data"
TRUE = 0.025 * np.arange(1024)
NOMINAL = (TRUE + 0.02) / 1.01  # zero wrong by 20 eV, gain by 1 %


@pytest.fixture(scope="module")
def spectra():
    X, _ = make_spectra(300, random_state=0)
    return X


@pytest.fixture(scope="module")
def calibrator(spectra):
    return EnergyCalibrator(energy=NOMINAL, target=TRUE).fit(spectra)


def test_the_true_axis_is_found(calibrator):
    off = 1000 * np.abs(calibrator.calibrated_energy_ - TRUE)
    assert off[(TRUE > 2) & (TRUE < 15)].max() < 5
    assert off[np.argmin(np.abs(TRUE - 6.4))] < 3
    assert calibrator.gain_ == pytest.approx(0.025, rel=3e-4)
    assert calibrator.offset_ == pytest.approx(0, abs=5e-3)
    assert calibrator.anode_ == "Rh"
    assert {"Ca_K", "Fe_K"} <= set(calibrator.lines_)
    assert 0 < calibrator.errors_["6.4 keV"] < 3e-3


def test_counts_come_out_on_the_target(calibrator, spectra):
    out = calibrator.transform(spectra)
    assert (out.shape, out.dtype) == (spectra.shape, np.float32)
    np.testing.assert_allclose(out.sum(axis=1), spectra.sum(axis=1), rtol=2e-3)
    wanted = rebin_counts(spectra, calibrator.calibrated_energy_, TRUE)
    np.testing.assert_allclose(out, wanted, rtol=1e-6)


def test_maps_of_a_cube_on_a_wrong_axis(calibrator, spectra):
    truth = spectra[:, 200:300].sum(axis=1).astype(float)
    model = Ridge(solver="lsqr").fit(spectra.astype(np.float32), truth)
    model.energy_ = TRUE  # as the library's own regressors have it
    cube = xr.DataArray(
        spectra.reshape(15, 20, -1), dims=("y", "x", "energy"), coords={"energy": NOMINAL}
    )
    pipeline = make_pipeline(calibrator, model)
    maps = predict_maps(pipeline, cube, elements=["sum"])
    wanted = model.predict(calibrator.transform(spectra))
    np.testing.assert_allclose(maps.to_numpy().ravel(), wanted, rtol=1e-4)


def test_spectra_without_lines_keep_their_axis():
    flat = np.random.default_rng(0).poisson(3, (50, 1024))
    calibrator = EnergyCalibrator(energy=NOMINAL)
    with pytest.warns(UserWarning, match=r"found no lines.*fit it on more pixels"):
        calibrator.fit(flat)
    np.testing.assert_array_equal(calibrator.calibrated_energy_, NOMINAL)
    assert (calibrator.lines_, calibrator.anode_) == ([], None)
    assert np.isnan(calibrator.fwhm_)
    np.testing.assert_allclose(calibrator.transform(flat), flat, rtol=1e-5)


def test_an_axis_from_the_pattern_of_peaks(spectra):
    calibrator = EnergyCalibrator(target=(0.0, 0.02, 1000)).fit(spectra)
    assert calibrator.gain_ == pytest.approx(0.025, rel=3e-4)
    assert calibrator.offset_ == pytest.approx(0, abs=5e-3)
    assert not hasattr(calibrator, "energy_")
    # Bare channels go in, whatever axis the cube claims: no step before may rebin it.
    model = Ridge(solver="lsqr").fit(calibrator.transform(spectra), spectra.sum(axis=1))
    model.energy_ = calibrator.output_energy_
    cube = xr.DataArray(
        spectra.reshape(15, 20, -1), dims=("y", "x", "energy"), coords={"energy": NOMINAL}
    )
    maps = predict_maps(make_pipeline(calibrator, model), cube, elements=["sum"])
    wanted = model.predict(calibrator.transform(spectra))
    np.testing.assert_allclose(maps.to_numpy().ravel(), wanted, rtol=1e-4)


def test_no_axis_is_invented():
    flat = np.random.default_rng(0).poisson(3, (50, 1024))
    with pytest.raises(EnergyAxisError, match=r"no pattern of lines.*pass energy="):
        EnergyCalibrator().fit(flat)


def test_a_target_that_is_no_axis_is_refused(spectra):
    with pytest.raises(EnergyAxisError, match="target must increase"):
        EnergyCalibrator(energy=NOMINAL, target=[3.0, 2.0, 1.0, 0.5]).fit(spectra)
    with pytest.raises(EnergyAxisError, match="target must increase"):
        EnergyCalibrator(energy=NOMINAL, target=(0.0, -0.02, 100)).fit(spectra)


FEW = np.ones((2, 20), np.uint16)  # channels that show no lines


def kept(energy, target=None):
    """Calibrator of spectra without lines: it keeps the axis that it is given."""
    with pytest.warns(UserWarning, match="keeps the nominal axis") as caught:
        calibrator = EnergyCalibrator(energy=energy, target=target).fit(FEW)
    assert str(caught[0].message) == (
        "EnergyCalibrator found no lines to calibrate on in the sum of 2 spectra (20 channels, 0.000 "
        "to 19.000 keV, 1000.00 eV each), and keeps the nominal axis: fit it on more pixels, or "
        "check that X holds counts and that the energy axis is right to within 3 %."
    )
    assert caught[0].filename == __file__
    return calibrator


@pytest.mark.parametrize(
    ("target", "bins"),
    [
        (None, np.arange(20.0)),
        ((0.5, 2.0), [0.5, 2.0]),
        ((0.5, 2.0, 4), [0.5, 2.5, 4.5, 6.5]),
        ([0.5, 2.0, 3.0], [0.5, 2.0, 3.0]),  # less than four bins: an axis
        ([0.5, 2.0, 4.5], [0.5, 2.0, 4.5]),
        ([0.5, 1.0, 2.0, 4.0], [0.5, 1.0, 2.0, 4.0]),
    ],
)
def test_kinds_of_targets(target, bins):
    calibrator = kept((0.0, 1.0), target)
    np.testing.assert_allclose(calibrator.output_energy_, bins)
    assert calibrator.get_feature_names_out().size == len(bins)
    assert calibrator.transform(FEW).shape == (2, len(bins))


def test_what_is_stated_of_an_axis_that_is_kept():
    calibrator = kept(np.arange(20.0))
    assert (calibrator.offset_, calibrator.gain_) == pytest.approx((0.0, 1.0))
    assert calibrator.axis_fit_ is calibrator.line_axis_ is None
    assert (calibrator.lines_, calibrator.anode_, calibrator.errors_) == ([], None, {})
    assert np.isnan([calibrator.fwhm_, calibrator.noise_, calibrator.fano_]).all()
    np.testing.assert_array_equal(calibrator.energy_, np.arange(20.0))


def test_one_channel_has_an_offset_and_no_gain():
    with pytest.warns(UserWarning, match="keeps the nominal axis"):
        calibrator = EnergyCalibrator(energy=[5.0]).fit(FEW[:, :1])
    assert calibrator.offset_ == 5.0
    assert np.isnan(calibrator.gain_)


def test_offset_and_gain_are_of_the_channels_between_2_and_15_keV():
    bent = np.arange(20.0)
    bent[16:] += 0.3  # beyond
    with pytest.warns(UserWarning, match="keeps the nominal axis"):
        calibrator = EnergyCalibrator(energy=bent).fit(FEW)
    assert (calibrator.offset_, calibrator.gain_) == pytest.approx((0.0, 1.0))
    with pytest.warns(UserWarning, match="keeps the nominal axis"):
        beyond = EnergyCalibrator(energy=(20.0, 0.5)).fit(FEW)
    assert (beyond.offset_, beyond.gain_) == pytest.approx((20.0, 0.5))


def test_the_lines_found_are_those_that_tell_a_drift(calibrator):
    axis = calibrator.line_axis_
    assert (axis.groups, axis.anode) == (calibrator.lines_, "Rh")
    np.testing.assert_array_equal(axis.energy, calibrator.calibrated_energy_)
    assert (axis.detector.noise, axis.detector.fano) == (calibrator.noise_, calibrator.fano_)
    assert calibrator.fwhm_ == pytest.approx(float(axis.detector.fwhm(5.895)))
    assert set(calibrator.errors_) == {"2 keV", "6.4 keV", "15 keV", "fwhm"}


def test_the_real_scan():
    path = SHARED_DATA / "maxrf_painting_a.h5"
    if not path.exists():
        pytest.skip("the measured scans are not here")
    with h5py.File(path) as file:
        spectra = file["counts"][:].reshape(-1, 1024)
        true = file["energy_keV"][:]
        nominal = (
            float(file.attrs["energy_offset_keV_from_file"]),
            float(file.attrs["energy_slope_keV_from_file"]),
        )
    calibrator = EnergyCalibrator(energy=nominal).fit(spectra)
    off = 1000 * np.abs(calibrator.calibrated_energy_ - true)
    assert off[(true > 2) & (true < 15)].max() < 8  # what the truth is known to
    assert calibrator.anode_ == "Ag"
    assert {"Ca_K", "Ti_K", "Fe_K", "Cu_K", "Zn_K", "Hg_L", "Pb_L"} <= set(calibrator.lines_)
    assert 0.140 < calibrator.fwhm_ < 0.150
