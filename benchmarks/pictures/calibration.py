"""A template fit on a wrong axis and on the calibrated one."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from benchmarks.tables import IMAGES
from skxrf.datasets import make_painting
from skxrf.linear_model import TemplateFitRegressor
from skxrf.preprocessing import EnergyCalibrator


def draw() -> None:
    """Simulate, calibrate, fit twice, and draw ``calibration.png``."""
    cube, _ = make_painting((24, 32), palette="icon_test", random_state=0)
    spectra = cube.to_numpy().reshape(-1, cube.sizes["energy"])
    true = cube["energy"].to_numpy()
    nominal = (true + 0.02) / 1.01
    calibrator = EnergyCalibrator(energy=nominal).fit(spectra)
    fit = calibrator.axis_fit_
    assert fit is not None

    figure, (above, middle, below) = plt.subplots(
        3, 1, figsize=(9, 7.5), sharex=True, height_ratios=(2, 1, 1), layout="constrained"
    )
    above.semilogy(fit.bins, fit.counts, ".", ms=3, color="0.35", label="sum spectrum")
    above.semilogy(fit.bins, fit.model, lw=1, color="C0", label="lines and background")
    above.semilogy(fit.bins, fit.background, lw=1, color="C1", label="background")
    above.set(ylabel="counts per bin", ylim=(max(fit.counts.min(), 10) / 3, None))
    above.legend(frameon=False)
    for axes, energy, label in (
        (middle, nominal, "nominal axis"),
        (below, calibrator.calibrated_energy_, "calibrated axis"),
    ):
        regressor = TemplateFitRegressor(energy=energy, anode="Rh", refine=False).fit(spectra)
        model = regressor.sum_spectrum_fit_.model
        first = int(np.flatnonzero(energy >= 1.3)[0])
        chosen = slice(first, first + model.size)
        counts = spectra.sum(axis=0, dtype=np.float64)[chosen]
        # A model that is right to 3 % stays within a few units.
        residual = (counts - model) / np.sqrt(counts + 1 + (0.03 * counts) ** 2)
        axes.plot(energy[chosen], residual, lw=0.8, color="C3")
        axes.axhline(0, lw=0.5, color="0.5")
        axes.set(ylabel="residual", title=f"Template fit on the {label}", ylim=(-25, 25))
    below.set(xlabel="energy [keV]", xlim=(1.3, 17))
    figure.savefig(IMAGES / "calibration.png", dpi=100)
    plt.close(figure)
