"""Line groups that are asked of a template fit, by a parameter or by the names of labels."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from skxrf.exceptions import Argument, EnergyAxisError, LineGroupError
from skxrf.physics import line_group
from skxrf.utils.energy import describe_axis
from skxrf.utils.line_group_names import find_line_groups


def column_names(y: object) -> list[str] | None:
    """Names of the columns of labels, None where they have none."""
    columns = getattr(y, "columns", None)
    if columns is not None:
        return [str(name) for name in columns]
    name = getattr(y, "name", None)
    return None if name is None else [str(name)]


def is_line_group(name: str) -> bool:
    """Tell if a name is of a line group with known lines."""
    try:
        line_group(name, tube_voltage=1e3)
    except LineGroupError:
        return False
    return True


def wanted_groups(
    line_groups: Sequence[str] | None, tube_voltage: float, names: Sequence[str] | None
) -> list[str]:
    """Line groups to fit in any case.

    `line_groups`: those of the parameter, as chemists write them. `tube_voltage`: voltage of the
    tube [kV], which must excite them. `names`: names of labels, of which those of line groups count
    where the parameter names none.
    """
    if line_groups is not None:
        wanted = find_line_groups(line_groups)
        if len(set(wanted)) != len(wanted):
            raise LineGroupError(f"line_groups holds a group twice: {', '.join(wanted)}.")
    else:
        wanted = [name for name in names or [] if is_line_group(name)]
    for name in wanted:
        line_group(name, tube_voltage=tube_voltage)
    return wanted


def refuse_without_axis(
    line_groups: Sequence[str] | None, names: Sequence[str] | None, unlabeled: bool
) -> None:
    """Refuse what needs the energy axis where there is none."""
    named = [name for name in names or [] if is_line_group(name)]
    if not (unlabeled or named or line_groups is not None):
        return
    asked = ", ".join(map(str, named or line_groups or []))
    why = "labels are missing" if unlabeled else f"line groups are asked for ({asked})"
    raise EnergyAxisError(
        f"the template fit needs the energy axis, for {why}: pass ",
        Argument("energy"),
        " as bin centers in keV, such as cube['energy'].values, or ",
        Argument("energy", placeholder="offset, gain"),
        ".",
    )


def warn_unexplained(share: float, energy: NDArray[Any], most: float = 0.2) -> None:
    """Warn of more counts of the sum spectrum that no line group explains than on a right axis."""
    if share <= most:
        return
    warnings.warn(
        f"the fit leaves {share:.0%} of the counts of the sum spectrum unexplained: the energy axis "
        "may be wrong by more than the refinement mends (about 2 % in gain, 150 eV in zero; it is "
        f"{describe_axis(energy)}), or lines are there that are no candidates. Find the axis with "
        "EnergyCalibrator, or name the line groups.",
        UserWarning,
        stacklevel=6,
    )


def warn_nothing_found(n_spectra: int, counts: float) -> None:
    """Warn of a fit without line groups."""
    warnings.warn(
        f"no line group stands out of the sum of {n_spectra} spectra ({counts:,.0f} counts), and "
        "none is asked for: there is nothing to predict. Fit on more pixels, or name the line "
        "groups.",
        UserWarning,
        stacklevel=6,
    )


def require_axis(fitted: object, lacking: str) -> None:
    """Refuse what an estimator that was fitted without an energy axis cannot do."""
    if not hasattr(fitted, "energy_"):
        raise EnergyAxisError(f"{lacking}: pass ", Argument("energy"), " and fit again.")
