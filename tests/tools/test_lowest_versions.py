import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def versions(name, separator):
    """Version of each package that a list of requirements names with this separator."""
    rows = re.findall(rf"^([\w-]+)(?:\[[\w,]+\])?{separator}([\d.]+)", name, re.MULTILINE)
    return {package.lower(): version for package, version in rows}


def test_lowest_versions_are_those_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    # With fabio, which writes the files of tests.
    fabio = next(one for one in extras["test"] if one.startswith("fabio"))
    asked = [*project["dependencies"], *extras["hdf5"], fabio]
    lowest = versions("\n".join(asked), ">=")
    pinned = versions((ROOT / "constraints-lowest.txt").read_text(encoding="utf-8"), "==")
    lowest["distributed"] = lowest["dask"]  # an extra of dask, of the same version
    assert set(pinned) == set(lowest)
    for package, version in pinned.items():
        if package != "torch":
            assert f"{version}.".startswith(f"{lowest[package]}."), package
