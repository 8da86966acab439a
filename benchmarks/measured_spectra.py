"""The forward model against measured spectra.

One figure a row, measured and expected, and the continuum of the acrylic scatterers in bands of
1 keV. Tests check the rows that have a tolerance against it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares, nnls

from benchmarks.measured_files import (
    DATA,
    FILTERS,
    Measured,
    acrylic,
    m6_spectrum,
    orbis_sum,
    pure_element,
)
from benchmarks.measured_model import (
    ACRYLIC,
    ACRYLIC_MASS,
    Expected,
    expected,
    fit_lens,
    m4,
    m6_in_helium,
)
from benchmarks.measured_plots import draw
from benchmarks.tables import RESULTS, write_rows
from skxrf.physics import DetectorResponse, line_group
from skxrf.physics._silicon import escape_fraction

Array = NDArray[np.float64]

ELEMENTS = ("Si", "S", "Ti", "Cr", "Fe", "Ni", "Cu", "Zr", "Sn")
THICK = 5.0  # g/cm2
# Calcium phosphate, the sample of the M6 spectrum by its own analysis (51 % Ca, 8 % P by mass of
# what the instrument sees; the rest is taken as the oxygen and carbon of phosphate and carbonate).
PHOSPHATE = {"Ca": 0.39, "P": 0.07, "O": 0.46, "C": 0.08}


@dataclass(frozen=True)
class Row:
    """One figure: measured, expected, and the relative deviation that is allowed."""

    check: str
    spectrum: str
    measured: float
    expected: float
    tolerance: float | None

    @property
    def ratio(self) -> float:
        """Expected over measured."""
        return self.expected / self.measured

    @property
    def within(self) -> bool:
        """True if the deviation is within the tolerance; figures without one always are."""
        return self.tolerance is None or abs(self.ratio - 1) <= self.tolerance


def measure() -> list[Row]:
    """All figures."""
    return [
        *resolution(),
        *k_beta_ratios(),
        *shelf_levels(),
        *tail_levels(),
        escape_of_iron(),
        *scatter_ratios(),
        *continuum_shape(),
        *common_scale(),
        *m6_figures(),
    ]


def _window(measured: Measured, low: float, high: float) -> slice:
    first, last = np.searchsorted(measured.energy, [low, high])
    return slice(int(first), int(last))


def _fit_lines(
    measured: Measured, detector: DetectorResponse, parts: list[tuple[Array, Array]], where: slice
) -> tuple[float, float, Array]:
    """Width factor, shift [keV] and areas of lines over a flat background in a window.

    Each part is line energies and shares; the background is a constant and a step down at the
    first part's energy.
    """
    edges = measured.offset + measured.gain * (np.arange(where.start, where.stop + 1) - 0.5)
    counts = measured.counts[where]
    # Weights by single counts would favour the channels that fluctuate down.
    weights = 1 / np.sqrt(np.maximum(np.convolve(counts, np.ones(9) / 9, "same"), 1))

    def design(parameters: Array) -> Array:
        factor, shift = parameters
        wider = detector.scaled(factor)
        columns = [wider.peaks(e, i / i.sum(), edges - shift) for e, i in parts]
        below = np.cumsum(columns[0][::-1])[::-1] / columns[0].sum()
        return np.column_stack([*columns, np.ones(counts.size), below]) * weights[:, None]

    def residuals(parameters: Array) -> Array:
        matrix = design(parameters)
        return matrix @ nnls(matrix, counts * weights)[0] - counts * weights

    fit = least_squares(residuals, [1.0, 0.0], bounds=([0.7, -0.05], [1.4, 0.05]))
    areas = nnls(design(fit.x), counts * weights)[0]
    return float(fit.x[0]), float(fit.x[1]), areas[: len(parts)]


def _alpha_beta(symbol: str) -> list[tuple[Array, Array]]:
    group = line_group(f"{symbol}_K")
    alpha = np.array([line.startswith("KL") for line in group.lines])
    return [(group.energies[k], group.intensities[k]) for k in (alpha, ~alpha)]


def resolution() -> Iterator[Row]:
    """Full width at half maximum of K-alpha [keV] along the axis."""
    detector = replace(m4("Rh", "none", pure_element("Fe")).detector, escape=False)
    for symbol in ELEMENTS:
        measured, (alpha, _) = pure_element(symbol), _alpha_beta(symbol)
        main = float(alpha[0][0])
        width = float(detector.fwhm(main))
        where = _window(measured, main - 1.1 * width, main + 0.9 * width)
        factor, _, _ = _fit_lines(measured, detector, [alpha], where)
        yield Row("FWHM [keV]", f"{symbol} K-alpha", factor * width, width, 0.03)


def k_beta_ratios() -> Iterator[Row]:
    """K-beta over K-alpha as counted, absorption and efficiency included."""
    for symbol in ELEMENTS:
        if symbol in ("Si", "S"):  # their K-beta is a shoulder of K-alpha
            continue
        measured = pure_element(symbol)
        instrument = m4("Rh", "none", measured)
        alpha, beta = _alpha_beta(symbol)
        detector = replace(instrument.detector, escape=False)
        low = float(alpha[0][0] - 2 * detector.fwhm(alpha[0][0]))
        where = _window(measured, low, float(beta[0].max() + 2 * detector.fwhm(beta[0].max())))
        _, _, areas = _fit_lines(measured, detector, [alpha, beta], where)
        model = expected(instrument, {symbol: 1.0}, THICK)
        is_k = model.tables.groups == f"{symbol}_K"
        split = (alpha[0].max() + beta[0].min()) / 2
        is_beta = is_k & (model.tables.energies > split)
        ratio = model.lines[is_beta].sum() / model.lines[is_k & ~is_beta].sum()
        yield Row("K-beta / K-alpha", symbol, areas[1] / areas[0], float(ratio), 0.10)


def _levels(symbol: str, low: float, high: float) -> tuple[float, float]:
    """Mean level [1/keV per net count] between two energies, less what the sample scatters."""
    measured = pure_element(symbol)
    instrument = m4("Rh", "none", measured)
    instrument = replace(instrument, detector=replace(instrument.detector, escape=False))
    model = expected(instrument, {symbol: 1.0}, THICK)
    is_k = model.tables.groups == f"{symbol}_K"
    main = model.tables.energies[is_k][np.argmax(model.lines[is_k])]
    peak, band = _window(measured, main - 0.15, main + 0.15), _window(measured, low, high)
    scale = measured.counts[peak].sum() / model.spectrum[peak].sum()
    net = scale * model.lines[is_k].sum() * measured.gain
    counted = measured.counts[band] - scale * model.scatter.sum(axis=0)[band]
    lines = scale * (model.lines @ model.response)[band]
    return float(counted.mean() / net), float(lines.mean() / net)


def shelf_levels() -> Iterator[Row]:
    """The shelf far below the peak, where no line lies."""
    for symbol, low, high in (
        ("S", 1.2, 1.6),
        ("Ti", 0.9, 1.5),
        ("Cr", 0.9, 1.5),
        ("Fe", 0.9, 1.5),
    ):
        counted, model = _levels(symbol, low, high)
        yield Row("shelf [1/keV]", f"{symbol} {low:g}-{high:g} keV", counted, model, None)


def tail_levels() -> Iterator[Row]:
    """The tail at 0.3 keV below K-alpha."""
    for symbol, energy in (("S", 2.307), ("Ti", 4.511), ("Cr", 5.415), ("Fe", 6.404)):
        counted, model = _levels(symbol, energy - 0.35, energy - 0.25)
        yield Row("tail [1/keV]", f"{symbol} K-alpha - 0.3 keV", counted, model, None)


def escape_of_iron() -> Row:
    """Si escape peak of Fe K-alpha over its peak; the pure elements' files had it removed."""
    measured = orbis_sum()
    detector = DetectorResponse(noise=0.07, fano=0.12, escape=False)
    iron = _alpha_beta("Fe")[0]
    width = float(detector.fwhm(6.4))
    factor, _, (peak,) = _fit_lines(
        measured, detector, [iron], _window(measured, 6.4 - 1.2 * width, 6.4 + width)
    )
    detector = detector.scaled(factor)
    escaping = (np.array([float(iron[0][0]) - 1.740]), np.ones(1))
    parts = [*_alpha_beta("Ti"), escaping]
    _, _, areas = _fit_lines(measured, detector, parts, _window(measured, 4.25, 5.1))
    return Row(
        "Si escape fraction", "Orbis, Fe K-alpha", float(areas[2] / peak),
        float(escape_fraction(np.array([6.40]))[0]), 0.25,
    )  # fmt: skip


def common_scale() -> Iterator[Row]:
    """Counts per second of each pure element, all under one scale: that of K lines from Si to Cu.

    The scale contains tube current and solid angle. Hard photons leak through the lens in a wider
    beam than it focuses, so K lines of Zr and Sn are not compared; nor are L lines, whose yields
    are uncertain.
    """
    groups = [f"{symbol}_K" for symbol in ELEMENTS] + ["Zr_L", "Sn_L"]
    pairs = {group: _counted_and_expected(group) for group in groups}
    compared = [g for g in groups if g not in ("Zr_K", "Sn_K", "Zr_L", "Sn_L")]
    scale = np.exp(np.mean([np.log(pairs[g][0] / pairs[g][1]) for g in compared]))
    for group, (counted, own) in pairs.items():
        tolerance = 0.10 if group in compared else None
        yield Row("counts/s, one scale", group.replace("_", " "), counted, scale * own, tolerance)


def _counted_and_expected(group: str) -> tuple[float, float]:
    """Net counts per second of a group, by its expected shape over a sloping background."""
    symbol = group.split("_", maxsplit=1)[0]
    measured = pure_element(symbol)
    instrument = m4("Rh", "none", measured)
    instrument = replace(instrument, detector=replace(instrument.detector, escape=False))
    model = expected(instrument, {symbol: 1.0}, THICK)
    mine = model.tables.groups == group
    energies = model.tables.energies[mine]
    where = _window(measured, energies.min() - 0.25, energies.max() + 0.25)
    slope = np.linspace(0, 1, where.stop - where.start)
    shape = (model.lines[mine] @ model.response[mine])[where]
    counts = measured.counts[where]
    weights = 1 / np.sqrt(np.maximum(np.convolve(counts, np.ones(9) / 9, "same"), 1))
    matrix = np.column_stack([shape, slope, 1 - slope])
    scale = nnls(matrix * weights[:, None], counts * weights)[0][0]
    net = float(model.lines[mine].sum())
    return net * scale / measured.live_time, net


def _acrylic_spectra() -> Iterator[tuple[str, str, Measured]]:
    for name in FILTERS:
        yield "Mo", name, acrylic("Mo", name)
    yield "Rh", "none", pure_element("Acrylic")
    for name in list(FILTERS)[1:]:
        yield "Rh", name, acrylic("Rh", name)


def scatter_ratios() -> Iterator[Row]:
    """Compton over Rayleigh of the tube's K-alpha, and how well their shapes fit."""
    for anode, name, measured in _acrylic_spectra():
        model = expected(m4(anode, name, measured), ACRYLIC, ACRYLIC_MASS)
        yield from compton_over_rayleigh(anode, name, measured, model)


def compton_over_rayleigh(
    anode: str, name: str, measured: Measured, model: Expected
) -> tuple[Row, Row]:
    """Areas of the model's Rayleigh and Compton peaks, and of the rest, fitted to a spectrum."""
    main = line_group(f"{anode}_K").main_energy
    where = _window(measured, 0.92 * main, 1.03 * main)
    rayleigh, compton = model.tube_lines
    rest = model.scatter.sum(axis=0) - rayleigh - compton
    matrix = np.column_stack([rayleigh[where], compton[where], rest[where]])
    counts = measured.counts[where]
    weights = 1 / np.sqrt(np.maximum(counts, 1))
    areas, _ = nnls(matrix * weights[:, None], counts * weights)
    own = float(compton[where].sum() / rayleigh[where].sum())
    smooth = np.convolve(counts, np.ones(5) / 5, "same")
    shape = np.convolve(matrix @ areas, np.ones(5) / 5, "same") / smooth - 1
    label = f"{anode} {name}"
    return (
        Row("Compton / Rayleigh", label, own * float(areas[1] / areas[0]), own, 0.25),
        Row("scatter peaks, 1 + rms of misfit", label, 1.0, 1 + float(np.std(shape)), None),
    )


def continuum_bands(measured: Measured, model: Expected) -> list[tuple[float, float, float]]:
    """Lower edge [keV], counts and expected counts of bands of 1 keV from 5 to 30 keV.

    The expected ones have the measured total; 7-8 keV is left out: nickel of the instrument.
    """
    bands = [_window(measured, low, low + 1) for low in range(5, 30) if low != 7]
    counted = np.array([measured.counts[band].sum() for band in bands])
    model_counts = np.array([model.spectrum[band].sum() for band in bands])
    model_counts *= counted.sum() / model_counts.sum()
    lows = [float(low) for low in range(5, 30) if low != 7]
    return list(zip(lows, counted.tolist(), model_counts.tolist(), strict=True))


def stray_radiation() -> Array:
    """Radiation of the Mo tube that reaches the detector under every filter, per channel.

    The residual of the thickest filter above 24 keV, where filters take least; it is the same
    within 25 % under all filters and absent with the Rh tube.
    """
    measured = acrylic("Mo", "f5")
    model = expected(m4("Mo", "f5", measured), ACRYLIC, ACRYLIC_MASS).spectrum
    lines = _window(measured, 15.8, 19.5)
    model = model * (measured.counts[lines].sum() / model[lines].sum())
    smooth = np.convolve(measured.counts - model, np.ones(101) / 101, "same")
    return np.where(measured.energy > 24, smooth, 0.0)


def _acrylic_models() -> Iterator[tuple[str, str, Measured, Expected]]:
    """The acrylic spectra, less stray radiation, and their models; not the one it was taken from."""
    stray = stray_radiation()
    for anode, name, measured in _acrylic_spectra():
        counts = measured.counts - stray if anode == "Mo" else measured.counts
        cleaned = replace(measured, counts=counts)
        if (anode, name) != ("Mo", "f5"):
            model = expected(m4(anode, name, cleaned), ACRYLIC, ACRYLIC_MASS)
            yield anode, name, cleaned, model


def continuum_shape() -> Iterator[Row]:
    """The band of 1 keV that is furthest off, among those above 1 % of the highest band."""
    for anode, name, measured, model in _acrylic_models():
        bands = continuum_bands(measured, model)
        bright = max(counted for _, counted, _ in bands) / 100
        seen = [band for band in bands if band[1] > bright]
        low, counted, own = max(seen, key=lambda band: abs(np.log(band[2] / band[1])))
        yield Row(
            "continuum, worst band", f"{anode} {name}, {low:g}-{low + 1:g} keV", counted, own, 0.30
        )


def m6_figures() -> Iterator[Row]:
    """Widths and ratios in a spectrum of the M6, whose sample is known roughly."""
    measured = m6_spectrum()
    instrument = m6_in_helium(measured)
    detector = replace(instrument.detector, escape=False)
    alpha, beta = _alpha_beta("Ca")
    width = float(detector.fwhm(alpha[0][0]))
    where = _window(measured, alpha[0][0] - 1.1 * width, alpha[0][0] + 0.9 * width)
    factor, _, _ = _fit_lines(measured, detector, [alpha], where)
    yield Row("FWHM [keV]", "M6, Ca K-alpha", factor * width, width, 0.03)
    where = _window(measured, alpha[0][0] - 2 * width, beta[0].max() + 2 * width)
    _, _, areas = _fit_lines(measured, detector, [alpha, beta], where)
    model = expected(instrument, PHOSPHATE, THICK)
    is_k = model.tables.groups == "Ca_K"
    is_beta = is_k & (model.tables.energies > 3.9)
    ratio = model.lines[is_beta].sum() / model.lines[is_k & ~is_beta].sum()
    yield Row("K-beta / K-alpha", "M6, Ca", float(areas[1] / areas[0]), float(ratio), 0.10)
    top = _window(measured, 18.0, 19.6)
    yield Row(
        "Compton peak [keV]", "M6, Rh K-alpha", _peak_energy(measured, measured.counts, top),
        _peak_energy(measured, model.spectrum, top), 0.005,
    )  # fmt: skip


def _peak_energy(measured: Measured, counts: Array, where: slice) -> float:
    """Top of a broad peak [keV]: a parabola through the logarithms around it."""
    smooth = np.convolve(counts, np.ones(11) / 11, "same")[where]
    energy = measured.energy[where]
    near = np.abs(energy - energy[np.argmax(smooth)]) < 0.2
    curve = np.polyfit(energy[near] - 19.0, np.log(smooth[near]), 2)
    return float(19.0 - curve[1] / (2 * curve[0]))


@click.command("measured-spectra")
@click.option("--plots", type=click.Path(path_type=Path), help="Folder for the overlay plots.")
def main(plots: Path | None) -> None:
    """The forward model against measured spectra: widths, line ratios, scatter, continuum."""
    if not DATA.exists():
        raise click.ClickException(
            f"{DATA} is not there: the measured spectra are not part of the project."
        )
    print("lens fitted to Rh f1:", fit_lens(acrylic("Rh", "f1"), "f1"))
    rows = [
        {
            "check": row.check,
            "spectrum": row.spectrum,
            "measured": f"{row.measured:.5g}",
            "expected": f"{row.expected:.5g}",
            "ratio": f"{row.ratio:.3f}",
            "tolerance": "" if row.tolerance is None else f"{row.tolerance:g}",
            "within": row.within,
        }
        for row in measure()
    ]
    click.echo(write_rows(RESULTS / "measured_spectra.csv", rows).to_string(index=False))
    bands = [
        {
            "spectrum": f"{anode} {name}",
            "from_kev": low,
            "measured": f"{counted:.0f}",
            "expected": f"{own:.0f}",
            "ratio": f"{own / counted:.3f}",
        }
        for anode, name, measured, model in _acrylic_models()
        for low, counted, own in continuum_bands(measured, model)
    ]
    write_rows(RESULTS / "measured_spectra_bands.csv", bands)
    if plots:
        draw(plots)
