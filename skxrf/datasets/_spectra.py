"""Spectra from line shapes: families of lines, absorption, continuum, scatter, Poisson noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from skxrf.exceptions import LineGroupError, SkxrfError
from skxrf.physics import DetectorResponse, line_families, line_group, scattered_tube_lines
from skxrf.utils.energy import bin_edges

from ._palette import GROUND, Paint

__all__ = ["SpectrumModel", "simulate_counts"]

_AIR = {"Ar_K": 0.04}
_SCATTER_SHARE = {"rayleigh": 0.02, "compton": 0.05}
# Share of the counts of bare ground in its continuum.
_CONTINUUM = 0.9


class SpectrumModel:
    """From coverages of paints to expected spectra and net intensities.

    The ground's lines are absorbed by the paint above, more so the softer they are (optical
    depth falls as E**-2.8, Jenkins, Gould & Gedcke 1995, Quantitative X-ray Spectrometry): this
    changes both intensities and the ratios within a line group, as in a real painting.

    Parameters
    ----------
    energy : ndarray of shape (n_channels,)
        Bin centres [keV].
    detector : DetectorResponse
        Line shapes.
    paints : sequence of Paint
        The paints, in the order of the coverages.
    """

    def __init__(
        self, energy: NDArray[np.float64], detector: DetectorResponse, paints: Sequence[Paint]
    ) -> None:
        edges = bin_edges(energy)
        self.names = sorted({name for paint in (*paints, GROUND) for name in paint.lines} | {*_AIR})
        self.paints = list(paints)
        families = [
            (name, group.energies[chosen], group.intensities[chosen])
            for name in self.names
            for group in [line_group(name)]
            for chosen in line_families(group).values()
        ]
        self.groups = np.array([name for name, _, _ in families])
        self.energies = np.array([float(np.average(e, weights=i)) for _, e, i in families])
        self.shares = np.array([i.sum() for _, _, i in families])
        lines = [detector.peaks(e, i / i.sum(), edges) for _, e, i in families]
        scatter = scattered_tube_lines("Rh", detector, edges)
        tube = sum(share * scatter[f"Rh_{kind}"] for kind, share in _SCATTER_SHARE.items())
        self.components = np.vstack([*lines, *(_CONTINUUM * _continua(energy)), tube])
        self.of_group = (self.groups[:, None] == np.array(self.names)).astype(np.float64)

    def amplitudes(
        self, coverages: NDArray[np.float64], ground: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Relative amplitude of each component: families of lines, two continua, tube lines.

        Parameters
        ----------
        coverages : ndarray of shape (n_pixels, n_paints)
            Coverage of each paint.
        ground : ndarray of shape (n_pixels,)
            Coverage of the ground below.

        Returns
        -------
        ndarray of shape (n_pixels, n_components)
            Their product with `components` is the expected spectrum at a dose of one.
        """
        absorption = coverages @ np.array([paint.absorption for paint in self.paints])
        depth = absorption[:, None] * (self.energies / 5.0) ** -2.8
        # Light from within an absorbing layer: (1 - exp(-t)) / t of what a thin one would give.
        within = -np.expm1(-depth) / np.maximum(depth, 1e-9)
        painted = coverages @ self._line_table(self.paints)
        air = np.array([_AIR.get(str(name), 0.0) for name in self.groups]) * self.shares
        lines = (
            painted * within + ground[:, None] * self._line_table([GROUND]) * np.exp(-depth) + air
        )
        light = 0.4 + 0.6 * ground + coverages @ np.array([paint.scatter for paint in self.paints])
        hard = np.exp(-absorption / 3)
        background = np.stack(
            [light * hard, light * (1 - hard), light * (0.4 + 0.6 * hard)], axis=1
        )
        return np.hstack([lines, background])

    def intensities(self, amplitudes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Net intensities of all groups in `names`, (n_pixels, n_groups)."""
        return np.asarray(amplitudes[:, : len(self.groups)] @ self.of_group)

    def _line_table(self, paints: Sequence[Paint]) -> NDArray[np.float64]:
        table = [[paint.lines.get(str(name), 0.0) for name in self.groups] for paint in paints]
        return np.asarray(np.asarray(table) * self.shares)


def _continua(energy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Two continuum shapes of sum 1: over light matter, and over heavy matter."""
    positive = np.maximum(energy, 0.3)
    # Kramers' law, cut off below by air and window, scattered more at high energies.
    kramers = np.clip(50.0 / positive - 1, 0, None) * np.exp(-((2.2 / positive) ** 2.8))
    shapes = np.array([kramers * (1 + 0.05 * positive**1.3), kramers * (0.6 + 0.01 * positive**2)])
    return np.asarray(shapes / shapes.sum(axis=1, keepdims=True))


def simulate_counts(
    coverages: NDArray[np.float64],
    ground: NDArray[np.float64],
    paints: Sequence[Paint],
    energy: NDArray[np.float64],
    elements: Sequence[str],
    mean_counts: float,
    rng: np.random.RandomState,
    *,
    batch_size: int = 4096,
) -> tuple[NDArray[np.uint16], NDArray[np.float32]]:
    """Counts (n_pixels, n_channels) and true intensities (n_pixels, n_line_groups)."""
    if not mean_counts > 0:
        raise SkxrfError(f"mean_counts must be positive, got {mean_counts!r}.")
    model = SpectrumModel(energy, DetectorResponse(tail_fraction=0.02), paints)
    unknown = [name for name in elements if name not in model.names]
    if unknown:
        raise LineGroupError(
            f"no paint of the simulation holds {', '.join(unknown)}: choose from "
            f"{', '.join(model.names)}."
        )
    columns = [model.names.index(name) for name in elements]
    counts = np.empty((len(coverages), energy.size), np.uint16)
    truth = np.empty((len(coverages), len(columns)), np.float32)
    amplitudes = model.amplitudes(coverages, ground)
    # One dose for all pixels: the mean over them is what the user asked for.
    amplitudes *= mean_counts / (amplitudes @ model.components.sum(axis=1)).mean()
    for start in range(0, len(coverages), batch_size):
        part = slice(start, start + batch_size)
        expected = amplitudes[part] @ model.components
        counts[part] = np.minimum(rng.poisson(expected), np.iinfo(np.uint16).max)
        truth[part] = model.intensities(amplitudes[part])[:, columns]
    return counts, truth
