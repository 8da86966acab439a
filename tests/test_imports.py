"""Who may import whom: what keeps the parts apart, and the light ones light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import skxrf

ROOT = Path(skxrf.__file__).parent
SOURCES = sorted(ROOT.rglob("*.py"))

BASE = {"exceptions", "utils"}
LOWER = BASE | {
    "samples",
    "spectra",
    "io",
    "physics",
    "preprocessing",
    "linear_model",
    "metrics",
    "model_selection",
    "compose",
    "inference",
    "postprocessing",
    "datasets",
    "simulation",
    "neural_network",
    "pretrained",
    "pretraining",
}
# Each part of the library, and the other parts that it may import, anywhere in its code.
MAY_IMPORT = {
    "": set(),
    "exceptions": set(),
    "utils": {"exceptions"},
    "samples": BASE,
    "io": BASE | {"samples", "accessor"},
    "spectra": BASE,
    # At the top, in its methods only; test_light_parts holds what importing it loads.
    "accessor": BASE | {"samples", "spectra", "inference", "plotting"},
    "physics": BASE,
    "preprocessing": BASE | {"physics"},
    "neural_network": BASE,
    "linear_model": BASE | {"physics"},
    "metrics": BASE | {"samples"},
    "model_selection": BASE | {"samples"},
    "compose": BASE,
    "inference": BASE | {"samples", "preprocessing", "io"},
    "postprocessing": BASE,
    "simulation": BASE | {"samples", "physics"},
    "datasets": BASE | {"samples", "physics", "simulation"},
    "plotting": BASE | {"samples", "spectra", "physics", "metrics", "inference"},
    "persistence": BASE | {"io"},
    "pretrained": BASE | {"physics", "preprocessing", "linear_model", "neural_network"},
    "pretraining": BASE | {"physics", "simulation", "neural_network", "pretrained"},
    "reproduction": LOWER,
    "report": LOWER | {"plotting", "reproduction"},
    "_summary": LOWER,
    "_training": LOWER,
    "__main__": {"cli"},
    "cli": LOWER | {"plotting", "reproduction", "report", "persistence", "_summary", "_training"},
}
# Packages that only some parts may import; the file where there is but one.
ONLY_IN = {
    "torch": ["neural_network", "pretrained", "pretraining"],
    "skorch": ["neural_network"],
    "matplotlib": ["plotting"],
    "xraylib": ["physics/_xraylib.py"],
    "jinja2": ["report"],
    "click": ["cli"],
    "h5py": ["io"],
    "skops": ["persistence"],
    "PyMca5": [],
    "pytest": [],
}
LIGHT = [
    "skxrf.io",
    "skxrf.accessor",
    "skxrf.spectra",
    "skxrf.samples",
    "skxrf.metrics",
    "skxrf.model_selection",
    "skxrf.preprocessing",
    "skxrf.compose",
    "skxrf.physics",
    "skxrf.linear_model",
    "skxrf.inference",
    "skxrf.postprocessing",
    "skxrf.datasets",
    "skxrf.persistence",
]


def part_of(source):
    """The part that a file belongs to, such as ``metrics``; empty for ``skxrf/__init__.py``."""
    first = source.relative_to(ROOT).parts[0].removesuffix(".py")
    return "" if first == "__init__" else first


def imports(source):
    """Every import in a file, at any depth: (module, imported name or None)."""
    package = ["skxrf", *source.relative_to(ROOT).parent.parts]
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*start, *([node.module] if node.module else [])])
            yield from ((module, alias.name) for alias in node.names)


def skxrf_imports(source):
    """The same within the library: the path of each imported module, without ``skxrf``."""
    for module, name in imports(source):
        path = module.split(".")
        if path[0] != "skxrf":
            continue
        is_module = name is not None and (
            (ROOT.joinpath(*path[1:]) / name).is_dir()
            or (ROOT.joinpath(*path[1:]) / f"{name}.py").is_file()
        )
        yield path[1:] + ([name] if is_module else [])


def is_private(name):
    return name is not None and name.startswith("_") and not name.startswith("__")


def ids(source):
    return source.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("source", SOURCES, ids=ids)
def test_parts_import_only_those_below_them(source):
    part = part_of(source)
    assert part in MAY_IMPORT, f"say in MAY_IMPORT what skxrf.{part} may import"
    others = {path[0] for path in skxrf_imports(source) if path} - {part}
    assert others <= MAY_IMPORT[part]


@pytest.mark.parametrize("source", SOURCES, ids=ids)
def test_private_modules_are_imported_by_their_own_part_only(source):
    shared = [["utils", "_sklearn"]]  # made to be imported by all
    if part_of(source) == "simulation":
        shared.append(["physics", "_xraylib"])  # the one module that xraylib is behind
    foreign = [
        path
        for path in skxrf_imports(source)
        if path[:1] != [part_of(source)] and path not in shared and any(map(is_private, path[1:]))
    ]
    assert not foreign


@pytest.mark.parametrize("source", SOURCES, ids=ids)
def test_no_private_names_of_other_packages(source):
    if ids(source) == "utils/_sklearn.py":
        return  # the one place for scikit-learn's
    private = [
        (module, name)
        for module, name in imports(source)
        if module.split(".")[0] not in ("skxrf", "__future__")
        and (is_private(name) or any(map(is_private, module.split("."))))
    ]
    assert not private


def test_only_scikit_learns_private_names_are_gathered():
    modules = {module.split(".")[0] for module, _ in imports(ROOT / "utils" / "_sklearn.py")}
    assert modules == {"sklearn"}


@pytest.mark.parametrize("source", SOURCES, ids=ids)
def test_heavy_and_special_packages_stay_in_their_part(source):
    found = {module.split(".")[0] for module, _ in imports(source)} & set(ONLY_IN)
    assert not [p for p in found if not {part_of(source), ids(source)} & set(ONLY_IN[p])]


def test_networks_know_nothing_of_maps():
    sources = [source for source in SOURCES if part_of(source) == "neural_network"]
    assert sources
    known = {module.split(".")[0] for source in sources for module, _ in imports(source)}
    assert not known & {"xarray", "pandas", "dask", "distributed"}


def loaded_after(modules, watched):
    """Which of `watched` are loaded after importing each of `modules`, in a fresh interpreter."""
    code = (
        "import importlib, json, sys\n"
        "found = {}\n"
        f"for module in {modules!r}:\n"
        "    importlib.import_module(module)\n"
        f"    found[module] = [m for m in {watched!r} if m in sys.modules]\n"
        "print(json.dumps(found))"
    )
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    return ast.literal_eval(run.stdout)


def test_the_package_itself_loads_next_to_nothing():
    heavy = ["numpy", "pandas", "xarray", "scipy", "sklearn", "torch", "matplotlib"]
    assert loaded_after(["skxrf"], heavy) == {"skxrf": []}


def test_light_parts_load_no_torch_and_no_matplotlib():
    heavy = ["torch", "skorch", "matplotlib"]
    assert loaded_after(LIGHT, heavy) == {module: [] for module in LIGHT}


def test_networks_load_no_matplotlib_and_no_xarray():
    heavy = ["matplotlib", "xarray"]
    assert loaded_after(["skxrf.neural_network"], heavy) == {"skxrf.neural_network": []}


def test_pictures_load_no_torch():
    assert loaded_after(["skxrf.plotting"], ["torch"]) == {"skxrf.plotting": []}
