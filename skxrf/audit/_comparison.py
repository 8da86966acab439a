"""Differences of two maps of the same pixels beyond their errors, and their likely reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from skxrf.exceptions import LineGroupError, SkxrfError
from skxrf.inference.protocol import SpectrumComponents
from skxrf.physics import line_group
from skxrf.utils.typing import Array
from skxrf.utils.validation import as_map_dataset


@dataclass(frozen=True)
class ComparisonRule:
    """Thresholds of the comparison of two maps."""

    block: int = 8  # rows and columns of the squares over which differences are averaged [pixels]
    significance: float = 5.0
    """Least mean difference of a line group that is explained [standard errors of blocks]."""
    explained: float = 0.5  # least share of the variance of the differences that names a reason
    simpler: float = 0.03
    """Advantage of a scale factor over other reasons, which all correlate with it."""
    overlap: float = 0.05  # least overlap (cosine of the templates) of two line groups
    sum_peak: float = 0.15
    """Greatest distance of the sum of two lines from a line of the group [keV]."""
    strong_lines: float = 0.3
    """Least share of its group's intensity of a line that makes or meets sum peaks."""
    axis_shift: float = 0.015
    """Least error of the stated axis at a line [keV] that may explain a difference."""


def compare_maps(
    first: xr.DataArray | xr.Dataset,
    second: xr.DataArray | xr.Dataset,
    *,
    fit: SpectrumComponents | None = None,
    true_energy: NDArray[np.float64] | None = None,
    same_counts: bool = True,
) -> pd.DataFrame:
    """Differences of two maps of the same pixels, and the likely reason of each.

    Parameters
    ----------
    first, second : DataArray of dims (y, x, element), or Dataset
        Maps by two methods, two detectors or of two scans; a Dataset has ``intensity`` and
        perhaps ``uncertainty``.
    fit : SpectrumComponents, optional
        Fit of the scan, whose templates tell which line groups overlap.
    true_energy : ndarray of shape (n_channels,), optional
        Bin centers [keV] as found in the spectra, beside those that ``fit.energy_`` states: a
        difference at a line where the two disagree may be one of axes.
    same_counts : bool
        Whether both maps are of the same counts. Their noise is then partly common, and
        ``beyond_errors`` a lower limit.

    Returns
    -------
    DataFrame
        A row for each line group of both: ``mean``, of `first`; ``difference``, mean of
        `second` - `first`, and its ``difference_error`` by the scatter of blocks [counts];
        ``rms``, root mean square difference; ``beyond_errors``, share of pixels further apart than
        two of their standard errors together (0.046 if they are right), NaN where a map states
        none; ``slope`` of `second` over `first`, by block means; ``reason`` and the share of the
        variance of block means that it ``explained``.

    Raises
    ------
    SkxrfError
        If the maps are of other pixels.
    LineGroupError
        If they have no line group in common.

    Notes
    -----
    Each candidate reason is a map that a difference of that origin is proportional to: the line
    group itself (scale: another definition of net intensity, or other line ratios), one that
    overlaps with it, the product of two intensities whose lines add up to one of its own (sum
    peak), the total of all lines (background). The one that explains most of the variance of block
    means is named. It is a guess from the look of the maps, not a proof.
    """
    rule = ComparisonRule
    one, two = as_map_dataset(first, "the first maps"), as_map_dataset(second, "the second maps")
    if one["intensity"].shape[:2] != two["intensity"].shape[:2]:
        sizes = [" x ".join(map(str, maps["intensity"].shape[:2])) for maps in (one, two)]
        raise SkxrfError(
            f"the first maps have {sizes[0]} pixels, the second {sizes[1]}: they are not of the "
            "same scan."
        )
    held = [str(name) for name in two["element"].to_numpy()]
    groups = [name for name in map(str, one["element"].to_numpy()) if name in held]
    if not groups:
        raise LineGroupError(
            f"the maps have no line group in common: {', '.join(map(str, one['element'].values))} "
            f"and {', '.join(held)}."
        )
    blocks = _blocks(one["intensity"].shape[:2], rule.block)
    a, b = (
        maps["intensity"].sel(element=groups).to_numpy().reshape(blocks.size, -1).astype(float)
        for maps in (one, two)
    )
    means = _block_means(a, blocks)
    errors = _joint_errors(one, two, groups)
    rows = {}
    for k, name in enumerate(groups):
        difference = b[:, k] - a[:, k]
        by_block = _block_means(difference[:, None], blocks)[:, 0]
        spread = float(by_block.std(ddof=1) / np.sqrt(len(by_block))) if len(by_block) > 1 else 0.0
        row: dict[str, object] = {
            "mean": float(a[:, k].mean()),
            "difference": float(difference.mean()),
            "difference_error": spread,
            "rms": float(np.sqrt((difference**2).mean())),
            "beyond_errors": np.nan,
            "slope": _slope(means[:, k], by_block) + 1,
        }
        if errors is not None:
            row["beyond_errors"] = float((np.abs(difference) > 2 * errors[:, k]).mean())
        row |= {"reason": "", "explained": np.nan}
        systematic = np.sqrt((by_block**2).mean()) > rule.significance * _block_noise(
            difference, by_block, blocks
        )
        if abs(row["difference"]) > rule.significance * spread or systematic:  # type: ignore[arg-type]
            candidates = _candidates(name, groups, means, fit)
            row["reason"], row["explained"] = _likely(name, by_block, candidates)
            shift = _axis_shift(name, fit, true_energy)
            if abs(shift) > rule.axis_shift:
                row["reason"] = (
                    f"axis: the file states {1000 * -shift:+.0f} eV at this line; {row['reason']}"
                )
        rows[name] = row
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.attrs["same_counts"] = same_counts
    return table


def _blocks(shape: tuple[int, ...], size: int) -> NDArray[np.intp]:
    y, x = np.indices(shape[:2]) // size
    return np.asarray((y * (x.max() + 1) + x).ravel(), dtype=np.intp)


def _block_means(values: Array, blocks: NDArray[np.intp]) -> Array:
    sizes = np.bincount(blocks)
    return np.stack([np.bincount(blocks, column) / sizes for column in values.T], axis=1)


def _block_noise(difference: Array, by_block: Array, blocks: NDArray[np.intp]) -> float:
    """Standard error of a block mean, by the scatter within blocks."""
    sizes = np.bincount(blocks)
    within = difference - by_block[blocks]
    return float(np.sqrt((within**2).mean() / sizes.mean()))


def _joint_errors(one: xr.Dataset, two: xr.Dataset, groups: Sequence[str]) -> Array | None:
    if "uncertainty" not in one or "uncertainty" not in two:
        return None
    first, second = (
        maps["uncertainty"].sel(element=list(groups)).to_numpy().astype(float)
        for maps in (one, two)
    )
    return np.asarray(np.hypot(first, second).reshape(-1, len(groups)))


def _slope(of: Array, values: Array) -> float:
    centered = of - of.mean()
    scale = float(centered @ centered)
    return float(centered @ values) / scale if scale > 0 else 0.0


def _candidates(
    name: str, groups: list[str], means: Array, fit: SpectrumComponents | None
) -> dict[str, Array]:
    """Reasons, and the maps (block means) that differences of that origin are proportional to."""
    rule = ComparisonRule
    own = means[:, groups.index(name)]
    found = {"scale": own, "background (as all lines together)": means.sum(axis=1)}
    for other in _overlapping(name, groups, fit):
        found[f"overlap with {other}"] = means[:, groups.index(other)]
    lines = {one: _strong_lines(one) for one in groups}
    for i, first in enumerate(groups):
        for second in groups[i:]:
            sums = lines[first][:, None] + lines[second]
            if np.abs(sums.ravel()[:, None] - lines[name]).min() < rule.sum_peak:
                both = first if first == second else f"{first} and {second}"
                product = means[:, groups.index(first)] * means[:, groups.index(second)]
                found[f"sum peak of {both}"] = product
    return found


def _overlapping(name: str, groups: list[str], fit: SpectrumComponents | None) -> list[str]:
    if fit is None or name not in fit.fitted_groups_:
        return []
    unit = np.asarray(fit.components_[: len(fit.fitted_groups_)], dtype=float)
    unit = unit / np.linalg.norm(unit, axis=1, keepdims=True)
    cosines = unit @ unit[fit.fitted_groups_.index(name)]
    return [
        other
        for other, cosine in zip(fit.fitted_groups_, cosines, strict=True)
        if other != name and other in groups and cosine > ComparisonRule.overlap
    ]


def _strong_lines(name: str) -> Array:
    group = line_group(name, tube_voltage=1e3)
    shares = group.intensities / group.intensities.max()
    return np.asarray(group.energies[shares > ComparisonRule.strong_lines], dtype=float)


def _likely(name: str, difference: Array, candidates: dict[str, Array]) -> tuple[str, float]:
    """Name the reason that explains the most of the differences of blocks, and how much."""
    total = float((difference**2).mean())
    if total == 0:
        return "", np.nan
    shares = {}
    for reason, of in candidates.items():
        # Proportional to the map, without an offset.
        scale = float(of @ of)
        factor = float(of @ difference) / scale if scale > 0 else 0.0
        shares[reason] = 1 - float(((difference - factor * of) ** 2).mean()) / total
    shares["scale"] += ComparisonRule.simpler
    shares["background (the same everywhere)"] = 1 - float(difference.var()) / total
    reason = max(shares, key=lambda one: shares[one])
    explained = min(shares[reason], 1.0)
    if explained < ComparisonRule.explained:
        return "none that explains half of it", explained
    if reason == "scale":
        of = candidates["scale"]
        factor = float(of @ difference) / float(of @ of)
        reason = f"scale ({1 + factor:.3f} times)"
    return reason, explained


def _axis_shift(
    name: str, fit: SpectrumComponents | None, true_energy: NDArray[np.float64] | None
) -> float:
    """True less stated energy at the main line [keV]."""
    if fit is None or true_energy is None:
        return 0.0
    main = line_group(name, tube_voltage=1e3).main_energy
    return float(np.interp(main, true_energy, true_energy - fit.energy_))
