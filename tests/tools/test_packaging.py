"""Recipe and metadata name what the package needs, and no more."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Names of the same packages in conda-forge.
CONDA = {"dask": "dask-core", "matplotlib": "matplotlib-base", "torch": "pytorch"}


def test_conda_recipe_has_the_dependencies_of_the_wheel():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {}
    for line in project["dependencies"]:
        name, least = re.fullmatch(r"([\w-]+)(?:\[[\w,]+\])?(>=[\w.]+)", line).groups()
        wanted[CONDA.get(name, name)] = least
    wanted |= {"distributed": wanted["dask-core"], "python": project["requires-python"]}
    recipe = (ROOT / "packaging" / "conda" / "recipe.yaml").read_text(encoding="utf-8")
    run = recipe.split("  run:\n")[1].split("\n\n")[0]
    found = dict(re.findall(r"- ([\w-]+) (>=[\w.]+)", run))
    assert found == wanted


def test_workflow_of_three_systems_is_started_by_hand():
    text = (ROOT / ".github" / "workflows" / "three-systems.yml").read_text(encoding="utf-8")
    assert "workflow_dispatch" in text
    assert all(name in text for name in ("ubuntu", "windows", "macos", "skxrf demo"))


def test_citations_of_the_paper_are_in_its_bibliography():
    paper, bib = (
        (ROOT / "paper" / name).read_text(encoding="utf-8") for name in ("paper.md", "paper.bib")
    )
    cited = set(re.findall(r"@(\w+)\]", paper))
    assert cited
    assert cited == set(re.findall(r"^@\w+\{(\w+),", bib, re.MULTILINE))
