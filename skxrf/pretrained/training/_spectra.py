"""Fresh spectra from the bank: counts, calibration, resolution, chemistry and noise drawn anew."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import ndtr
from torch import Tensor

from skxrf.pretrained._axis import COMPONENT_GROUPS, ENERGY, L_GROUP_OF_K, LINE_GROUPS
from skxrf.pretrained._linear_filter_fit import background_shapes, linear_filter_fit
from skxrf.utils.processor import bfloat16_product
from skxrf.utils.typing import Float32Array

from ._bank import GAIN, UNIT, WIDE_ENERGY, PhotonChunk, chunk_elements
from ._settings import TrainingSettings

# Reach of the kernel that moves and widens templates [channels].
_REACH = 25
# Elements that most paintings contain.
_COMMON = (
    *("Al", "Si", "P", "S", "Cl", "K", "Ca", "Ti", "Mn", "Fe", "Ni", "Cu", "Zn", "Sr", "Pb"),
    *("Ba", "Hg", "Cr"),
)


class Spectra(NamedTuple):
    """Training samples."""

    counts: NDArray[np.uint16]  # (n, n_channels), uint16: spectra
    fits: Float32Array
    """(n, n_components), float32: linear filter fits of the spectra [counts], as on a painting of
    these stacks."""
    intensities: Float32Array  # (n, n_groups), float32: true net intensities [counts]
    variances: Float32Array
    """(n, n_groups), float32: their variances by photon noise alone, all else being known
    [counts**2]."""


def draw_spectra(
    chunk: PhotonChunk,
    settings: TrainingSettings,
    rng: np.random.Generator,
    n: int,
) -> Spectra:
    """Draw spectra of the stacks of one instrument.

    `chunk`: the stacks and the instrument's templates. `rng`: source of the random numbers. `n`:
    number of spectra; each expected spectrum gives `settings.draws` of them, at other doses.
    """
    n_expected = -(-n // settings.draws)
    rows = torch.from_numpy(rng.permutation(np.arange(n_expected) % len(chunk.lines)))
    lines = torch.from_numpy(chunk.lines).index_select(0, rows).float() * UNIT
    scatter = torch.from_numpy(chunk.scatter).index_select(0, rows).float() * UNIT
    present = _present(chunk, settings, rng)
    _mix(lines, scatter, settings, rng)
    _rescale(lines, chunk, settings, rng)
    lines *= torch.from_numpy(present[chunk.owners].astype(np.float32))
    _inject(lines, chunk, settings, rng, present)
    _change_scatter(scatter, chunk, settings, rng)
    lines *= torch.from_numpy(_line_factors(chunk, settings, rng))
    true_kernel, assumed_kernel = _axis_kernels(rng)
    parts_of = [chunk.line_templates, chunk.scatter_templates, chunk.gas[None]]
    kernel = torch.from_numpy(true_kernel).bfloat16()
    templates = torch.cat(
        [bfloat16_product(torch.from_numpy(part).bfloat16(), kernel) for part in parts_of]
    )
    gas = float(np.exp(0.5 * rng.standard_normal()))
    piled = rng.uniform(0, settings.most_pile_up) * (rng.random() < settings.pile_up_share)
    window = torch.from_numpy(_window(rng))
    member = torch.from_numpy(
        (chunk.groups[:, None] == np.arange(len(LINE_GROUPS))).astype(np.float32)
    )

    def expected(lines: Tensor, scatter: Tensor) -> tuple[Tensor, Tensor]:
        """Shares of a spectrum's counts by channel, and of its line groups."""
        constant = torch.full((len(lines), 1), gas)
        photons = torch.cat([lines, scatter, constant], dim=1).bfloat16()
        shares = bfloat16_product(photons, templates).float()
        intensities = photons[:, : lines.shape[1]].float() @ member
        intensities += gas * torch.from_numpy(chunk.gas_lines)
        total = shares.sum(dim=1, keepdim=True)
        shares /= total
        intensities /= total
        if piled:
            shares, intensities = _pile_up(shares, intensities, piled)
        return shares * window, intensities

    shares, intensities = expected(lines, scatter)
    variances = _variances(shares, lines, templates[: lines.shape[1]].float(), member)
    fit = torch.from_numpy(
        _fit_matrix(chunk, settings, assumed_kernel, scatter, shares.mean(dim=0), present, rng)
    )
    parts = []
    for start in range(0, n, n_expected):
        m = min(n_expected, n - start)
        dose = _log_uniform(rng, settings.counts, (m, 1))
        counts = _poisson(shares[:m].numpy() * dose, rng)
        fits = (torch.from_numpy(counts.astype(np.float32)) @ fit.T).numpy()
        parts.append((counts, fits, intensities[:m].numpy() * dose, variances[:m].numpy() * dose))
    return joined(parts)


def joined(parts: Sequence[tuple[NDArray[Any], ...]]) -> Spectra:
    """Spectra of several parts, one after the other."""
    return Spectra(*(np.concatenate([part[i] for part in parts]) for i in range(4)))


def _log_uniform(
    rng: np.random.Generator, limits: tuple[float, float], shape: tuple[int, ...]
) -> Float32Array:
    low, high = np.log(limits)
    return np.exp(rng.uniform(low, high, size=shape)).astype(np.float32)


def _present(
    chunk: PhotonChunk, settings: TrainingSettings, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Elements of the painting that a visit stands for."""
    common = np.isin(chunk_elements(settings), _COMMON)
    chance = np.where(common, settings.common_share, settings.rare_share)
    present = rng.random(len(chance)) < chance
    # Some paintings contain everything.
    return np.asarray(present | (rng.random() < 0.1))


def _mix(
    lines: Tensor, scatter: Tensor, settings: TrainingSettings, rng: np.random.Generator
) -> None:
    """Spectra at the border of two paints."""
    mixed = torch.from_numpy(np.flatnonzero(rng.random(len(lines)) < settings.mixture_share))
    other = torch.from_numpy(rng.permutation(len(lines))[: len(mixed)])
    share = torch.from_numpy(rng.random((len(mixed), 1), dtype=np.float32))
    for photons in (lines, scatter):
        both = torch.lerp(photons.index_select(0, other), photons.index_select(0, mixed), share)
        photons.index_copy_(0, mixed, both)


def _rescale(
    lines: Tensor, chunk: PhotonChunk, settings: TrainingSettings, rng: np.random.Generator
) -> None:
    """Break the correlations of elements that palettes have."""
    n_elements = len(chunk.patterns)
    changed = np.flatnonzero(rng.random(len(lines)) < settings.rescaled_share)
    factors = np.exp(
        settings.rescaling * rng.standard_normal((changed.size, n_elements), dtype=np.float32)
    )
    factors *= rng.random((changed.size, n_elements)) >= settings.dropped_share
    rows = torch.from_numpy(changed)
    by_line = torch.from_numpy(factors).index_select(1, torch.from_numpy(chunk.owners))
    lines.index_copy_(0, rows, lines.index_select(0, rows) * by_line)


def _inject(
    lines: Tensor,
    chunk: PhotonChunk,
    settings: TrainingSettings,
    rng: np.random.Generator,
    present: NDArray[np.bool_],
) -> None:
    """Add lines of elements, absorbed more or less, that the stack may not contain."""
    # Elements whose lines leave the object; those that are asked for come twice as often.
    able = np.flatnonzero((chunk.patterns.sum(axis=1) > 0) & present)
    asked = np.intersect1d(np.unique(chunk.owners[chunk.groups >= 0]), able)
    anywhere = np.flatnonzero(chunk.patterns.sum(axis=1) > 0)
    pool = np.concatenate([able, np.tile(asked, max(1, able.size // max(asked.size, 1)))])
    number = rng.integers(1, 5, size=len(lines)) * (
        rng.random(len(lines)) < settings.injected_share
    )
    # Soft lines are absorbed more: what leaves from a few depths.
    softness = np.minimum((3.0 / chunk.energies) ** 2.8, 20.0)
    depths = np.concatenate([np.zeros(4), np.linspace(0.1, 2.0, 12)])
    left = torch.from_numpy(np.exp(-depths[:, None] * softness).astype(np.float32))
    patterns, shells = torch.from_numpy(chunk.patterns), torch.from_numpy(chunk.shells)
    for i in range(4):
        rows = torch.from_numpy(np.flatnonzero(number > i))
        m = len(rows)
        share = _log_uniform(rng, settings.injected, (m, 1))
        ratios = np.exp(0.25 * rng.standard_normal((m, 3), dtype=np.float32))
        # Now and then a grain of what the painting contains nowhere else.
        grain = rng.random(m) < settings.grain_share
        element = np.where(grain, rng.choice(anywhere, size=m), rng.choice(pool, size=m))
        added = patterns.index_select(0, torch.from_numpy(element))
        added *= left.index_select(0, torch.from_numpy(rng.integers(len(depths), size=m)))
        added *= torch.from_numpy(ratios).index_select(1, shells)
        # The share is that of what is detected, whatever was absorbed.
        added *= torch.from_numpy(share) / added.sum(dim=1, keepdim=True).clamp_min(1e-12)
        lines.index_copy_(0, rows, added.add_(lines.index_select(0, rows)))


def _change_scatter(
    scatter: Tensor, chunk: PhotonChunk, settings: TrainingSettings, rng: np.random.Generator
) -> None:
    """Scatter of lighter and heavier matrices, under beams of other shapes."""
    position = np.log(np.clip(chunk.scatter_energies, 1, 40) / 8) / np.log(4)
    shapes = np.stack([np.ones_like(position), position, 2 * position**2 - 1, position**3])
    size = np.array([settings.scatter_rescaling] + [settings.scatter_tilt] * 3, dtype=np.float32)
    steps = size * rng.standard_normal((len(scatter), 4), dtype=np.float32)
    # Half of it is the instrument's, the same for all its spectra.
    steps = 0.7 * steps + 0.7 * size * rng.standard_normal(4, dtype=np.float32)
    scatter *= torch.exp(torch.from_numpy(steps @ shapes.astype(np.float32)))


def _line_factors(
    chunk: PhotonChunk, settings: TrainingSettings, rng: np.random.Generator
) -> Float32Array:
    """Errors of the tables of line intensities, the same for all spectra of a visit."""
    spread = np.array(settings.line_errors)[chunk.shells]
    return np.exp(spread * rng.standard_normal(len(spread))).astype(np.float32)


def _axis_kernels(rng: np.random.Generator) -> tuple[Float32Array, Float32Array]:
    """Matrices from the wide axis to the model's: what is so, and what the calibration took for so.

    A painting's own lines fix its axis to a few electronvolts; a fifth of the visits are worse.
    """
    poor = 4.0 if rng.random() < 0.2 else 1.0
    offset = poor * 0.002 * rng.standard_normal()
    slope = poor * 0.0004 * rng.standard_normal()
    factor = rng.uniform(1.0, 1.3)
    wrong = max(1.0, factor * (1 + poor * 0.01 * rng.standard_normal()))
    return _axis_kernel(offset, slope, factor), _axis_kernel(0.0, 0.0, wrong)


def _axis_kernel(offset: float, slope: float, factor: float) -> Float32Array:
    """Shift [keV], stretch about the middle of the lines, and widen templates."""
    true = WIDE_ENERGY + offset + slope * (WIDE_ENERGY - 7.0)
    width = 0.12 * np.sqrt(0.4 + 0.6 * WIDE_ENERGY / 5.9)
    sigma = np.maximum(width * (1 / 2.35482) * np.sqrt(factor**2 - 1), 0.15 * GAIN)
    edges = np.append(ENERGY - GAIN / 2, ENERGY[-1] + GAIN / 2)
    nearest = np.rint((true - ENERGY[0]) / GAIN).astype(int)
    steps = np.arange(-_REACH, _REACH + 2)
    position = np.clip(nearest[:, None] + steps, 0, ENERGY.size)
    cumulative = ndtr((edges[position] - true[:, None]) / sigma[:, None])
    kernel = np.zeros((WIDE_ENERGY.size, ENERGY.size), np.float32)
    share = np.diff(cumulative, axis=1)
    row = np.broadcast_to(np.arange(WIDE_ENERGY.size)[:, None], share.shape)
    column = np.minimum(position[:, :-1], ENERGY.size - 1)
    np.add.at(kernel, (row, column), share.astype(np.float32))
    return kernel


def _fit_matrix(
    chunk: PhotonChunk,
    settings: TrainingSettings,
    kernel: Float32Array,
    scatter: Tensor,
    mean: Tensor,
    present: NDArray[np.bool_],
    rng: np.random.Generator,
) -> Float32Array:
    """The first fit as it would be on a painting of these stacks: its own mean ratios of lines."""
    elements = chunk_elements(settings)
    emitted = chunk.lines.mean(axis=0, dtype=np.float32) + np.float32(1e-9)
    emitted *= np.exp(0.02 * rng.standard_normal(len(emitted), dtype=np.float32))
    weights = np.zeros((len(COMPONENT_GROUPS), len(emitted)), np.float32)
    found = np.zeros(len(COMPONENT_GROUPS), bool)
    for i, name in enumerate(COMPONENT_GROUPS):
        symbol, shell = name.split("_")
        found[i] = symbol == "Ar" or present[elements.index(symbol)]
        if symbol == "Ar":
            continue  # only the gas contains it
        mine = (chunk.owners == elements.index(symbol)) & (chunk.shells == "KLM".index(shell))
        if mine.any():
            weights[i, mine] = emitted[mine] / emitted[mine].sum()
    components = (weights @ chunk.line_templates) @ kernel
    potassium = components[COMPONENT_GROUPS.index("K_K")]
    # K-alpha of argon is 0.356 keV below that of potassium, and of the same shape.
    components[COMPONENT_GROUPS.index("Ar_K")] = np.roll(potassium, -round(0.356 / GAIN))
    continuum = (scatter.mean(dim=0).numpy() @ chunk.scatter_templates) @ kernel
    wave = np.cos(rng.uniform(0, np.pi) + np.log(ENERGY) * rng.uniform(1, 5))
    continuum *= np.exp(0.05 * rng.standard_normal() * wave)
    # Now and then a sum spectrum seems to show what is not there, or hides what is.
    found ^= rng.random(len(found)) < np.where(found, 0.02, 0.05)
    for name, partner in L_GROUP_OF_K.items():
        found[COMPONENT_GROUPS.index(name)] = found[COMPONENT_GROUPS.index(partner)]
    shapes = np.vstack([components, background_shapes(continuum)])
    return linear_filter_fit(shapes, mean.numpy(), found)


def _window(rng: np.random.Generator) -> Float32Array:
    """Channels that are read out: some scanners end early, or start late."""
    window = np.ones(ENERGY.size, np.float32)
    if rng.random() < 0.1:
        window[rng.uniform(18, 29) < ENERGY] = 0
    if rng.random() < 0.15:
        window[rng.uniform(1.0, 1.9) > ENERGY] = 0
    return window


def _pile_up(shares: Tensor, intensities: Tensor, share: float) -> tuple[Tensor, Tensor]:
    """Two photons that are counted as one of their summed energy; three are left out."""
    n = 2 * ENERGY.size
    spectrum = torch.fft.rfft(shares, n=n)
    start = round(float(ENERGY[0]) / GAIN)
    sums = torch.fft.irfft(spectrum.square(), n=n)[:, : ENERGY.size - start]
    shares = shares * (1 - 2 * share)
    shares[:, start:] += share * sums.clamp_min(0)
    return shares / (1 - share), intensities * ((1 - 2 * share) / (1 - share))


def _variances(shares: Tensor, lines: Tensor, templates: Tensor, member: Tensor) -> Tensor:
    """Variance of each line group per count, its spectrum's shape and all others known."""
    mean = lines.mean(dim=0) + 1e-12
    weights = member * mean[:, None]
    shapes = (weights / weights.sum(dim=0).clamp_min(1e-30)).T @ templates
    # Argon is in the gas alone: its lines lie beside those of potassium, the next group.
    alone = shapes.sum(dim=1) == 0
    shapes = torch.where(alone[:, None], shapes.roll(-1, dims=0), shapes)
    inverse = torch.where(shares > 0, 1 / shares.clamp_min(1e-9), 0.0)
    return 1 / (inverse @ shapes.square().T).clamp_min(1e-12)


def _poisson(expected: Float32Array, rng: np.random.Generator) -> NDArray[np.uint16]:
    """Poisson counts, each half of the rows from a generator and a thread of its own."""
    halves = np.array_split(expected, 2)
    with ThreadPoolExecutor(2) as pool:
        drawn = pool.map(lambda half, own: own.poisson(half), halves, rng.spawn(2))
    counts = np.minimum(np.concatenate(list(drawn)), np.iinfo(np.uint16).max)
    return np.asarray(counts, dtype=np.uint16)
