"""Picture of the rooms of the library and of their imports, drawn from the code at every build.

    python docs/_extensions/architecture.py architecture.svg

draws it alone.
"""

import ast
import itertools
import sys
from collections import defaultdict
from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

__all__ = ["direct", "imports_of_rooms", "rooms", "setup", "write_picture"]

ROOT = Path(__file__).parents[2] / "skxrf"
# Rooms in reading order, column by column: what is drawn between them are the imports of the code.
LANES = {
    "user": [
        ["io"],
        ["samples"],
        ["preprocessing", "neural_network", "model_selection", "compose"],
        ["inference", "persistence", "postprocessing"],
        ["plotting", "metrics", "audit"],
        ["report", "reproduction"],
        ["cli", "accessor"],
    ],
    "physics": [
        ["spectra", "physics"],
        ["spectrum_fit"],
        ["linear_model", "cluster"],
        ["pretrained"],
        ["pretrained.training", "simulation", "datasets"],
    ],
}
# Rooms that all others may use.
TOOLS = ["exceptions", "utils"]
# The two paths: the rooms that data pass, one after the other.
PATHS = {
    "user": ["io", "samples", "preprocessing", "inference", "plotting", "report"],
    "physics": ["spectra", "spectrum_fit", "linear_model", "pretrained"],
}
TITLES = {
    "user": "The user's path: file, cube, samples, pipeline, maps, picture",
    "physics": "The physics' path: sum spectrum, energy axis, line groups, components, pixels",
}
FACES = {"user": "#cfe3f5", "physics": "#f8dcc4"}
EDGES = {"user": "#0072b2", "physics": "#d55e00"}


def rooms():
    """Names of all rooms that are drawn."""
    return [*TOOLS, *(room for lane in LANES.values() for column in lane for room in column)]


def room_of(module):
    """Room that a module such as ``pretrained.training._loop`` belongs to, or None."""
    found = [room for room in rooms() if f"{module}.".startswith(f"{room}.")]
    return max(found, key=len, default=None)


def modules():
    """Yield the path and the name without ``skxrf`` of every module."""
    for path in sorted(ROOT.rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        yield path, name.removesuffix(".__init__")


def imports_of_rooms():
    """Rooms that each room imports, and the number of its lines.

    Returns
    -------
    imports : dict of str to set of str
        Imports at any depth of a file count.
    lines : dict of str to int
        Lines of Python code.
    """
    imports, lines = defaultdict(set), defaultdict(int)
    for path, module in modules():
        room = room_of(module)
        if room is None:
            continue
        text = path.read_text(encoding="utf-8")
        lines[room] += text.count("\n")
        for node in ast.walk(ast.parse(text)):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            found = {room_of(name.removeprefix("skxrf.")) for name in names if name[:6] == "skxrf."}
            imports[room] |= found - {room, None}
    return {room: imports[room] for room in rooms() if room in lines}, dict(lines)


def direct(imports):
    """Imports that no chain of others implies."""

    def reach(room, seen):
        for one in imports.get(room, ()):
            if one not in seen:
                seen.add(one)
                reach(one, seen)
        return seen

    kept = {}
    for room, others in imports.items():
        implied = {far for one in others for far in reach(one, set())}
        kept[room] = others - implied
    return kept


def write_picture(path):
    """Draw the rooms, the two paths, and the imports between rooms.

    Parameters
    ----------
    path : path-like
        File; its ending says the format.
    """
    imports, lines = imports_of_rooms()
    # Opening a cube registers the accessor, which stands above all others.
    imports["io"] = imports["io"] - {"accessor"}
    with rc_context({"svg.fonttype": "path", "svg.hashsalt": "skxrf", "font.size": 9.0}):
        figure = Figure(figsize=(11.5, 6.6))
        axes = figure.add_axes((0, 0, 1, 1))
        boxes = {}
        for lane, sign in (("user", 1), ("physics", -1)):
            for x, column in enumerate(LANES[lane]):
                for i, room in enumerate(column):
                    boxes[room] = _box(axes, lane, room, lines[room], (x, sign * (0.75 + 0.85 * i)))
            depth = max(map(len, LANES[lane]))
            axes.text(
                *(-0.42, sign * (0.75 + 0.85 * depth) - 0.1, TITLES[lane]),
                color=EDGES[lane], weight="bold", va="center", fontsize=11,
            )  # fmt: skip
        for room, others in direct(imports).items():
            for other in others & set(boxes):
                _arrow(axes, boxes[other], boxes[room], "0.66", 0.8)
        for lane, steps in PATHS.items():
            for first, second in itertools.pairwise(steps):
                _arrow(axes, boxes[first], boxes[second], EDGES[lane], 3.0)
        note = (
            "Gray: imports that no others imply. Every room may use utils and\n"
            "exceptions. Numbers: lines of Python code."
        )
        axes.text(6.42, -3.05, note, ha="right", va="center", color="0.35", fontsize=8)
        axes.set_xlim(-0.6, 6.6)
        axes.set_ylim(-3.6, 4.4)
        axes.set_axis_off()
        figure.savefig(path, dpi=150, metadata={"Date": None} if str(path)[-3:] == "svg" else None)


def _box(axes, lane, room, n_lines, at):
    x, y = at
    box = FancyBboxPatch(
        *((x - 0.39, y - 0.27), 0.78, 0.54),
        boxstyle="round,pad=0,rounding_size=0.08",
        facecolor=FACES[lane],
        edgecolor=EDGES[lane],
        linewidth=2.0 if room in PATHS[lane] else 0.8,
        zorder=3,
    )
    axes.add_patch(box)
    name = room.replace(".", ".\n")
    axes.text(x, y + 0.06, name, ha="center", va="center", zorder=4, linespacing=0.95)
    axes.text(
        *(x, y - 0.25, f"{n_lines:,}"),
        ha="center", va="bottom", fontsize=6.5, color="0.35", zorder=4,
    )  # fmt: skip
    return box


def _arrow(axes, first, second, color, width):
    (x, y), (to_x, to_y) = (
        (box.get_x() + box.get_width() / 2, box.get_y() + box.get_height() / 2)
        for box in (first, second)
    )
    level = y == to_y and abs(to_x - x) == 1
    arrow = FancyArrowPatch(
        *((x, y), (to_x, to_y)),
        patchA=first,
        patchB=second,
        shrinkA=1.5,
        shrinkB=1.5,
        connectionstyle=f"arc3,rad={0 if level or width > 1 else -0.1}",
        arrowstyle=f"-|>,head_length={2.5 + width},head_width={1.2 + 0.8 * width}",
        color=color,
        linewidth=width,
        zorder=2 if width > 1 else 1,
    )
    axes.add_patch(arrow)


def _before_reading(app):
    folder = Path(app.srcdir) / "_generated"
    folder.mkdir(exist_ok=True)
    write_picture(folder / "architecture.svg")


def setup(app):
    """Register with Sphinx: the picture is drawn before the pages are read."""
    app.connect("builder-inited", _before_reading)
    return {"parallel_read_safe": True}


if __name__ == "__main__":
    write_picture(sys.argv[1])
