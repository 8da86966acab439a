"""Lines of many line groups and of scattered tube radiation, as columns of a design matrix."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skxrf.utils.typing import Array

from ._detector import DetectorResponse
from ._lines import LineGroup, line_families, line_group
from ._peaks import PeakChange, render_changes, render_peaks
from ._scatter import (
    FEW_SCATTERINGS,
    SCATTERINGS,
    ComptonMixture,
    compton_energy,
    scattered_tube_group,
)
from ._silicon import absorbed_share, escape_fraction
from ._xraylib import edge_energy
from .constants import FWHM_OF_SIGMA, PAIR_ENERGY, SILICON, BetaSatellites


@dataclass(frozen=True)
class Detail:
    """Detail with which line groups are rendered."""

    families: str
    """{"none", "coarse", "fine"}: columns of a line group: one, or one for each family, see
    :func:`skxrf.physics._lines.line_families`."""
    compton: ComptonMixture  # scatterings that make up a Compton peak
    least_share: float
    """Lines weaker than this share of the strongest line of their column are left out."""
    rayleigh: bool
    """True where the Rayleigh peaks of an anode are columns of the table, and its Compton peaks split
    into families. Otherwise they are those of the anode's line group."""
    least_twice: float = 15.0
    """Energy below which photons are absorbed rather than scattered twice [keV]."""
    least_scattered: float = 0.02
    """Share of an anode's lines below which they do not shape a Compton peak that is not split."""


# For a comparison of many axes; for the fit of an axis; for areas.
WHOLE = Detail("none", FEW_SCATTERINGS, least_share=4e-3, rayleigh=False)
COARSE = Detail("coarse", FEW_SCATTERINGS, least_share=4e-3, rayleigh=False)
EXACT = Detail("fine", SCATTERINGS, least_share=1e-3, rayleigh=True)


class Peaks(NamedTuple):
    """Lines of a column, or of all columns of a table, each (n_lines,)."""

    energies: Array  # energy [keV]
    intensities: Array  # share of the column
    widths: Array  # natural width [keV]
    broadening: Array  # added full width at half maximum [keV]
    satellite: NDArray[np.bool_]  # True for satellites of K-beta, on top of the column's counts

    @classmethod
    def of(
        cls,
        energies: Array,
        intensities: Array,
        widths: Array | float = 0.0,
        *,
        broadening: Array | float = 0.0,
        satellite: bool = False,
    ) -> Peaks:
        """Lines of which some numbers are the same for all."""
        shape = energies.shape
        return cls(
            energies,
            intensities,
            np.broadcast_to(widths, shape),
            np.broadcast_to(broadening, shape),
            np.full(shape, satellite),
        )

    @classmethod
    def of_all(cls, parts: Sequence[Peaks]) -> Peaks:
        """Lines of several columns, one after the other."""
        return cls(*map(np.concatenate, zip(*parts, strict=True)))

    def joined(self, other: Peaks) -> Peaks:
        """These lines and others."""
        return Peaks.of_all([self, other])


@dataclass(frozen=True)
class LineTable:
    """Lines of many columns of a design matrix."""

    lines: Peaks = field(repr=False)
    columns: NDArray[np.int64] = field(repr=False)  # (n_lines,), int: column of each line
    labels: list[tuple[str, str]]
    """Line group, ``Rh_rayleigh`` or ``Rh_compton`` of each column, and the family of lines."""
    shares: Array = field(repr=False)
    """(n_columns,): share of each column in the net counts of its group, by theory."""

    def render(
        self, edges: Array, detector: DetectorResponse, amplitudes: Array | None = None
    ) -> Array:
        """Counts per bin of each column, or of all with amplitudes.

        `edges` (n_bins + 1,): increasing bin edges [keV]. `detector`: width and tail of a peak.
        Compton peaks have no tail. `amplitudes` (n_columns,): counts of the columns, to be summed.
        Returns (n_bins, n_columns): integrals over the bins.
        """
        used, peaks = self._peaks(detector, amplitudes)
        if amplitudes is not None:
            return np.asarray(render_peaks(edges, **peaks)[0])
        columns, n_columns = self.columns[used], len(self.labels)
        return render_peaks(edges, **peaks, columns=columns, n_columns=n_columns).T

    def derivatives(
        self, edges: Array, detector: DetectorResponse, amplitudes: Array, moves: Sequence[Array]
    ) -> Array:
        """Derivatives of the counts per bin of all columns with amplitudes.

        `moves` (n_bins + 1,): changes of the edges [keV]. Returns (n_bins, n_moves + 6): by the
        moves, then by noise, Fano factor, tail fraction, tail slope, natural width and satellites
        of the detector.
        """
        used, peaks = self._peaks(detector, amplitudes)
        photons = np.maximum(peaks["energies"], 0.0)
        changes = [
            *(PeakChange(edges=move) for move in moves),
            PeakChange(sigmas=detector.noise / FWHM_OF_SIGMA**2 / peaks["sigmas"]),
            PeakChange(sigmas=PAIR_ENERGY / 2 * photons / peaks["sigmas"]),
            PeakChange(tails=(self.lines.broadening[used] == 0).astype(np.float64)),
            PeakChange(tail_slope=1.0),
            PeakChange(widths=self.lines.widths[used]),
        ]
        _, satellites = self._peaks(detector, amplitudes, lines=0.0, satellites=1.0)
        by_satellites = render_peaks(edges, **satellites)
        return np.vstack([render_changes(edges, **peaks, changes=changes), by_satellites]).T

    def _peaks(
        self,
        detector: DetectorResponse,
        amplitudes: Array | None,
        *,
        lines: float = 1.0,
        satellites: float | None = None,
    ) -> tuple[NDArray[np.bool_], dict[str, Any]]:
        """Lines with counts, and their peaks as `render_peaks` takes them.

        `lines`, `satellites`: factors of their counts; of satellites by default the detector's.
        """
        factor = detector.satellites if satellites is None else satellites
        intensities = self.lines.intensities * np.where(self.lines.satellite, factor, lines)
        if amplitudes is not None:
            intensities = intensities * amplitudes[self.columns]
        used = intensities > 0
        energies, broadening = self.lines.energies[used], self.lines.broadening[used]
        return used, {
            "energies": energies,
            "intensities": intensities[used],
            "sigmas": np.hypot(detector.fwhm(energies), broadening) / FWHM_OF_SIGMA,
            "tails": np.where(broadening == 0, detector.tail(energies), 0.0),
            "tail_slope": detector.tail_slope,
            "widths": detector.natural_width * self.lines.widths[used],
        }

    def columns_of(self, name: str) -> list[int]:
        """Columns of a line group."""
        return [i for i, label in enumerate(self.labels) if label[0] == name]


@functools.lru_cache(maxsize=4096)
def _group_lines(
    name: str, tube_voltage: float, detail: Detail, thickness: float
) -> list[tuple[str, float, Peaks]]:
    """Label, share and peaks of the lines of each family of a group."""
    group = line_group(name, tube_voltage=tube_voltage)
    stopped = absorbed_share(group.energies, thickness / 10)
    found = []
    for family, chosen in _families(group, detail).items():
        shares = group.intensities[chosen] * stopped[chosen]
        shares /= shares.sum()
        lines = group.energies[chosen]
        peaks = _with_escape(lines, shares, group.widths[chosen], detail.least_share)
        if family == "beta":
            peaks = peaks.joined(beta_satellites(group, float(lines @ shares)))
        found.append((family, float(group.intensities[chosen].sum()), peaks))
    return found


def beta_satellites(group: LineGroup, beta: float) -> Peaks:
    """Radiative Auger satellites per count of K-beta lines of a mean energy [keV]."""
    band = BetaSatellites()
    bound = edge_energy(group.atomic_number, "M1")
    if group.atomic_number < band.first:
        return Peaks.of(np.zeros(0), np.zeros(0))
    depths = np.array(band.depths) * bound
    counts = band.share * (bound / 0.1) ** band.power * np.array(band.parts)
    return Peaks.of(beta - depths, counts, broadening=band.width * depths, satellite=True)


def _families(group: LineGroup, detail: Detail) -> dict[str, NDArray[np.bool_]]:
    if detail.families == "none":
        return {"": np.ones(group.energies.size, bool)}
    return line_families(group, fine=detail.families == "fine")


def _with_escape(lines: Array, intensities: Array, widths: Array, least_share: float) -> Peaks:
    """Lines of a share of the strongest, and their escape peaks of a quarter of that."""
    strong = intensities >= least_share * intensities.max()
    lines, intensities, widths = lines[strong], intensities[strong], widths[strong]
    escaping = intensities * escape_fraction(lines)
    seen = escaping > least_share / 4
    escape = Peaks.of(lines[seen] - SILICON.k_alpha, escaping[seen], widths[seen])
    return Peaks.of(lines, intensities, widths).joined(escape)


class _Columns:
    """Columns of a table under construction."""

    def __init__(self) -> None:
        self.parts: list[Peaks] = []
        self.labels: list[tuple[str, str]] = []
        self.shares: list[float] = []

    def add(self, label: tuple[str, str], share: float, peaks: Peaks) -> None:
        self.parts.append(peaks)
        self.labels.append(label)
        self.shares.append(share)

    def table(self) -> LineTable:
        if not self.parts:
            none = np.zeros(0)
            return LineTable(Peaks.of(none, none), none.astype(np.int64), [], none)
        sizes = [part.energies.size for part in self.parts]
        columns = np.repeat(np.arange(len(sizes)), sizes)
        peaks = Peaks.of_all(self.parts)
        return LineTable(peaks, columns, self.labels, np.array(self.shares))


def line_table(
    groups: Sequence[str],
    anodes: Sequence[str] = (),
    *,
    detail: Detail = COARSE,
    tube_voltage: float = 50.0,
    thickness: float = DetectorResponse.thickness,
) -> LineTable:
    """Gather the lines of line groups and the scattered lines of anodes.

    `groups`: line groups, such as ``Fe_K``. `anodes`: elements of tubes whose scattered lines are
    columns, such as ``Rh``. `detail`: families, scatterings and weakest lines. `tube_voltage`:
    voltage of the tube [kV]. `thickness`: thickness of the silicon [mm], which stops soft lines
    better than hard ones. The table has escape peaks too; columns of groups first, in their order.
    """
    columns = _Columns()
    for name in groups:
        for family, share, peaks in _group_lines(name, tube_voltage, detail, thickness):
            columns.add((name, family), share, peaks)
    for anode in anodes:
        if detail.rayleigh:
            _add_scatter_by_family(columns, anode, detail)
        else:
            _add_compton(columns, anode, detail)
    return columns.table()


def _add_compton(columns: _Columns, anode: str, detail: Detail) -> None:
    group = scattered_tube_group(anode)
    strong = group.intensities > detail.least_scattered
    for angles in detail.compton.scatterings:
        if len(angles) > 1 and group.main_energy < detail.least_twice:
            continue
        lines = compton_energy(group.energies[strong], *angles)
        label = (f"{anode}_compton", f"{sum(angles):g}")
        counts = group.intensities[strong]
        columns.add(label, 1.0, Peaks.of(lines, counts, broadening=detail.compton.doppler * lines))


def _add_scatter_by_family(columns: _Columns, anode: str, detail: Detail) -> None:
    group = scattered_tube_group(anode)
    for family, chosen in line_families(group, fine=True).items():
        lines, shares = group.energies[chosen], group.intensities[chosen]
        share = float(shares.sum())
        peaks = _with_escape(lines, shares / share, group.widths[chosen], detail.least_share)
        columns.add((f"{anode}_rayleigh", family), share, peaks)
    for family, chosen in line_families(group).items():
        lines, shares = group.energies[chosen], group.intensities[chosen]
        shares = shares / shares.sum()
        for angles in detail.compton.scatterings:
            label = (f"{anode}_compton", f"{family} " + " ".join(f"{angle:g}" for angle in angles))
            after = compton_energy(lines, *angles)
            broadening = detail.compton.doppler * after
            columns.add(label, 1.0, Peaks.of(after, shares, broadening=broadening))


def scattered_tube_families(
    anode: str, detector: DetectorResponse, edges: Array
) -> dict[str, Array]:
    """Parts of which the anode's scattered lines are a sum, whatever geometry and filter.

    `anode`: chemical symbol of the tube's anode. `detector`: width and tail of a peak. `edges`
    (n_channels + 1,): bin edges [keV]. Returns (n_channels,): names such as ``Rh_rayleigh alpha``
    and ``W_compton L3 115``, of families of lines and scattering angles in degrees; each of one
    count. Those of two angles are scattered twice.
    """
    table = line_table((), (anode,), detail=EXACT)
    spectra = table.render(edges, detector).T
    return {" ".join(label): part for label, part in zip(table.labels, spectra, strict=True)}
