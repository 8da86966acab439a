"""Two measured samples whose make-up nobody wrote down, beside the forward model.

A table and two plots of the user guide: the one spectrum
of an M6 Jetstream, whose mass fractions are fitted to the net intensities in its file, and the sum
spectrum of a scan in air with an Ag tube beside that of a simulated painting, where nothing is
fitted.
"""

from __future__ import annotations

import re
from pathlib import Path

import click
import h5py
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray
from scipy.optimize import brentq

from benchmarks.measured_files import DATA, M6_FILE, Measured, m6_spectrum
from benchmarks.measured_model import Expected, expected, m6_in_helium
from benchmarks.tables import REAL_SCAN, RESULTS, ROOT, write_rows
from skxrf.physics import _xraylib, line_group
from skxrf.plotting import SpectrumDisplay
from skxrf.simulation import Instrument
from skxrf.simulation.paintings._scan import painting_scan

PLOTS = ROOT / "docs" / "user_guide" / "measured"
Array = NDArray[np.float64]

# The light elements, which are not measured: about those of paint, bone or wood with chalk.
LIGHT = {"O": 0.47, "C": 0.47, "H": 0.06}
COMPTON = (17.8, 19.6)  # keV, of Rh K-alpha
FITTED = (
    "P_K",
    "S_K",
    "Cl_K",
    "K_K",
    "Ca_K",
    "Mn_K",
    "Fe_K",
    "Zn_K",
    "As_K",
    "Sr_K",
    "Pb_L",
    "Hg_L",
)
THICK = 5.0  # g/cm2
# Thin paint on a light support, with lead white, vermilion and chalk as the scan shows.
PALETTE, STEP, SEED = "manuscript", 2.0, 0
SHOWN = ("S_K", "Ca_K", "Ti_K", "Fe_K", "Cu_K", "Zn_K", "Hg_L", "Pb_L", "Sr_K", "Ar_K")


def bruker_net_intensities() -> dict[str, float]:
    """Net counts of line groups, K-alpha to K-gamma together, as Bruker's software found them."""
    text = M6_FILE.read_bytes().decode("cp1252")
    found = {}
    for result in re.findall(r"<Result>(.*?)</Result>", text, re.DOTALL):
        number, shell, net = (
            re.search(rf"<{tag}>([^<]*)</{tag}>", result) for tag in ("Atom", "XLine", "NetIntens")
        )
        if number and shell and net and net[1]:
            symbol = _xraylib.element_symbol(int(number[1]))
            found[f"{symbol}_{shell[1][0]}"] = float(net[1])
    return found


def fit_sample(measured: Measured) -> tuple[dict[str, float], Expected]:
    """Mass fractions of the sample, and what the model expects of it.

    Ratios to calcium are those of the net intensities in the file; calcium's own share is the one
    that scatters as much into the Compton peak as was counted.
    """
    net = bruker_net_intensities()
    where = (measured.energy > COMPTON[0]) & (measured.energy < COMPTON[1])
    counted = measured.counts[where].sum() / net["Ca_K"]

    def excess(calcium: float) -> float:
        _, model = _with_calcium(measured, calcium)
        own = model.lines[model.tables.groups == "Ca_K"].sum()
        return float(np.log(model.spectrum[where].sum() / own / counted))

    calcium = float(brentq(excess, 0.02, 0.38, xtol=1e-3))
    return _with_calcium(measured, calcium)


def _with_calcium(measured: Measured, calcium: float) -> tuple[dict[str, float], Expected]:
    net = {group: count for group, count in bruker_net_intensities().items() if group in FITTED}
    instrument = m6_in_helium(measured)
    heavy = {group.split("_")[0]: 1e-4 for group in net}
    heavy.update(Ca=calcium, P=0.1 * calcium)
    for _ in range(5):
        rest = 1 - sum(heavy.values())
        sample = {**heavy, **{symbol: share * rest for symbol, share in LIGHT.items()}}
        model = expected(instrument, sample, THICK)
        counts = {g: float(model.lines[model.tables.groups == g].sum()) for g in net}
        for group, count in net.items():
            if group != "Ca_K":
                asked = count / net["Ca_K"] * counts["Ca_K"]
                heavy[group.split("_")[0]] *= asked / counts[group]
    return sample, model


def m6_rows(measured: Measured, sample: dict[str, float], model: Expected) -> list[list[object]]:
    """Mass fractions that were fitted; net intensities and scatter, of which scatter was not."""
    net = bruker_net_intensities()
    is_calcium = model.tables.groups == "Ca_K"
    scale = net["Ca_K"] / float(model.lines[is_calcium].sum())
    rows: list[list[object]] = [
        ["M6", f"mass fraction {symbol}", "", f"{share:.3g}", "", "fitted"]
        for symbol, share in sample.items()
    ]
    for group in FITTED:
        if group in net:
            own = scale * float(model.lines[model.tables.groups == group].sum())
            rows.append(_row("M6", f"net {group}", net[group], own, "fitted"))
    spectrum, energy = scale * model.spectrum, measured.energy
    for label, low, high in (
        ("Rh Rayleigh, 19.9-20.6 keV", 19.9, 20.6),
        ("Rh Compton, 17.8-19.6 keV", *COMPTON),
        ("continuum, 7-8 keV", 7.0, 8.0),
        ("continuum, 13.1-13.7 keV", 13.1, 13.7),
        ("continuum, 16.2-17.2 keV", 16.2, 17.2),
        ("continuum, 25-30 keV", 25.0, 30.0),
        ("shelf, 1.2-1.6 keV", 1.2, 1.6),
    ):
        where = (energy > low) & (energy < high)
        fitted = "fitted" if low == COMPTON[0] else "not fitted"
        rows.append(_row("M6", label, measured.counts[where].sum(), spectrum[where].sum(), fitted))
    return rows


def _row(sample: str, what: str, counted: float, own: float, fitted: str) -> list[object]:
    return [sample, what, f"{counted:.5g}", f"{own:.5g}", f"{own / counted:.3f}", fitted]


def painting_spectra() -> tuple[Array, dict[str, Array]]:
    """Mean spectra per pixel of the measured scan and of a simulated one, on one axis."""
    with h5py.File(REAL_SCAN) as file:
        energy = file["energy_keV"][:].astype(np.float64)
        measured = file["counts"][:].mean(axis=(0, 1), dtype=np.float64)
    gain = float(np.polyfit(np.arange(energy.size), energy, 1)[0])
    scanner = Instrument.in_air_silver().with_axis(float(energy[0]), gain, energy.size)
    scan = painting_scan(
        PALETTE,
        shape=(60, 48),
        pixel_size=STEP,
        elements=("Ca_K", "Pb_L"),
        instrument=scanner,
        mean_counts=float(measured.sum()),
        random_state=SEED,
    )
    counts = np.concatenate([counts for _, counts, _ in scan.blocks()])
    return energy, {"measured": measured, "simulated": counts.mean(axis=(0, 1), dtype=np.float64)}


def painting_rows(energy: Array, spectra: dict[str, Array]) -> list[list[object]]:
    """Figures that do not depend on the pigments: argon, and scatter."""
    rows = []
    for label, low, high in (
        ("Ar K, 2.85-3.05 keV", 2.85, 3.05),
        ("continuum, 16-19 keV", 16.0, 19.0),
        ("Ag Compton, 20.0-21.4 keV", 20.0, 21.4),
        ("Ag Rayleigh, 21.8-22.4 keV", 21.8, 22.4),
    ):
        where = (energy > low) & (energy < high)
        measured, own = (float(spectra[name][where].sum()) for name in ("measured", "simulated"))
        rows.append(_row("painting", label, measured, own, "not fitted"))
    return rows


def draw_m6(measured: Measured, model: Expected, path: Path) -> None:
    """The M6 spectrum and the model, with its scatter."""
    net = bruker_net_intensities()["Ca_K"]
    scale = net / float(model.lines[model.tables.groups == "Ca_K"].sum())
    figure, axes = plt.subplots(figsize=(11, 4.6), constrained_layout=True)
    SpectrumDisplay(
        measured.energy,
        {
            "measured": measured.counts,
            "forward model": scale * model.spectrum,
            "of it scatter": scale * model.scatter.sum(axis=0),
        },
        [g for g in FITTED if g != "Mn_K"],
    ).plot(ax=axes)
    _finish(axes, measured.counts, (0.5, 35.0), "M6 Jetstream, 30 s under helium", 1e-5)
    figure.savefig(path, dpi=90)
    plt.close(figure)


def draw_painting(energy: Array, spectra: dict[str, Array], path: Path) -> None:
    """Sum spectra of the measured and the simulated painting."""
    figure, axes = plt.subplots(figsize=(11, 4.6), constrained_layout=True)
    SpectrumDisplay(
        energy,
        {"measured painting": spectra["measured"], "simulated painting": spectra["simulated"]},
        SHOWN,
    ).plot(ax=axes)
    _finish(axes, spectra["measured"], (1.0, 29.0), "mean of all pixels, Ag tube in air", 1e-3)
    for name, energy_kev in (("Ag K-alpha", line_group("Ag_K").main_energy), ("Compton", 20.75)):
        axes.axvline(energy_kev, color="0.6", lw=0.6, ls=":")
        axes.text(energy_kev, axes.get_ylim()[0] * 1.3, f" {name}", fontsize=7, rotation=90)
    figure.savefig(path, dpi=90)
    plt.close(figure)


def _finish(
    axes: Axes, counts: Array, limits: tuple[float, float], title: str, floor: float
) -> None:
    axes.set_yscale("log")
    axes.set_xlim(*limits)
    axes.set_ylim(counts.max() * floor, counts.max() * 6)
    axes.text(0.01, 0.96, title, transform=axes.transAxes, va="top", fontsize=9)


@click.command("measured-samples")
def main() -> None:
    """Two measured samples of unknown composition, beside the forward model."""
    if not DATA.exists():
        raise click.ClickException(
            f"{DATA} is not there: the measured spectra are not part of the project."
        )
    measured = m6_spectrum()
    sample, model = fit_sample(measured)
    energy, spectra = painting_spectra()
    rows = [*m6_rows(measured, sample, model), *painting_rows(energy, spectra)]
    table = pd.DataFrame(
        rows, columns=["sample", "what", "measured", "expected", "ratio", "fitted"]
    )
    click.echo(write_rows(RESULTS / "measured_samples.csv", table).to_string(index=False))
    draw_m6(measured, model, PLOTS / "m6.png")
    draw_painting(energy, spectra, PLOTS / "painting.png")
