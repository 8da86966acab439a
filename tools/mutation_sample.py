"""Share of faults that the tests find, from a random sample of them: ``make mutation SAMPLE=60``.

    python tools/mutation_sample.py draw 60 7

prints 60 names of each package's mutants, drawn with the seed 7 from those that mutmut has made;

    python tools/mutation_sample.py retry NAME...

tries those of them that no test found with all tests of their package, each in a new process:
mutmut runs those tests alone that called the changed function themselves, which leaves out tests of
what the fixture of an earlier test made, and what is done when a module is imported;

    python tools/mutation_sample.py score NAME...

prints which of them no test found, and the score of each package.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

# Exit statuses of mutmut's runs: tests failed, or pytest itself did.
_KILLED = {1, 3}
# Endless loops, as mutmut's own score counts them.
_TIMEOUT = {24, -24, 36, 152, 255}


def results(folder: Path) -> dict[str, int | None]:
    """Exit status of each mutant's tests by its name; None where they have not run."""
    found: dict[str, int | None] = {}
    for path in sorted(folder.rglob("*.meta")):
        found |= json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"]
    return found


def by_package(names: Iterable[str]) -> dict[str, list[str]]:
    """Names of mutants by the part of the library that they are in."""
    packages = defaultdict(list)
    for name in names:
        packages[name.split(".")[1]].append(name)
    return dict(packages)


def draw(names: Iterable[str], size: int, seed: int) -> list[str]:
    """Draw as many mutants of each package."""
    rng = random.Random(seed)
    packages = by_package(sorted(names))
    return [name for mine in packages.values() for name in rng.sample(mine, min(size, len(mine)))]


def retry(folder: Path, name: str) -> int:
    """Run all tests of a mutant's package, and store the exit status where mutmut has its own."""
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    package = name.split(".")[1]
    places = [Path("tests") / package, Path("tests") / f"test_{package}.py"]
    tests = [str(place) for place in places if (folder / place).exists()]
    options = project["tool"]["mutmut"]["pytest_add_cli_args"]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "--tb=no", "--rootdir=.", *options, *tests],
        cwd=folder,
        env={**os.environ, "MUTANT_UNDER_TEST": name, "PY_IGNORE_IMPORTMISMATCH": "1"},
        stdout=subprocess.DEVNULL,
        check=False,
    )
    for path in folder.rglob("*.meta"):
        stored = json.loads(path.read_text(encoding="utf-8"))
        if name in stored["exit_code_by_key"]:
            stored["exit_code_by_key"][name] = run.returncode
            path.write_text(json.dumps(stored), encoding="utf-8")
    return run.returncode


def score(statuses: Mapping[str, int | None]) -> list[str]:
    """Lines of a report: the mutants that no test found, then the share found by package."""
    found = _KILLED | _TIMEOUT
    survivors = [f"{name}: {status}" for name, status in statuses.items() if status not in found]
    lines = []
    for package, mine in {**by_package(statuses), "all": list(statuses)}.items():
        n = sum(statuses[name] in found for name in mine)
        lines.append(f"{package}: {n} of {len(mine)} found, {100 * n / len(mine):.1f} %")
    return survivors + lines


def main() -> None:
    """Draw mutants, or print the score of those that are named."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=Path("mutants"))
    commands = parser.add_subparsers(dest="command", required=True)
    drawing = commands.add_parser("draw")
    drawing.add_argument("size", type=int)
    drawing.add_argument("seed", type=int)
    for command in ("retry", "score"):
        commands.add_parser(command).add_argument("names", nargs="+")
    options = parser.parse_args()
    statuses = results(options.folder)
    if options.command == "draw":
        print("\n".join(draw(statuses, options.size, options.seed)))
    elif options.command == "retry":
        for name in options.names:
            if statuses[name] not in _KILLED | _TIMEOUT:
                print(f"{name}: {retry(options.folder, name)}", flush=True)
    else:
        print("\n".join(score({name: statuses[name] for name in options.names})))


if __name__ == "__main__":
    main()
