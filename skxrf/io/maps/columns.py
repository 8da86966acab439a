"""Names of line groups as other programs spell them, and the choice of columns to read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from skxrf.exceptions import Argument, LineGroupError
from skxrf.utils.line_group_names import find_line_group, line_group_name

Elements = Sequence[str] | Mapping[str, str] | None

UNCERTAINTY = re.compile(r"s\((.+)\)")
# Columns of PyMca beside the line groups: mass fractions, concentrations, scatter, background,
# figures of merit (and their uncertainties).
_PYMCA_EXTRAS = re.compile(
    r"(w|mM)\(.*|Scatter[_ ](Peak|Compton)\d*|Constant|\d+(st|nd|rd|th)[_ ]Order|A\d+|"
    r"chisq|nFreeParameters|nObservations"
)


def name_at_end(stem: str) -> str:
    """Name of a map or of its standard deviations that ends the name of a file; empty where none does."""
    starts = [0, *(separator.end() for separator in re.finditer(r"[-_\s]+", stem))]
    ends = (stem[start:] for start in starts)
    return next((one for one in ends if line_group_name(UNCERTAINTY.sub(r"\1", one))), "")


def chosen_columns(names: Sequence[str], elements: Elements, *, where: str) -> dict[str, str]:
    """Choose the columns that become maps, and what the maps are called.

    `names`: the columns of the file that may be intensities. `elements`: the columns wanted, as the
    file or the library spells them; or a mapping from the file's names to line groups; or all,
    which must then be line groups. `where`: the file, for error messages. Returns a mapping from
    the file's names to line groups, in the order of the maps.
    """
    renamed = {name: line_group_name(name) for name in names}
    if isinstance(elements, Mapping):
        chosen = {str(name): str(group) for name, group in elements.items()}
    elif elements is not None:
        wanted = [elements] if isinstance(elements, str) else list(elements)
        back = {group: name for name, group in renamed.items() if group is not None}
        chosen = {}
        for one in wanted:
            name = one if one in renamed else back.get(find_line_group(one, back), one)
            chosen[name] = renamed.get(name) or one
    else:
        unknown = [n for n, g in renamed.items() if g is None and not _PYMCA_EXTRAS.fullmatch(n)]
        if unknown:
            raise LineGroupError(
                f"{where} has columns that are no line groups such as Fe_K or Pb_L: "
                f"{', '.join(map(repr, unknown[:10]))}. Pass ",
                Argument("elements"),
                " with the columns to read, or with a mapping such as {'Fe': 'Fe_K'}.",
            )
        chosen = {name: group for name, group in renamed.items() if group is not None}
    missing = [name for name in chosen if name not in renamed]
    if missing or not chosen:
        raise LineGroupError(
            f"{where} holds no map of {', '.join(missing) or 'any line group'}. It holds: "
            f"{', '.join(names) or 'none'}."
        )
    groups = list(chosen.values())
    twice = next((group for group in groups if groups.count(group) > 1), None)
    if twice is not None:
        same = [name for name, group in chosen.items() if group == twice]
        raise LineGroupError(
            f"{where} holds {twice} more than once, as {', '.join(map(repr, same))}: pass ",
            Argument("elements"),
            " with the columns to read.",
        )
    return chosen
