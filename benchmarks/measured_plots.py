"""Overlays of measured and expected spectra for the user guide (public-domain data only)."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from benchmarks.measured_files import Measured, acrylic, pure_element
from benchmarks.measured_model import ACRYLIC, ACRYLIC_MASS, expected, m4

Array = NDArray[np.float64]
MEASURED, MODEL = "#222222", "#d1495b"
PARTS = {"Rayleigh": "#00798c", "Compton": "#edae49", "scattered more than once": "#7b5ea7"}


def draw(folder: Path) -> None:
    """Draw all figures into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    _scatterers(folder / "acrylic.png")
    _peaks(folder / "scatter_peaks.png")
    _elements(folder / "pure_elements.png")


def _scaled(measured: Measured, spectrum: Array, low: float, high: float) -> float:
    where = (measured.energy > low) & (measured.energy < high)
    return float(measured.counts[where].sum() / spectrum[where].sum())


def _compare(axes: Axes, measured: Measured, spectrum: Array, title: str) -> None:
    axes.semilogy(measured.energy, np.maximum(measured.counts, 0.5), color=MEASURED, lw=0.6)
    axes.semilogy(measured.energy, np.maximum(spectrum, 1e-3), color=MODEL, lw=1.2)
    axes.set_title(title, fontsize=10, loc="left")
    axes.set_xlabel("energy [keV]")
    axes.set_ylabel("counts per 10 eV")
    axes.grid(visible=True, which="major", alpha=0.25)


def _scatterers(path: Path) -> None:
    figure, grid = plt.subplots(2, 2, figsize=(11, 7), constrained_layout=True)
    panels = (
        (grid[0, 0], "Mo", "none", "Mo tube, collimator, no filter"),
        (grid[0, 1], "Mo", "f3", "Mo tube, collimator, 630 um Al"),
        (grid[1, 0], "Rh", "none", "Rh tube, lens, no filter"),
        (grid[1, 1], "Rh", "f4", "Rh tube, lens, 100 um Al and 25 um Ti"),
    )
    for axes, anode, name, title in panels:
        unfiltered_lens = (anode, name) == ("Rh", "none")
        measured = pure_element("Acrylic") if unfiltered_lens else acrylic(anode, name)
        model = expected(m4(anode, name, measured), ACRYLIC, ACRYLIC_MASS).spectrum
        model = model * _scaled(measured, model, 10, 22)
        _compare(axes, measured, model, title)
        axes.set_xlim(0.3, 40)
        axes.set_ylim(1, 2 * measured.counts[measured.energy > 1].max())
    grid[0, 0].legend(["measured (NIST)", "forward model"], frameon=False, fontsize=9)
    figure.savefig(path, dpi=90)
    plt.close(figure)


def _peaks(path: Path) -> None:
    figure, grid = plt.subplots(1, 2, figsize=(11, 4.2), constrained_layout=True)
    panels = (
        (grid[0], acrylic("Mo", "none"), "Mo", (15.0, 20.5)),
        (grid[1], pure_element("Acrylic"), "Rh", (17.0, 24.0)),
    )
    for axes, measured, anode, limits in panels:
        model = expected(m4(anode, "none", measured), ACRYLIC, ACRYLIC_MASS)
        scale = _scaled(measured, model.spectrum, *limits)
        _compare(axes, measured, scale * model.spectrum, f"acrylic under the {anode} tube")
        for part, (name, color) in zip(model.scatter, PARTS.items(), strict=True):
            axes.semilogy(measured.energy, scale * part, color=color, lw=0.9, label=name)
        inside = (measured.energy > limits[0]) & (measured.energy < limits[1])
        axes.set_xlim(*limits)
        axes.set_ylim(measured.counts[inside].min() / 4, 2 * measured.counts[inside].max())
    grid[1].legend(frameon=False, fontsize=9)
    figure.savefig(path, dpi=90)
    plt.close(figure)


def _elements(path: Path) -> None:
    figure, grid = plt.subplots(2, 2, figsize=(11, 7), constrained_layout=True)
    for axes, symbol in zip(grid.ravel(), ("Ti", "Fe", "Cu", "Zr"), strict=True):
        measured = pure_element(symbol)
        model = expected(m4("Rh", "none", measured), {symbol: 1.0}, 5.0)
        main = model.tables.energies[np.argmax(model.lines)]
        scale = _scaled(measured, model.spectrum, main - 0.3, main + 0.3)
        _compare(axes, measured, scale * model.spectrum, f"pure {symbol}, thick, Rh tube and lens")
        axes.semilogy(
            measured.energy, scale * model.scatter.sum(axis=0), color=PARTS["Rayleigh"], lw=0.8
        )
        axes.set_xlim(0.3, 25)
        axes.set_ylim(1, 3 * measured.counts[measured.energy > 1].max())
    grid[0, 0].legend(
        ["measured (NIST)", "forward model", "of it scatter"], frameon=False, fontsize=9
    )
    figure.savefig(path, dpi=90)
    plt.close(figure)
