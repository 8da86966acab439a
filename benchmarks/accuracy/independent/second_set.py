"""The second independent set: new palettes and scanners, an axis that drifts, details of one pixel.

Written down before anything was tuned on it. The line database, the natural widths and the form of
tails and shelves are those of the first set; palettes, scanners, detectors and seeds are new.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from benchmarks.accuracy.independent.instruments import INSTRUMENTS, BentInstrument, with_bent_axis
from benchmarks.accuracy.independent.lines import line_factors, lorentz_wings
from benchmarks.accuracy.independent.paintings import IndependentPainting
from benchmarks.accuracy.independent.palettes import SECOND_PALETTES
from benchmarks.accuracy.paintings import SHAPE, OtherTables, cached, render
from benchmarks.tables import CACHE
from skxrf.simulation import Absorber, Polycapillary


@dataclass(frozen=True)
class SecondPainting:
    """One painting of the set."""

    # palette, scanner: of `SECOND_PALETTES` and `SCANNERS`
    palette: str
    scanner: str
    seed: int  # of painting and axis
    drift: float = 0.0
    """Relative change of the gain from the first row to the last, linear in between."""
    n_details: int = 0  # single pixels of another paint than their surroundings


# Not to be changed.
PAINTINGS = (
    SecondPainting("flemish_panel", "Rh 50 vacuum", 201),
    SecondPainting("flemish_panel", "Ag 40 air", 202, drift=0.003),
    SecondPainting("veduta", "Mo 50 lens", 203),
    SecondPainting("veduta", "Rh 50 vacuum", 204, n_details=60),
    SecondPainting("expressionist_board", "Ag 40 air", 205),
    SecondPainting("expressionist_board", "Mo 50 lens", 206),
    SecondPainting("lime_wall", "Rh 50 vacuum", 207),
    SecondPainting("lime_wall", "Ag 40 air", 208),
)


def _scanner(base: str, detector: dict[str, float], **changes: object) -> BentInstrument:
    one = INSTRUMENTS[base]
    return replace(one, detector=replace(one.detector, **detector), **changes)


# Assumed throughout, within the range of scanners that are sold.
SCANNERS = {
    "Rh 50 vacuum": _scanner(
        "Rh 35 He",
        {"noise": 0.066, "fano": 0.117, "thickness": 0.5, "tail_fraction": 0.008,
         "tail_depth": 0.05, "tail_slope": 0.16, "shelf_fraction": 0.0022, "long_share": 0.3,
         "long_slope": 0.55, "shelf_rise": 0.2},
        name="scanner, Rh, low vacuum", voltage=50.0, table_voltage=None, filters=(),
        pressure_hpa=20.0, incidence=90.0, take_off=40.0, energy_offset=-0.12,
        energy_gain=0.0151, n_channels=2048,
    ),
    "Ag 40 air": _scanner(
        "Mo 45",
        {"noise": 0.081, "fano": 0.124, "thickness": 0.45, "tail_fraction": 0.014,
         "tail_depth": 0.09, "tail_slope": 0.1, "shelf_fraction": 0.0012, "long_share": 0.45,
         "long_slope": 0.8, "shelf_rise": -0.2},
        name="head on a gantry, Ag, air", anode="Ag", voltage=40.0, table_voltage=None,
        incidence=60.0, take_off=60.0, azimuth=180.0, path_in_mm=15.0, path_out_mm=10.0,
        energy_offset=0.03, energy_gain=0.0248, n_channels=1300,
    ),
    "Mo 50 lens": _scanner(
        "W 50",
        {"noise": 0.09, "fano": 0.119, "thickness": 0.8, "tail_fraction": 0.011,
         "tail_depth": 0.07, "tail_slope": 0.13, "shelf_fraction": 0.0018, "long_share": 0.4,
         "long_slope": 0.45, "shelf_rise": 0.5},
        name="scanner, Mo, lens", anode="Mo", voltage=50.0, table_voltage=None,
        tube_window=Absorber("Be", 100.0),
        lens=Polycapillary(cutoff=17.0, steepness=3.6, leak=0.02, absorption_um=8.0),
        take_off=45.0, path_in_mm=8.0, path_out_mm=18.0, energy_offset=-0.3,
        energy_gain=0.0205, n_channels=1800,
    ),
}  # fmt: skip
# As `CONTINUUM_TILT` of the first set.
_TILT = {"Rh 50 vacuum": 0.15, "Ag 40 air": -0.18, "Mo 50 lens": 0.25}


def detail_pixels(painting: SecondPainting, n_pixels: int) -> NDArray[np.intp]:
    """Positions of the details, in order of rows.

    `n_pixels`: pixels of the painting. Returns (n_details,).
    """
    rng = np.random.default_rng([painting.seed, 2])
    return rng.choice(n_pixels, painting.n_details, replace=False)


def load_painting(painting: SecondPainting) -> IndependentPainting:
    """Simulate a painting of the set, or take it from the cache."""
    name = f"{painting.palette}-{painting.scanner.replace(' ', '')}-{painting.seed}"
    path = CACHE / f"second-{name}.npz"
    return cached(path, IndependentPainting, lambda: simulate(painting))


def simulate(painting: SecondPainting, shape: tuple[int, int] = SHAPE) -> IndependentPainting:
    """Render a painting of the set.

    Its bound is that of the undrifted axis.
    """
    scanner = with_bent_axis(SCANNERS[painting.scanner], painting.seed)
    tables = OtherTables(
        line_factors,
        lambda model: lorentz_wings(model, scanner.edges),
        (scanner.energy.clip(1, 40) / 8) ** _TILT[painting.scanner],
    )

    def order(n_pixels: int) -> NDArray[np.intp]:
        """Each detail takes the paints of a pixel half the painting away."""
        places = np.arange(n_pixels)
        details = detail_pixels(painting, n_pixels)
        places[details] = (details + n_pixels // 2) % n_pixels
        return places

    made = render(
        SECOND_PALETTES[painting.palette], painting.scanner, scanner, painting.seed,
        shape=shape, tables=tables, order=order,
    )  # fmt: skip
    values = {one.name: getattr(made, one.name) for one in fields(made)}
    values["expected"] = _drifted(made.expected, scanner.edges, painting.drift)
    return IndependentPainting(
        **values,
        claimed=scanner.claimed_energy,
        bound_at_one=made.bound(1.0),
        tube=scanner.anode,
    )


def _drifted(
    expected: NDArray[np.float32], edges: NDArray[np.float64], drift: float
) -> NDArray[np.float32]:
    """Expected counts where the gain of each row differs; no count is lost but at the ends."""
    if not drift:
        return expected
    moved = np.empty_like(expected)
    for row, share in enumerate(np.linspace(-0.5, 0.5, len(expected))):
        cumulative = np.cumsum(expected[row], axis=1, dtype=np.float64)
        cumulative = np.concatenate([np.zeros((len(cumulative), 1)), cumulative], axis=1)
        places = np.clip(edges * (1 + drift * share), edges[0], edges[-1])
        moved[row] = np.diff(PchipInterpolator(edges, cumulative, axis=1)(places), axis=1)
    return moved
