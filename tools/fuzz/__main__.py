"""Open damaged files of every format: ``python -m tools.fuzz --cases 10000``.

Each case is a sound file with some bytes changed. It must open or be refused by one of the
library's own errors, within 10 s of processor time and 1 GB, and must not end the process.
"""

from __future__ import annotations

import argparse
import collections
import json
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from .mutate import damaged_copy
from .seeds import write_seeds

# For what waits and does not compute; the worker ends itself after 10 s of processor time.
_SECONDS = 120
_MEGABYTES = 1000


class _Worker:
    """A process for many cases, replaced when a case ends or blocks it."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[str] | None = None

    def outcome(self, number: int, path: Path) -> str:
        """Give one case to the process."""
        if self.process is None:
            command = [sys.executable, "-W", "ignore", "-m", "tools.fuzz.worker"]
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            self._answer(300)
        stdin = self.process.stdin
        assert stdin is not None
        stdin.write(json.dumps([number, str(path)]) + "\n")
        stdin.flush()
        answer = self._answer(_SECONDS)
        if answer is None:
            self.process.kill()
            code = self.process.wait()
            self.process = None
            slow = code in (-signal.SIGKILL, -signal.SIGPROF)
            return "no end in time" if slow else f"the process ended with {code}"
        found = json.loads(answer)
        if found["megabytes"] > _MEGABYTES:
            return f"{found['megabytes']} MB"
        return str(found["outcome"])

    def _answer(self, seconds: float) -> str | None:
        assert self.process is not None
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        return (self.process.stdout.readline() or None) if ready else None


def main() -> int:
    """Run the cases, print the wrong ones, keep their files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--keep", type=Path, default=Path("build/fuzz"), help="for wrong cases")
    parser.add_argument("--only", default="", help="part of a seed's path")
    options = parser.parse_args()
    counter: collections.Counter[str] = collections.Counter()
    worker = _Worker()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "seeds").mkdir()
        seeds = write_seeds(Path(folder) / "seeds")
        chosen = [seed for seed in seeds if options.only in str(seed)]
        for number in range(options.first, options.first + options.cases):
            seed = chosen[number % len(chosen)]
            path = damaged_copy(seed, Path(folder) / "case", number)
            outcome = worker.outcome(number // len(chosen), path)
            if outcome in ("opened", "refused"):
                counter[outcome] += 1
                continue
            counter["wrong"] += 1
            print(f"case {number}, {seed.name}: {outcome}", flush=True)
            kept = options.keep / str(number)
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(Path(folder) / "case", kept)
    print(f"{options.cases} cases: {dict(counter)}")
    return int(counter["wrong"] > 0)


if __name__ == "__main__":
    sys.exit(main())
