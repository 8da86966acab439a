"""Bank of photons on disk: emission of random layer stacks under random instruments."""

from __future__ import annotations

import functools
import logging
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from skxrf.pretrained._axis import ENERGY, LINE_GROUPS
from skxrf.simulation import ForwardModel, random_stacks
from skxrf.utils.files import whole_file
from skxrf.utils.typing import Float32Array

from ._instruments import random_instrument
from ._settings import TrainingSettings

_log = logging.getLogger(__name__)

Half = NDArray[np.float16]

GAIN = float(ENERGY[1] - ENERGY[0])
# Templates reach 30 channels beyond the model's axis on both sides, for counts of shifted axes.
WIDE_ENERGY: NDArray[np.float64] = ENERGY[0] - 30 * GAIN + GAIN * np.arange(ENERGY.size + 2 * 30)
# Intensities are shares of a spectrum's counts; in half precision, in units of this.
UNIT = 1e-4


@dataclass(frozen=True)
class PhotonChunk:
    """Photons of layer stacks under one instrument."""

    lines: Half
    """(n_stacks, n_lines), float16: net counts of each line, in units of 1e-4 of the counts of the
    spectrum."""
    scatter: Half
    """(n_stacks, n_bins), float16: scattered photons by the energy bin of the tube's spectrum,
    likewise."""
    line_templates: (
        Float32Array  # (n_lines, n_wide), float32: spectra of one net count on `WIDE_ENERGY`
    )
    scatter_templates: Float32Array  # (n_bins, n_wide), float32: spectra of one scattered photon
    scatter_energies: Float32Array  # (n_bins,), float32: mean detected energy of each [keV]
    gas: Float32Array  # (n_wide,), float32: mean share of the gas in a spectrum, by channel
    gas_lines: Float32Array
    """(n_groups,), float32: mean net counts of the line groups in the gas, as shares of a
    spectrum's counts."""
    energies: Float32Array  # (n_lines,), float32: energies of the lines [keV]
    owners: NDArray[np.intp]  # (n_lines,), int: element of each line
    groups: NDArray[np.intp]
    """(n_lines,), int: position of the line's group in `LINE_GROUPS`, -1 for one that is not
    mapped."""
    shells: NDArray[np.intp]  # (n_lines,), int: 0, 1, 2 for K, L, M
    patterns: Float32Array
    """(n_elements, n_lines), float32: shares of an element's lines from a thin layer."""


def make_chunk(settings: TrainingSettings, index: int, batch: int = 128) -> PhotonChunk:
    """Simulate the stacks of one random instrument.

    `index`: number of the instrument; seeds follow from it. `batch`: stacks at a time.
    """
    rng = np.random.default_rng([settings.seed, 1, index])
    instrument = random_instrument(
        rng, offset=float(WIDE_ENERGY[0]), gain=GAIN, n_channels=WIDE_ENERGY.size
    )
    n = min(
        settings.stacks_per_instrument, settings.n_stacks - index * settings.stacks_per_instrument
    )
    elements, compositions, masses = random_stacks(n, rng, foreign_share=settings.foreign_share)
    model = ForwardModel(elements, instrument)
    templates = model.templates()
    parts = [
        model.photons(compositions[start : start + batch], masses[start : start + batch])
        for start in range(0, n, batch)
    ]
    lines = np.concatenate([part.lines for part in parts])
    scatter = np.concatenate([part.scatter for part in parts])
    total = lines @ templates.lines.sum(axis=1) + scatter @ templates.scatter.sum(axis=1)
    total = total[:, None] + templates.gas.sum()
    tables = model.tables
    thin = (tables.production_bins @ model.flux) * model.efficiency
    owner = tables.owners == np.arange(len(elements))[:, None]
    patterns = thin * owner
    patterns /= np.maximum(patterns.sum(axis=1, keepdims=True), 1e-300)
    # Lines below the model's axis, or all scatter of an unseen bin, cannot be told apart.
    seen = np.maximum(templates.scatter.sum(axis=1), 1e-30)
    names = {name: i for i, name in enumerate(LINE_GROUPS)}
    per_spectrum = float((1 / total).mean())
    gas_lines = model.gas_intensities(LINE_GROUPS) * per_spectrum
    return PhotonChunk(
        (lines / (total * UNIT)).astype(np.float16),
        np.minimum(scatter / (total * UNIT) * seen, 6e4).astype(np.float16),
        templates.lines,
        templates.scatter / seen[:, None].astype(np.float32),
        (templates.scatter @ WIDE_ENERGY / seen).astype(np.float32),
        (templates.gas * per_spectrum).astype(np.float32),
        gas_lines.astype(np.float32),
        tables.energies.astype(np.float32),
        tables.owners,
        np.array([names.get(str(group), -1) for group in tables.groups]),
        np.array(["KLM".index(str(group)[-1]) for group in tables.groups]),
        patterns.astype(np.float32),
    )


def chunk_path(folder: Path, settings: TrainingSettings, index: int) -> Path:
    """Path of a chunk of a recipe."""
    name = f"photons-{settings.seed}-{settings.stacks_per_instrument}-{index:04d}.npz"
    return folder / name


def stored_chunk(folder: Path, settings: TrainingSettings, index: int) -> PhotonChunk:
    """Read a chunk from disk, or make and store it."""
    path = chunk_path(folder, settings, index)
    if not path.exists():
        chunk = make_chunk(settings, index)
        with whole_file(path) as partial, partial.open("wb") as file:
            np.savez(file, **{field.name: getattr(chunk, field.name) for field in fields(chunk)})
        return chunk
    with np.load(path) as arrays:
        return PhotonChunk(**{field.name: arrays[field.name] for field in fields(PhotonChunk)})


@functools.lru_cache(maxsize=4)
def chunk_elements(settings: TrainingSettings) -> tuple[str, ...]:
    """Chemical symbols of the elements that all chunks of a recipe contain, in their order."""
    return random_stacks(1, 0, foreign_share=settings.foreign_share)[0]


def fill_bank(folder: Path, settings: TrainingSettings) -> None:
    """Make the chunks that are not there yet, in two processes."""
    folder.mkdir(parents=True, exist_ok=True)
    every = range(settings.n_instruments)
    missing = [i for i in every if not chunk_path(folder, settings, i).exists()]
    if not missing:
        return
    make = delayed(_keep_chunk)
    parallel = Parallel(n_jobs=2, return_as="generator_unordered")
    for done, _ in enumerate(parallel(make(folder, settings, i) for i in missing), start=1):
        if done % 10 == 0 or done == len(missing):
            _log.info("bank of photons: %d of %d instruments", done, len(missing))


def _keep_chunk(folder: Path, settings: TrainingSettings, index: int) -> None:
    stored_chunk(folder, settings, index)
