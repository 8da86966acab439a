"""The report's sentences, made from the numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skxrf.reproduction._result import MethodResult, ReproductionResult
from skxrf.utils.html import label


def listed(words: list[str]) -> str:
    """``a, b and c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def duration(seconds: float) -> str:
    """A time for readers, such as ``8 min 20 s``."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def paper_elements(result: ReproductionResult) -> list[str]:
    """Choose the four line groups of the paper's figures 5 and 6, or the brightest instead."""
    # Line groups of the paper's figure 5.
    chosen = [name for name in ("K_K", "Au_L", "Hg_L", "Pb_L") if name in result.elements]
    others = [name for name in _by_contrast(result) if name not in chosen]
    return [*chosen, *others][:4]


def distinct_elements(maps: xr.DataArray) -> list[str]:
    """Choose three line groups that show different things: clear pictures, little correlated."""
    planes = {str(name): maps.sel(element=name).to_numpy() for name in maps["element"].to_numpy()}
    ranked = sorted(planes, key=lambda n: _clarity(planes[n]), reverse=True)[:5]
    chosen = ranked[:1]
    while len(chosen) < min(3, len(ranked)):
        rest = [name for name in ranked if name not in chosen]
        chosen.append(
            min(rest, key=lambda n: max(abs(_correlation(planes[n], planes[c])) for c in chosen))
        )
    return chosen


def findings(result: ReproductionResult) -> list[str]:
    """Summarize the scores in a few sentences."""
    data = result.data
    rivals = [m for m in result.methods if not m.is_reference]
    best = max(rivals, key=lambda m: result.score(m.name))
    closest = (
        f"Against the {data.reference_name}, the maps of {best.name} come closest: a mean SSIM of "
        f"{result.score(best.name):.3f} over {len(result.elements)} line groups."
    )
    own = [m for m in rivals if m.kind == "network" and m is not best]
    if own:
        reached = listed([f"{m.name} has {result.score(m.name):.3f}" for m in own])
        closest += f" Of this library's networks, {reached}."
    classical = [m for m in rivals if m.kind == "classical"]
    if classical and best not in classical:
        top = max(classical, key=lambda m: result.score(m.name))
        closest += (
            f" The closest classical regressor, {top.name}, has {result.score(top.name):.3f}."
        )
    sentences = [closest]
    network = next((m for m in result.methods if m.kind == "network"), None)
    if network is not None:
        sentences.append(_hardest(result, network))
    if result.truth is not None:
        sentences.append(_against_truth(result, rivals))
    published = [m for m in result.methods if m.kind == "published network"]
    if published:
        sentences.append(_unconverged(result, published))
    return sentences


def _hardest(result: ReproductionResult, method: MethodResult) -> str:
    scores = {name: result.score(method.name, element=name) for name in result.elements}
    ranked = sorted((n for n in scores if np.isfinite(scores[n])), key=lambda n: scores[n])
    hard = [name for name in ranked if scores[name] < 0.9][:4]
    if not hard:
        return f"{method.name} reaches an SSIM of at least {scores[ranked[0]]:.2f} on each of them."
    low = [f"{label(name)} ({scores[name]:.2f})" for name in hard]
    counts = {name: _mean(result, name) for name in ranked}
    dim = [name for name in hard if counts[name] < np.median([*counts.values()])]
    sentence = f"Hardest for {method.name}: {listed(low)}"
    if len(dim) == len(low):
        verb = "are" if len(low) > 1 else "is"
        sentence += f", which {verb} among the dimmest here"
    return sentence + "."


def _against_truth(result: ReproductionResult, rivals: list[MethodResult]) -> str:
    truth = {m.name: result.score(m.name, against="truth") for m in result.methods}
    best = max(rivals, key=lambda m: truth[m.name])
    sentence = (
        "The simulation knows the true intensities, free of photon noise. Against those, the best "
        f"that learned from labels, {best.name}, reaches {truth[best.name]:.3f}"
    )
    own = next((m.name for m in result.methods if m.is_reference), None)
    if own is not None:
        sentence += f", and the template fit, which made the labels, {truth[own]:.3f}"
    return sentence + "."


def _unconverged(result: ReproductionResult, published: list[MethodResult]) -> str:
    epochs = [m.folds["epochs"].mean() for m in published]
    span = f"{min(epochs):.0f}"
    if round(max(epochs)) != round(min(epochs)):
        span += f" to {max(epochs):.0f}"
    return (
        f"The four published networks got {result.settings.budget:g} s of training for each fit, "
        f"which was enough for {span} of the 1,500 to 2,000 epochs of their authors. They have "
        "not converged: their scores here show how far they come in that time, not how good they are."
    )


def _mean(result: ReproductionResult, name: str) -> float:
    values = [np.nanmean(m.sel(element=name).to_numpy()) for m in result.reference.values()]
    return float(np.mean(values))


def _by_contrast(result: ReproductionResult) -> list[str]:
    """Line groups by how far their range stands above the photon noise, the clearest first."""

    def contrast(name: str) -> float:
        values = np.concatenate(
            [m.sel(element=name).to_numpy().ravel() for m in result.reference.values()]
        )
        low, middle, high = np.nanpercentile(values, [2, 50, 98])
        return float((high - low) / np.sqrt(max(middle, 0) + 1))

    return sorted(result.elements, key=contrast, reverse=True)


def _clarity(plane: NDArray[Any]) -> float:
    """Spread of the brightness that a picture shows, as far as neighboring pixels share it.

    Photon noise has a spread, but neighbors do not share it; a few bright spots have none.
    """
    low, high = np.nanpercentile(plane, [1, 99.5])
    if not high > low:
        return 0.0
    shown = np.clip((plane - low) / (high - low), 0, 1)
    return float(np.nanstd(shown)) * max(_correlation(shown[:, 1:], shown[:, :-1]), 0.0) ** 2


def _correlation(first: NDArray[Any], second: NDArray[Any]) -> float:
    present = np.isfinite(first) & np.isfinite(second)
    first, second = first[present], second[present]
    if first.size < 2 or first.std() == 0 or second.std() == 0:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])
