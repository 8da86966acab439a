"""Scan of a whole simulated painting, in blocks of rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from skxrf.exceptions import SkxrfError
from skxrf.simulation._forward import ForwardModel
from skxrf.simulation._instrument import Instrument
from skxrf.simulation._rendering import Renderer, simulate_batches

from ._palettes import Palette, check_palettes
from ._plan import PaintingPlan

# The paper's eleven (Gerodimos et al.).
DEFAULT_LINE_GROUPS = (
    *("S_K", "K_K", "Ca_K", "Cr_K", "Mn_K", "Fe_K", "Cu_K", "Sr_K", "Au_L", "Hg_L", "Pb_L"),
)


@dataclass(frozen=True)
class _Blocks:
    """Sizes of blocks of pixels."""

    planned: int = 20_000
    """Pixels planned together: each call draws all marks of the painting that it meets."""
    computed: int = 128  # pixels computed together: they fit into a processor's cache
    # dose_pixels, dose_rows: pixels, or rows of a large painting, whose mean gives the dose
    dose_pixels: int = 600
    dose_rows: int = 8


class PaintingScan:
    """Scan of a painting: counts and true net intensities of any block of rows.

    Parameters
    ----------
    plan : PaintingPlan
        The painting.
    groups : sequence of str
        Line groups whose true intensities are asked for.
    instrument : Instrument
        The scanner.
    mean_counts : float
        Mean counts per pixel; the dwell time is the same for all pixels.
    count_rate : float
        Photons per second, which makes pile-up.
    random_state : int
        Seed of the photon noise.
    """

    def __init__(
        self,
        plan: PaintingPlan,
        groups: Sequence[str],
        instrument: Instrument,
        *,
        mean_counts: float = 5000.0,
        count_rate: float = 0.0,
        random_state: int = 0,
    ) -> None:
        if not 0 < mean_counts < np.inf:
            raise SkxrfError(f"mean_counts must be positive, got {mean_counts!r}.")
        self.plan = plan
        self.instrument = instrument
        self.renderer = Renderer(
            ForwardModel(plan.elements, instrument), groups, count_rate=count_rate
        )
        self._seed = int(random_state)
        # Layer stacks of a painting of one block: for the dose and for the counts.
        self._whole = plan.stacks() if np.prod(plan.shape) <= _Blocks.planned else None
        self.dose = mean_counts / self._mean_at_dose_one()

    def _mean_at_dose_one(self) -> float:
        n_rows, _ = self.plan.shape
        if self._whole is not None:
            parts = [self._whole]
        else:
            chosen = np.linspace(0, n_rows - 1, _Blocks.dose_rows).astype(int)
            parts = [self.plan.stacks(slice(row, row + 1)) for row in chosen.tolist()]
        compositions, masses = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        step = max(1, len(masses) // _Blocks.dose_pixels)
        compositions, masses = compositions[::step], masses[::step]
        total = 0.0
        for start in range(0, len(masses), _Blocks.computed):
            part = slice(start, start + _Blocks.computed)
            stacks = compositions[part], masses[part]
            ones = np.ones(len(stacks[1]))
            spectra, _ = self.renderer.expected(stacks, ones, per_spectrum=False)
            total += float(spectra.sum(dtype=np.float64))
        return total / len(masses)

    def blocks(
        self, *, n_jobs: int = 1
    ) -> Iterator[tuple[slice, NDArray[np.uint16], NDArray[np.float32]]]:
        """Simulate the painting from above, a block of rows at a time.

        Yields
        ------
        rows : slice
            Rows of the block.
        counts : ndarray of shape (n_rows, n_columns, n_channels), uint16
            Counts.
        intensities : ndarray of shape (n_rows, n_columns, n_groups), float32
            True net intensities [counts].
        """
        for rows in self.plan.blocks(_Blocks.planned):
            stacks = self._whole or self.plan.stacks(rows)
            shape = (rows.stop - rows.start, self.plan.shape[1], -1)
            counts, intensities = self._simulated(stacks, rows.start, n_jobs)
            yield rows, counts.reshape(shape), intensities.reshape(shape)

    def pixels(
        self, chosen: NDArray[np.intp], *, n_jobs: int = 1
    ) -> tuple[NDArray[np.uint16], NDArray[np.float32]]:
        """Simulate some pixels only, such as those of a random sample.

        Parameters
        ----------
        chosen : ndarray of int
            Numbers of the pixels in row order, increasing.
        n_jobs : int
            Threads.

        Returns
        -------
        counts : ndarray of shape (n_chosen, n_channels), uint16
            Counts.
        intensities : ndarray of shape (n_chosen, n_groups), float32
            True net intensities [counts].
        """
        counts = np.empty((len(chosen), self.instrument.n_channels), np.uint16)
        intensities = np.empty((len(chosen), len(self.renderer.groups)), np.float32)
        n_columns = self.plan.shape[1]
        for rows in self.plan.blocks(_Blocks.planned):
            limits = np.searchsorted(chosen, [rows.start * n_columns, rows.stop * n_columns])
            part = slice(*limits.tolist())
            if part.start == part.stop:
                continue
            own = chosen[part] - rows.start * n_columns
            compositions, masses = self._whole or self.plan.stacks(rows)
            found = self._simulated((compositions[own], masses[own]), rows.start, n_jobs)
            counts[part], intensities[part] = found
        return counts, intensities

    def _simulated(
        self, stacks: tuple[NDArray[np.float64], NDArray[np.float64]], first_row: int, n_jobs: int
    ) -> tuple[NDArray[np.uint16], NDArray[np.float32]]:
        """Counts and intensities of the stacks of pixels of a block."""
        starts = range(0, len(stacks[1]), _Blocks.computed)
        parts = simulate_batches(
            self.renderer,
            [self._batch(*stacks, start) for start in starts],
            # The noise of a block does not depend on the blocks before it.
            np.random.SeedSequence([self._seed, first_row]).spawn(len(starts)),
            per_spectrum=False,
            n_jobs=n_jobs,
        )
        counts, intensities = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        return counts, intensities

    def _batch(
        self, compositions: NDArray[np.float64], masses: NDArray[np.float64], start: int
    ) -> Any:
        part = slice(start, start + _Blocks.computed)

        def stacks(rng: np.random.Generator) -> Any:
            return (compositions[part], masses[part]), np.full(len(masses[part]), self.dose)

        return stacks

    def label_cube(self, counts: NDArray[np.uint16]) -> xr.DataArray:
        """Put the counts of all rows into the library's layout.

        Parameters
        ----------
        counts : ndarray of shape (n_rows, n_columns, n_channels), uint16
            Counts.

        Returns
        -------
        DataArray of dims (y, x, energy)
            With axes in mm and keV, and a description of the simulation in its attributes.
        """
        energy = ("energy", self.instrument.energy, {"units": "keV"})
        return xr.DataArray(
            counts,
            dims=("y", "x", "energy"),
            coords={**self._positions(), "energy": energy},
            name="counts",
            attrs=self.provenance,
        )

    def label_maps(self, intensities: NDArray[np.float32]) -> xr.DataArray:
        """Put the true intensities of all rows into the library's layout.

        Parameters
        ----------
        intensities : ndarray of shape (n_rows, n_columns, n_groups), float32
            Net intensities [counts].

        Returns
        -------
        DataArray of dims (y, x, element)
            With axes in mm, and a description of the simulation in its attributes.
        """
        return xr.DataArray(
            intensities,
            dims=("y", "x", "element"),
            coords={**self._positions(), "element": list(self.renderer.groups)},
            name="intensity",
            attrs=self.provenance,
        )

    def _positions(self) -> dict[str, Any]:
        mm = {"units": "mm"}
        return {"y": ("y", self.plan.y, mm), "x": ("x", self.plan.x, mm)}

    @property
    def provenance(self) -> dict[str, Any]:
        """Description of the simulation, for the attributes of files."""
        return {
            "units": "counts",
            "source": "simulated by skxrf.simulation",
            "palette": self.plan.palette.name,
            "title": self.plan.palette.title,
            "layout": self.plan.layout,
            "instrument": self.instrument.name,
            "tube": f"{self.instrument.anode}, {self.instrument.voltage:g} kV",
        }


def painting_scan(
    palette: str | Palette = "icon_test",
    *,
    shape: Sequence[int] | None = None,
    pixel_size: float | None = None,
    elements: Sequence[str] = DEFAULT_LINE_GROUPS,
    instrument: Instrument | None = None,
    mean_counts: float = 5000.0,
    count_rate: float = 0.0,
    random_state: Any = None,
) -> PaintingScan:
    """Plan the scan of a painting, to be simulated in blocks.

    Parameters
    ----------
    palette, shape, pixel_size, elements, instrument, mean_counts, count_rate, random_state
        As in :func:`simulate_painting`.

    Returns
    -------
    PaintingScan
        Its method ``blocks`` gives the scan.
    """
    (chosen,) = check_palettes(palette)
    if pixel_size is not None and not pixel_size > 0:
        raise SkxrfError(f"pixel_size must be positive [mm], got {pixel_size!r}.")
    if shape is None:
        size = chosen.size_mm or (100.0, 80.0)
        step = pixel_size or 1.0
        shape = max(1, round(size[0] / step)), max(1, round(size[1] / step))
    rng = check_random_state(random_state)
    of_plan, of_noise = (int(seed) for seed in rng.randint(2**31 - 1, size=2))
    plan = PaintingPlan(shape, chosen, of_plan, pixel_size=pixel_size)
    return PaintingScan(
        plan,
        elements,
        instrument or Instrument.m6_jetstream(),
        mean_counts=mean_counts,
        count_rate=count_rate,
        random_state=of_noise,
    )


def simulate_painting(
    palette: str | Palette = "icon_test",
    *,
    shape: Sequence[int] | None = None,
    pixel_size: float | None = None,
    elements: Sequence[str] = DEFAULT_LINE_GROUPS,
    instrument: Instrument | None = None,
    mean_counts: float = 5000.0,
    count_rate: float = 0.0,
    n_jobs: int = 1,
    random_state: Any = None,
) -> tuple[xr.DataArray, xr.DataArray]:
    """Simulate the MA-XRF scan of a painting, with its true net intensities.

    Parameters
    ----------
    palette : str or Palette
        Materials and composition; ``icon_1`` to ``icon_3`` and ``icon_test`` are the four
        paintings of the paper's experiment.
    shape : pair of int, optional
        Rows and columns; by default the painting's size over `pixel_size`.
    pixel_size : float, optional
        Step of the scan [mm]; by default the painting's size over `shape`, or 1.
    elements : sequence of str
        Line groups of the maps; default the paper's eleven.
    instrument : Instrument, optional
        The scanner; default the M6 Jetstream.
    mean_counts : float
        Mean counts per pixel.
    count_rate : float
        Photons per second, which makes pile-up.
    n_jobs : int
        Threads.
    random_state : int, RandomState or None
        Seed of painting and noise.

    Returns
    -------
    cube : DataArray of dims (y, x, energy), uint16
        Counts.
    maps : DataArray of dims (y, x, element), float32
        True net intensities [counts], before photon noise.

    Raises
    ------
    SkxrfError
        If there is no such palette, or a number is out of its range.
    LineGroupError
        If nothing in the painting gives a line group.

    Examples
    --------
    >>> from skxrf.simulation import simulate_painting
    >>> cube, maps = simulate_painting("icon_test", shape=(10, 8), random_state=0)
    >>> cube.shape, maps.shape
    ((10, 8, 4096), (10, 8, 11))
    """
    scan = painting_scan(
        palette,
        shape=shape,
        pixel_size=pixel_size,
        elements=elements,
        instrument=instrument,
        mean_counts=mean_counts,
        count_rate=count_rate,
        random_state=random_state,
    )
    cube = np.empty((*scan.plan.shape, scan.instrument.n_channels), np.uint16)
    maps = np.empty((*scan.plan.shape, len(elements)), np.float32)
    for rows, counts, intensities in scan.blocks(n_jobs=n_jobs):
        cube[rows] = counts
        maps[rows] = intensities
    return scan.label_cube(cube), scan.label_maps(maps)
