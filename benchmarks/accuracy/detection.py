"""False alarms and misses of the detection, and the flags for untrained data.

Takes some minutes once the test paintings are in the cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import click
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.accuracy.paintings import INSTRUMENTS, PAINTINGS, TestPainting, load_painting
from benchmarks.tables import RESULTS, write_rows
from skxrf.physics import line_group
from skxrf.pretrained import load_pretrained
from skxrf.pretrained._axis import LINE_GROUPS
from skxrf.simulation import ForwardModel, Instrument, random_stacks

COUNTS = (500.0, 5000.0, 50_000.0)
SEEDS = (1, 2)
# With the copper tube that no training drew.
CASES = (*PAINTINGS, ("icon_test", "Cu"))
# A line group is absent where no pixel expects more net counts; nothing is known of those that the
# painting's truth leaves out but that their mean is below 0.3 counts at 5,000 (paints contain
# traces of many elements). It is significant where 2 % of the pixels expect three times the bound.
ABSENT_COUNTS, PLAIN_BOUNDS, PLAIN_SHARE = 0.3, 3.0, 0.02
# Line groups put into some pixels [net counts]: no component of the first fit (Ru K, Gd L, Ta L),
# one that the painting does not contain (Ge K), and two that it need not contain to be fitted.
UNCOMMON, UNCOMMON_COUNTS, UNCOMMON_PIXELS = (
    ("Ru_K", "Gd_L", "Ta_L", "Ge_K", "Pd_K", "I_L"),
    500,
    300,
)
N_STACKS, STACK_SEED = 1000, 987_654


def detection(painting: TestPainting, counts: float, seed: int) -> dict[str, object]:
    """Numbers of absent line groups that are reported and of plain ones that are not."""
    cube = painting.counts(counts, seed)
    X = cube.to_numpy().reshape(-1, cube.sizes["energy"])
    model = load_pretrained().calibrated(X, painting.energy)
    values, errors = model.predict(X, return_std=True)
    found = set(model.detected(values, errors))
    absent, plain = absent_and_plain(painting, counts)
    alarms, missed = sorted(found & set(absent)), sorted(set(plain) - found)
    columns = [LINE_GROUPS.index(name) for name in absent]
    by_chance = (values[:, columns] > 3 * errors[:, columns]).mean(axis=0)
    return {
        "palette": painting.palette, "instrument": painting.instrument, "counts": counts,
        "seed": seed, "absent": len(absent), "false_alarms": len(alarms), "which": " ".join(alarms),
        "pixels_above_3_errors": round(float(by_chance.mean()), 5),
        "plain": len(plain), "missed": len(missed), "which_missed": " ".join(missed),
        **summary(model.novelty(X)), "unfamiliar": "; ".join(model.painting_.unfamiliar),
    }  # fmt: skip


def absent_and_plain(painting: TestPainting, counts: float) -> tuple[list[str], list[str]]:
    """Line groups that are in no pixel, and those that stand out in many."""
    bound = painting.bound(counts)
    absent, plain = [], []
    for name in LINE_GROUPS:
        if name not in painting.groups:
            absent.append(name)
            continue
        j = painting.groups.index(name)
        expected = painting.truth[..., j] * counts
        if expected.max() < ABSENT_COUNTS:
            absent.append(name)
        elif np.mean(expected > PLAIN_BOUNDS * bound[..., j]) > PLAIN_SHARE:
            plain.append(name)
    return absent, plain


def uncommon_lines() -> Iterator[dict[str, object]]:
    """Line groups that the test icon does not contain, in some of its pixels."""
    scanner, painting = INSTRUMENTS["M6"], load_painting("icon_test", "M6")
    counts = painting.counts(5000.0, SEEDS[0]).to_numpy().reshape(-1, painting.energy.size)
    for name in UNCOMMON:
        template = UNCOMMON_COUNTS * scanner.detector.template(line_group(name), scanner.edges)
        drawn = np.random.default_rng(2).poisson(template, (UNCOMMON_PIXELS, template.size))
        X = counts.copy()
        X[:UNCOMMON_PIXELS] += drawn.astype(X.dtype)
        case = f"{UNCOMMON_COUNTS} counts of {name} in {UNCOMMON_PIXELS} pixels"
        yield novelty_of(case, X, painting.energy, 5000.0, UNCOMMON_PIXELS)


def stacks(case: str, scanner: Instrument, foreign_share: float) -> Iterator[dict[str, object]]:
    """Random stacks, of palettes or with compounds that no palette has."""
    elements, compositions, masses = random_stacks(
        N_STACKS, STACK_SEED, foreign_share=foreign_share
    )
    model = ForwardModel(elements, scanner)
    expected = model.templates().spectra(model.photons(compositions, masses))
    expected /= expected.sum(axis=1, keepdims=True)
    for counts in COUNTS:
        X = np.random.default_rng(1).poisson(expected * counts)
        yield novelty_of(case, X, scanner.energy, counts, N_STACKS)


def novelty_of(
    case: str, X: NDArray[np.integer], energy: NDArray[np.float64], counts: float, n_first: int
) -> dict[str, object]:
    """Novelty of the first spectra, by a model calibrated to all, and its verdict on them."""
    model = load_pretrained().calibrated(X, energy)
    flags = "; ".join(model.painting_.unfamiliar)
    return {
        "case": case,
        "counts": counts,
        **summary(model.novelty(X[:n_first])),
        "unfamiliar": flags,
    }


def summary(novelty: NDArray[np.float32]) -> dict[str, object]:
    """Percentiles of the novelty, and how often it is above 5."""
    low, median, high = np.percentile(novelty, (5, 50, 95))
    return {
        "novelty_5": round(float(low), 2),
        "novelty_median": round(float(median), 2),
        "novelty_95": round(float(high), 2),
        "share_above_5": round(float((novelty > 5).mean()), 4),
    }


@click.command("detection")
def main() -> None:
    """False alarms and misses of the detection, and the flags for untrained data."""
    rows = [
        detection(painting, counts, seed)
        for painting in (load_painting(*case) for case in CASES)
        for counts in COUNTS
        for seed in SEEDS
    ]
    table = pd.DataFrame(rows)
    write_rows(RESULTS / "accuracy_detection.csv", table)
    sums = table.groupby(["instrument", "counts"])[["absent", "false_alarms", "plain", "missed"]]
    print(sums.sum().to_string(), flush=True)
    m6 = INSTRUMENTS["M6"]
    wide = replace(m6, detector=replace(m6.detector, noise=0.2))
    novelty = pd.DataFrame(
        [
            *stacks("random stacks, materials of palettes", m6, 0.0),
            *stacks("random stacks, foreign chemistry", m6, 1.0),
            *stacks("random stacks, materials of palettes, copper tube", INSTRUMENTS["Cu"], 0.0),
            *stacks("random stacks, materials of palettes, poor detector", wide, 0.0),
            *stacks("random stacks, materials of palettes, W tube", replace(m6, anode="W"), 0.0),
            *uncommon_lines(),
        ]
    )
    write_rows(RESULTS / "accuracy_novelty.csv", novelty)
    print(novelty.to_string())
