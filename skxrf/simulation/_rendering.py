"""Expected spectra at given doses and axes, and the counts that a detector draws from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from skxrf.exceptions import Argument, LineGroupError, SkxrfError
from skxrf.physics import line_group
from skxrf.physics._pile_up import pile_up

from ._forward import AxisError, ForwardModel
from ._instrument import Instrument

# Compositions (n, n_layers, n_elements) and areal masses (n, n_layers) of stacks.
Stacks = tuple[NDArray[np.floating], NDArray[np.floating]]


class Renderer:
    """Spectra of stacks at given doses, under one or several errors of the axis.

    `groups`: line groups whose true intensities are asked for. `errors`: the axes that spectra are
    drawn on. `count_rate`: photons per second of live time, which makes pile-up.
    """

    def __init__(
        self,
        model: ForwardModel,
        groups: Sequence[str],
        errors: Sequence[AxisError] = (AxisError(),),
        *,
        count_rate: float = 0.0,
    ) -> None:
        if not 0 <= count_rate < 1e7:
            raise SkxrfError(
                f"count_rate must lie between 0 and 1e7 counts per second, got {count_rate!r}."
            )
        _check_groups(groups, model.instrument)
        self.model = model
        self.groups = tuple(groups)
        self.templates = [model.templates(error) for error in errors]
        self.count_rate = count_rate

    def expected(
        self,
        stacks: Stacks,
        doses: NDArray[np.floating],
        axes: NDArray[np.integer] | None = None,
        *,
        per_spectrum: bool,
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Expected spectra and true net intensities.

        `stacks`: compositions (n, n_layers, n_elements) and areal masses (n, n_layers) [g/cm2].
        `doses` (n,): expected counts of each spectrum if `per_spectrum`, else factors of a dose of
        one. `axes` (n,), int: index of the axis error of each spectrum; default the first.
        `per_spectrum`: whether doses are counts of each spectrum. Returns `spectra`
        (n, n_channels), float32: expected counts; `intensities` (n, n_groups), float32: true net
        intensities [counts].
        """
        photons = self.model.photons(*stacks)
        if axes is None:
            axes = np.zeros(len(photons), dtype=int)
        spectra = np.empty((len(photons), self.templates[0].gas.size), np.float32)
        for index in np.unique(axes):
            mine = axes == index
            spectra[mine] = self.templates[index].spectra(photons.chosen(mine))
        factors = np.asarray(doses, dtype=np.float32)
        if per_spectrum:
            factors = factors / np.maximum(spectra.sum(axis=1), np.float32(1e-30))
        spectra *= factors[:, None]
        intensities = self.model.intensities(photons, self.groups) * factors[:, None]
        if self.count_rate > 0:
            spectra, alone = self._piled_up(spectra)
            intensities *= alone
        return spectra, intensities

    def _piled_up(self, spectra: NDArray[np.float32]) -> tuple[NDArray[np.float32], np.float32]:
        """Recorded spectra, and the share of photons that are recorded alone."""
        scanner = self.model.instrument
        recorded = pile_up(
            spectra,
            self.count_rate,
            resolution_us=scanner.pulse_pair_resolution_us,
            energy_offset=scanner.energy_offset,
            energy_gain=scanner.energy_gain,
        )
        # Neither joined to the photon before nor joined by the next.
        alone = np.exp(-2e-6 * self.count_rate * scanner.pulse_pair_resolution_us)
        return recorded.astype(np.float32), np.float32(alone)


def _check_groups(groups: Sequence[str], instrument: Instrument) -> None:
    if isinstance(groups, str) or len(set(groups)) < len(groups):
        raise LineGroupError(
            Argument("elements", groups),
            ": expected a sequence of different line groups, such as ['Fe_K', 'Pb_L'].",
        )
    low, high = (float(instrument.edges[k]) for k in (0, -1))
    for name in groups:
        energy = line_group(name, tube_voltage=instrument.voltage).main_energy
        if not low < energy < high:
            raise LineGroupError(
                f"{name} has its strongest line at {energy:.2f} keV, outside the axis of {low:.2f} to "
                f"{high:.2f} keV: leave it out, or give another axis."
            )


def simulate_batches(
    renderer: Renderer,
    batches: Sequence[Callable[[np.random.Generator], tuple[Stacks, NDArray[np.floating]]]],
    seeds: Sequence[np.random.SeedSequence],
    *,
    per_spectrum: bool = True,
    n_jobs: int = 1,
) -> Iterator[tuple[NDArray[np.uint16], NDArray[np.float32]]]:
    """Draw counts batch by batch; the result does not depend on the number of threads.

    Yields `counts` (n, n_channels), uint16: Poisson counts; `intensities` (n, n_groups), float32:
    True net intensities [counts].
    """

    def one(index: int) -> tuple[NDArray[np.uint16], NDArray[np.float32]]:
        rng = np.random.default_rng(seeds[index])
        stacks, doses = batches[index](rng)
        axes = rng.integers(len(renderer.templates), size=len(doses))
        spectra, intensities = renderer.expected(stacks, doses, axes, per_spectrum=per_spectrum)
        counts = rng.poisson(spectra)
        return np.minimum(counts, np.iinfo(np.uint16).max).astype(np.uint16), intensities

    if n_jobs < 1:
        raise SkxrfError(f"n_jobs must be at least 1, got {n_jobs!r}.")
    if n_jobs == 1:
        yield from map(one, range(len(batches)))
        return
    with ThreadPoolExecutor(n_jobs) as pool:
        # A few batches ahead, not all: memory stays bounded.
        ahead = [pool.submit(one, i) for i in range(min(2 * n_jobs, len(batches)))]
        for index in range(len(batches)):
            yield ahead[index].result()
            ahead[index] = None  # type: ignore[call-overload]
            if len(ahead) < len(batches):
                ahead.append(pool.submit(one, len(ahead)))
