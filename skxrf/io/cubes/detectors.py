"""Several detectors of one scan: their choice among datasets of HDF5, and the sum of their counts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from skxrf.exceptions import Argument, FileFormatError

from .arrange import SUM, SummedReader, chosen_one
from .source import CubeRequest, CubeSource, Times
from .stated_axis import same_axis


def chosen_datasets(hits: list[Any], request: CubeRequest, where: str) -> list[Any]:
    """Choose by ``detector`` among cubes whose names differ in one number: one, or all to add."""
    names = _detectors(hits)
    if names is None or request.detector is None:
        choice = (", or ", Argument("detector"), " with the number of one, or 'sum'")
        several_scans = len({one.name.split("/")[1] for one in hits}) > 1
        scans = (", and ", Argument("scan"), " with the first part of one's name")
        raise FileFormatError(
            f"{where}. Pass ",
            Argument("dataset"),
            " with the name of one",
            *(choice if names else scans if several_scans else ()),
            ".",
        )
    one = chosen_one(request.detector, names, "detector", where, may_add=True)
    return hits if one == SUM else [hits[int(one)]]


def _detectors(hits: list[Any]) -> tuple[str, ...] | None:
    """Number of the detector of each dataset; None where they are something else."""
    parts = [re.split(r"(\d+)", one.name) for one in hits]
    alike = {(len(part), *part[::2]) for part in parts} | {one.shape[-1:] for one in hits}
    if len(alike) != 2:
        return None
    differing = [i for i in range(1, len(parts[0]), 2) if len({part[i] for part in parts}) > 1]
    # The number of a scan, as in "1.1", counts no detectors.
    if len(differing) != 1 or re.fullmatch(r"/?", parts[0][differing[0] - 1]):
        return None
    return tuple(part[differing[0]] for part in parts)


def added(sources: Sequence[CubeSource], names: Sequence[str]) -> CubeSource:
    """Sum of the counts of one detector or more; their times are the means."""
    first, *others = sources
    for one, name in zip(others, names[1:], strict=True):
        alike = one.reader.shape == first.reader.shape and one.dims == first.dims
        if not alike or not same_axis(one.energy, first.energy):
            raise FileFormatError(
                f"{first.path}: the detectors {names[0]} and {name} differ in size or calibration and cannot "
                "be added. Pass ",
                Argument("detector"),
                " with one of them.",
            )
    if not others:
        return first
    return replace(
        first,
        dataset=", ".join(filter(None, (one.dataset for one in sources))),
        reader=SummedReader(tuple(one.reader for one in sources)),
        live_time=_mean([one.live_time for one in sources]),
        real_time=_mean([one.real_time for one in sources]),
        steps=", ".join(filter(None, (first.steps, "all detectors added"))),
    )


def _mean(times: Sequence[Times]) -> Times:
    """Mean of the times of detectors, None where one is missing or they are of other pixels."""
    pairs = [one if isinstance(one, tuple) else (one, None) for one in times]
    values = [one for one, _ in pairs if one is not None]
    if (
        len(values) < len(times)
        or len({(one.shape, labels) for one, labels in pairs if one is not None}) > 1
    ):
        return None
    return np.mean(values, axis=0), pairs[0][1]
