"""A process that opens damaged files, one for each line that it is given, and says what came of it."""

from __future__ import annotations

import json
import resource
import signal
import sys
import traceback
import warnings
from pathlib import Path

import numpy as np

from skxrf.exceptions import SkxrfError
from skxrf.io import open_cube, open_images, open_maps
from skxrf.persistence import load_model

_REQUESTS = (
    {},
    {"energy": (0.0, 0.01)},
    {"energy": (0.0, 0.01), "axes": ("y", "x", "energy")},
    {"detector": "sum"},
    {"shape": (5, 7), "energy": (0.0, 0.01)},
    {"clip_negative": True, "follow_links": True, "scan": 0},
)

SECONDS = 10


def _cube(path: Path, number: int) -> str:
    cube = open_cube(path, **_REQUESTS[number % len(_REQUESTS)])
    energy = cube["energy"].to_numpy()
    if not np.isfinite(energy).all() or (np.diff(energy) <= 0).any() or np.abs(energy).max() > 1e6:
        return f"absurd energies {energy[0]} to {energy[-1]}"
    for name in ("y", "x"):
        if not np.isfinite(cube[name].to_numpy()).all():
            return f"absurd positions {name}"
    if cube.size < 10**7:
        cube.compute(scheduler="synchronous")
    return "opened"


def _maps(path: Path, number: int) -> str:
    if path.suffix in (".rtx", ".bcf"):
        open_images(path)
    open_maps(path)
    return "opened"


def _model(path: Path, number: int) -> str:
    load_model(path)
    return "opened"


def _outcome(path: Path, number: int) -> str:
    outcomes = []
    for opener in [_model] if path.suffix == ".skxrf" else [_maps, _cube]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                outcomes.append(opener(path, number))
        except (SkxrfError, OSError):
            outcomes.append("refused")
        except BaseException:  # noqa: BLE001 - what else there may be is what is looked for
            outcomes.append(f"foreign {traceback.format_exc()}")
    wrong = [one for one in outcomes if one not in ("opened", "refused")]
    return wrong[0] if wrong else "opened" if "opened" in outcomes else "refused"


if __name__ == "__main__":
    print("ready", flush=True)
    for line in sys.stdin:
        number, path = json.loads(line)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        # Of processor time: how busy the machine is does not matter.
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        outcome = _outcome(Path(path), number)
        signal.setitimer(signal.ITIMER_PROF, 0)
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
        print(json.dumps({"outcome": outcome, "megabytes": grown}), flush=True)
