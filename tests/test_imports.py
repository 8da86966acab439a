"""Who may import whom: what keeps the parts apart, and the light ones light."""

import ast
import functools
import subprocess
import sys
from pathlib import Path

import skxrf
from skxrf.utils.discovery import PRIVATE_PACKAGES

ROOT = Path(skxrf.__file__).parent
SOURCES = sorted(ROOT.rglob("*.py"))

# From the lowest to the highest: a part imports those in front of it, and none of its own rank.
RANKS = [
    {"exceptions"},
    {"utils"},
    {"samples", "spectra", "physics"},
    {"spectrum_fit"},
    {
        "io",
        "preprocessing",
        "cluster",
        "linear_model",
        "neural_network",
        "metrics",
        "model_selection",
        "compose",
        "postprocessing",
        "persistence",
    },
    {"inference.protocol"},
    {"pretrained"},
    {"inference"},
    {"audit"},
    {"simulation"},
    {"datasets"},
    {"pretrained.training"},
    {"plotting"},
    {"report", "reproduction"},
    {"pretraining"},  # the former name of pretrained.training
    {"accessor", "cli"},
    {"__main__"},
]
RANK_OF = {part: rank for rank, parts in enumerate(RANKS) for part in parts}
# Imports that go another way, each with its reason.
EXCEPTIONS = {
    ("io", "accessor"): "opening a cube registers .xrf; test_light_parts holds what that loads",
    ("io", "inference"): "the former place of PartialMaps, which warns",
}
# Private modules that another part may use: the wiring between the rooms. What users call stands
# in the other part's __all__ and needs no line here.
FRIENDS = {
    "accessor": {"report._notebook"},
    "audit": {"model_selection._thinning", "spectrum_fit._pixel_fit"},
    "cluster": {
        "spectrum_fit._like_spectra",
        "spectrum_fit._nonnegative",
        "spectrum_fit._weight_classes",
    },
    "cli": {
        "reproduction._paper",
        "reproduction._paper_training",
        "spectrum_fit._elements",
        "spectrum_fit._evidence",
        "spectrum_fit._like_spectra",
        "spectrum_fit._tube",
        "audit._finished_maps",
        "audit._tables",
        "inference._binding",
        "inference._drift",
        "inference._store",
        "io._save_cube",
        "persistence._model_file",
        "preprocessing._axis_drift",
        "plotting._axes",
        "plotting._figure_file",
        "simulation.paintings._scan",
    },
    "datasets": {"simulation._forward", "simulation.paintings._scan", "simulation._rendering"},
    "inference": {
        "spectrum_fit._drift",
        "io._save_maps",
        "io.maps.netcdf",
        "io.maps.writers",
        "preprocessing._axis_drift",
        "spectrum_fit._pixel_fit",
    },
    "inference.protocol": {"spectrum_fit._drift"},
    "io": {"inference._store"},
    "linear_model": {
        "spectrum_fit._drift",
        "spectrum_fit._like_spectra",
        "spectrum_fit._paint_templates",
        "spectrum_fit._pixel_fit",
        "spectrum_fit._template_model",
        "spectrum_fit._weight_classes",
    },
    "preprocessing": {
        "spectrum_fit._axis_fit",
        "spectrum_fit._axis_search",
        "spectrum_fit._drift",
        "spectrum_fit._priors",
    },
    "pretrained": {
        "physics._continuum",
        "physics._lines",
        "physics._line_table",
        "spectrum_fit._elements",
        "spectrum_fit._like_spectra",
        "spectrum_fit._tube",
        "spectrum_fit._drift",
    },
    "pretrained.training": {"simulation._optics"},
    "report": {
        "audit._tables",
        "metrics._alignment",
        "physics._scatter",
        "plotting._axes",
        "plotting._color_table",
    },
    "reproduction": {"plotting._embedding", "simulation.paintings._scan"},
    "simulation": {
        "physics._scatter",
        "physics._pile_up",
        "physics._xraylib",
        "spectrum_fit._pixel_fit",
    },
    "spectrum_fit": {
        "physics._continuum",
        "physics._detector",
        "physics._line_table",
        "physics._lines",
        "physics._peaks",
        "physics._pile_up",
        "physics._scatter",
        "physics._silicon",
        "physics._xraylib",
    },
}
# The one place for scikit-learn's private names, made to be imported by all.
SHARED = {"utils._sklearn"}
# Packages that only some parts may import; the module where there is but one.
ONLY_IN = {
    "numba": ["utils.compilation"],
    "torch": ["neural_network", "pretrained.training", "pretrained._bfloat16", "utils.processor"],
    "skorch": ["neural_network"],
    "matplotlib": ["plotting"],
    "xraylib": ["physics._xraylib"],
    "jinja2": ["utils.html"],
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
    "skxrf.cluster",
    "skxrf.linear_model",
    "skxrf.inference",
    "skxrf.postprocessing",
    "skxrf.datasets",
    "skxrf.persistence",
    "skxrf.pretrained",
]


def part_of(module):
    """The part that a module belongs to, such as ``pretrained.training``; empty for the package."""
    return next((part for part in sorted(RANK_OF, reverse=True) if within(module, part)), "")


def within(module, part):
    return f"{module}.".startswith(f"{part}.")


def module_of(source):
    """The path of a file's module, without ``skxrf``."""
    return ".".join(source.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@functools.cache
def imports(source):
    """Every import in a file, at any depth: (module, imported name or None)."""
    return list(found_imports(source))


def found_imports(source):
    package = ["skxrf", *source.relative_to(ROOT).parent.parts]
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*start, *([node.module] if node.module else [])])
            yield from ((module, alias.name) for alias in node.names)


@functools.cache
def skxrf_imports(source):
    """The same within the library: the path of each imported module, without ``skxrf``."""
    return list(found_skxrf_imports(source))


def found_skxrf_imports(source):
    for module, name in imports(source):
        path = module.split(".")
        if path[0] != "skxrf":
            continue
        is_module = name is not None and (
            (ROOT.joinpath(*path[1:]) / name).is_dir()
            or (ROOT.joinpath(*path[1:]) / f"{name}.py").is_file()
        )
        yield ".".join(path[1:] + ([name] if is_module else []))


def is_private(name):
    return name is not None and name.startswith("_") and not name.startswith("__")


def ids(source):
    return source.relative_to(ROOT).as_posix()


def in_files(of):
    """What `of` finds in each file where it finds anything."""
    return {ids(source): found for source in SOURCES if (found := of(source))}


def test_parts_import_only_those_below_them():
    assert in_files(imports_from_above) == {}


def imports_from_above(source):
    """Imports (part, other part) of a file that go up, or within a rank."""
    part = part_of(module_of(source))
    if ids(source) == "__init__.py":
        return {path for path in skxrf_imports(source) if path}
    assert part, f"give {ids(source)} a place in RANKS"
    others = {part_of(path) for path in skxrf_imports(source) if path} - {part, ""}
    above = {(part, other) for other in others if RANK_OF[other] >= RANK_OF[part]}
    return above - set(EXCEPTIONS)


def test_private_modules_are_used_by_declared_friends_only():
    assert in_files(strangers) == {}


def strangers(source):
    """Private modules of other parts that a file uses without its part being their friend."""
    part = part_of(module_of(source))
    friends = FRIENDS.get(part, set())
    return {path for path in private_imports(source) if path not in friends}


def private_imports(source):
    own = module_of(source).split(".")[0]
    return {
        path
        for path in skxrf_imports(source)
        if not within(path, own) and path not in SHARED and is_private_path(path)
    }


def is_private_path(path):
    packages = any(within(f"skxrf.{path}", package) for package in PRIVATE_PACKAGES)
    return packages or any(map(is_private, path.split(".")))


def test_no_friendship_is_declared_that_is_not_used():
    used = {}
    for source in SOURCES:
        used.setdefault(part_of(module_of(source)), set()).update(private_imports(source))
    stale = {part: friends - used.get(part, set()) for part, friends in FRIENDS.items()}
    assert not {part: left for part, left in stale.items() if left}


def test_a_stranger_is_noticed(monkeypatch):
    source = ROOT / "metrics" / "_made_up.py"
    text = "from skxrf.io._units import to_mm\nfrom skxrf.io.cubes.axes import DIMS"
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: text)
    assert strangers(source) == {"io._units", "io.cubes.axes"}


def test_private_names_of_other_packages_are_gathered_in_one_file():
    assert set(in_files(private_names_of_others)) == {"utils/_sklearn.py"}


def private_names_of_others(source):
    """Private names (module, name) of other packages in a file."""
    return [
        (module, name)
        for module, name in imports(source)
        if module.split(".")[0] not in ("skxrf", "__future__")
        and (is_private(name) or any(map(is_private, module.split("."))))
    ]


def test_only_scikit_learns_private_names_are_gathered():
    modules = {module.split(".")[0] for module, _ in imports(ROOT / "utils" / "_sklearn.py")}
    assert modules == {"sklearn"}


def test_heavy_and_special_packages_stay_in_their_part():
    assert in_files(packages_out_of_place) == {}


def packages_out_of_place(source):
    """Packages that a file imports and its part may not."""
    found = {module.split(".")[0] for module, _ in imports(source)} & set(ONLY_IN)
    module = module_of(source)
    return {p for p in found if not any(within(module, place) for place in ONLY_IN[p])}


def test_networks_know_nothing_of_maps():
    sources = [source for source in SOURCES if within(module_of(source), "neural_network")]
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
    # Files are opened without physics; the first module is io.
    of_physics = {"scipy", "xraylib"}
    loaded = loaded_after(LIGHT, ["torch", "skorch", "matplotlib", *of_physics])
    assert loaded["skxrf.io"] == []
    assert {module: {*found} - of_physics for module, found in loaded.items()} == {
        module: set() for module in LIGHT
    }


def test_networks_load_no_matplotlib_and_no_xarray():
    heavy = ["matplotlib", "xarray"]
    assert loaded_after(["skxrf.neural_network"], heavy) == {"skxrf.neural_network": []}


def test_pictures_load_no_torch():
    assert loaded_after(["skxrf.plotting"], ["torch"]) == {"skxrf.plotting": []}
