"""Names of line groups as chemists and other programs write them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from skxrf.exceptions import LineGroupError

_PERIODIC_TABLE = """
H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr
Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm
Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu
"""
_SYMBOLS = tuple(_PERIODIC_TABLE.split())
# A separator, or none where upper and lower case leave no doubt. PyMca also fits parts of a
# group (Fe_Ka, Pb_L3): they keep their names, since they are not the whole group.
_SPELLED = re.compile(r"([A-Za-z]{1,2})[-_ ]([KLM])([ab]|[1-5])?")
_JOINED = re.compile(r"([A-Z][a-z]?)([KLM])([ab]|[1-5])?")
# As typed: case, separator and shell are free, and a part of a group stands for the whole.
_TYPED = re.compile(
    r"([a-z]{1,2})(?:[-_ ]?([klm])(?:[-_ ]?(?:[1-5]|a|b|g|alpha|beta|gamma|α|β|γ)){0,2})?"
)


def element_symbol(atomic_number: int) -> str | None:
    """Return the symbol of an element, None beyond plutonium."""
    return _SYMBOLS[atomic_number - 1] if 1 <= atomic_number <= len(_SYMBOLS) else None


def line_group_name(spelling: str) -> str | None:
    """Return the library's name of a line group, ``Fe_K`` for ``Fe-K``, ``Fe K`` or ``FeK``.

    Returns the name, or None where the spelling leaves doubt about which line group is meant.

    Examples
    --------
    >>> from skxrf.utils.line_group_names import line_group_name
    >>> line_group_name("Pb-L"), line_group_name("FE_Ka"), line_group_name("Fe")
    ('Pb_L', 'Fe_Ka', None)
    """
    match = _SPELLED.fullmatch(spelling.strip()) or _JOINED.fullmatch(spelling.strip())
    if match is None or match[1].capitalize() not in _SYMBOLS:
        return None
    return f"{match[1].capitalize()}_{match[2]}{match[3] or ''}"


def find_line_group(wanted: str, known: Iterable[str] | None = None) -> str:
    """Find the line group that a user means: ``Fe_K`` for ``fe``, ``Fe-K`` or ``Fe_Ka``.

    `wanted`: an element or line group, in any case. An element alone is its K lines up to iodine
    and its L lines from cesium on, or those of its lines that are known. `known`: line groups to
    choose from; a name among them is taken as it is. Returns the library's name. It need not be
    among `known`: the caller has to look.

    Examples
    --------
    >>> from skxrf.utils.line_group_names import find_line_group
    >>> find_line_group("hg"), find_line_group("Fe Ka"), find_line_group("Pb", ["Fe_K", "Pb_M"])
    ('Hg_L', 'Fe_K', 'Pb_M')
    """
    names = [] if known is None else [str(name) for name in known]
    text = str(wanted).strip()
    for name in (text, line_group_name(text)):
        if name in names:
            return name
    symbol, shell = _symbol_and_shell(text)
    if symbol is None and known is not None:
        return text
    if symbol is None:
        raise LineGroupError(
            f"unknown line group {wanted!r}: expected an element or its lines K, L or M, such as "
            f"'Fe', 'Fe_K' or 'Pb_M'.{names_instead([text])}"
        )
    if shell is None:
        of_element = [f"{symbol}_{one}" for one in "KLM" if f"{symbol}_{one}" in names]
        # From caesium on the K lines lie above 30 keV: few tubes excite them well.
        by_l_lines = _SYMBOLS.index(symbol) >= _SYMBOLS.index("Cs")
        return of_element[0] if of_element else f"{symbol}_{'L' if by_l_lines else 'K'}"
    return f"{symbol}_{shell}"


def names_instead(wrong: Iterable[str], known: Iterable[str] = _SYMBOLS) -> str:
    """Question with the nearest names; empty if there are none.

    `wrong`: names that are no elements, or not among `known`; those of other elements get no
    advice. `known`: symbols or line groups to choose from. Returns text such as ``" Did you mean
    Hg_L?"``.
    """
    places: dict[str, list[str]] = {}
    for name in known:
        places.setdefault(name.partition("_")[0], []).append(name)
    nearest: list[str] = []
    for one in wrong:
        symbol = one.partition("_")[0].capitalize()
        if symbol not in _SYMBOLS:
            nearest += difflib.get_close_matches(symbol, places, 3, 0.5)
    names = [name for symbol in dict.fromkeys(nearest) for name in places[symbol]]
    return f" Did you mean {' or '.join(names)}?" if names else ""


def find_line_groups(wanted: Iterable[str], known: Iterable[str] | None = None) -> list[str]:
    """Find the line groups that a user means, see :func:`find_line_group`."""
    names = None if known is None else list(known)
    return [find_line_group(one, names) for one in wanted]


def _symbol_and_shell(text: str) -> tuple[str | None, str | None]:
    if text.capitalize() in _SYMBOLS:
        return text.capitalize(), None
    match = _TYPED.fullmatch(text.lower())
    # Two letters may be a symbol of one letter and a shell, such as "sk".
    for symbol, shell in ((match[1], match[2]), (text[:1], text[1:])) if match else ():
        known = symbol.capitalize() in _SYMBOLS
        if known and (shell or "").upper() in ("K", "L", "M"):
            return symbol.capitalize(), shell.upper()
    return None, None
