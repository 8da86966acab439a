"""Tables of an audit as text, for the terminal and the report."""

from __future__ import annotations

import numpy as np
import pandas as pd

from skxrf.audit._audit import Audit


def error_table(audit: Audit) -> list[list[str]]:
    """Errors of all methods, with a heading row.

    Returns line group, mean, photon noise, and a column for each method or finished maps.
    """
    tables = {name: found.table for name, found in audit.errors.items()}
    all_tables = [*tables.values(), *audit.finished.values()]
    groups = list(dict.fromkeys(name for table in all_tables for name in table.index))
    rows = [["", "mean", "photon noise", *tables, *audit.finished]]
    for group in groups:
        of = next(t for t in all_tables if group in t.index)
        row = [_label(group), number(of.loc[group, "mean"]), number(of.loc[group, "bound"])]
        for form, some in ((_with_error, tables), (_limits, audit.finished)):
            row += [form(t.loc[group]) if group in t.index else "-" for t in some.values()]
        rows.append(row)
    return rows


def coverage_table(audit: Audit) -> list[list[str]]:
    """Coverage of stated errors, with a heading row; empty where no method states errors.

    Returns line group, and for each method the share within one standard error, the factor, and the
    share after it.
    """
    tables = {name: table for name, table in audit.coverage.items() if len(table)}
    if not tables:
        return []
    rows = [["", *(cell for name in tables for cell in (name, "factor", "after"))]]
    for group in dict.fromkeys(n for table in tables.values() for n in table.index):
        row = [_label(group)]
        for table in tables.values():
            if group not in table.index:
                row += ["-"] * 3
                continue
            one = table.loc[group]
            row += [
                f"{100 * one['within_one']:.0f} %",
                f"{one['factor']:.2f}",
                f"{100 * one['within_one_after']:.0f} %",
            ]
        rows.append(row)
    return rows


def dwell_lines(audit: Audit) -> list[str]:
    """Precision of a typical pixel and the dwell needed, a sentence for each line group.

    Returns texts such as ``"Sr K: 12 % at 40 ms; 5 % needs 230 ms"``; the most precise first.
    """
    wanted = f"{100 * audit.precision:g} %"
    lines = []
    for name, row in audit.dwell.sort_values("precision").iterrows():
        if not np.isfinite(row["precision"]):
            continue
        now = f"{_label(str(name))}: {_percent(row['precision'])}"
        factor = row["dwell_factor"]
        if audit.dwell_time is None:
            need = f"{number(factor)} times the dwell" if factor > 1 else "reached"
            lines.append(
                f"{now}; {wanted} needs {need}" if factor > 1 else f"{now}; {wanted} reached"
            )
            continue
        at = f"{now} at {seconds(audit.dwell_time)}"
        lines.append(f"{at}; {wanted} needs {seconds(row['needed'])}")
    return lines


def difference_rows(table: pd.DataFrame) -> list[list[str]]:
    """Differences of two maps, with a heading row.

    Returns line group, mean, mean difference with its error, root mean square, share of pixels
    beyond two standard errors, likely reason.
    """
    rows = [["", "mean", "difference", "RMS", "beyond errors", "likely reason"]]
    for name, row in table.iterrows():
        beyond = row["beyond_errors"]
        reason = str(row["reason"])
        if reason and np.isfinite(row["explained"]):
            reason += f" ({100 * row['explained']:.0f} %)"
        rows.append(
            [
                _label(str(name)),
                number(row["mean"]),
                f"{number(row['difference'], sign=True)} ± {number(row['difference_error'])}",
                number(row["rms"]),
                f"{100 * beyond:.1f} %" if np.isfinite(beyond) else "-",
                reason,
            ]
        )
    return rows


def number(value: float, *, sign: bool = False) -> str:
    """Counts for readers: three digits, whole from 100 up.

    `sign`: whether to write a plus.
    """
    if not np.isfinite(value):
        return "-"
    form = "+" if sign else ""
    size = abs(value)
    if size >= 99.95:
        return f"{value:{form},.0f}"
    digits = 1 if size >= 9.995 else 2
    return f"{value:{form}.{digits}f}"


def seconds(value: float) -> str:
    """Write a time with its unit: two digits, in ms below a second.

    `value`: time [s].
    """
    unit, scaled = ("ms", 1000 * value) if value < 1 else ("s", value)
    if scaled >= 100 or scaled == 0:
        digits = 2 - int(np.floor(np.log10(scaled))) - 1 if scaled else 0
        return f"{round(scaled, digits):,.0f} {unit}"
    return f"{scaled:.2g} {unit}"


def _with_error(row: pd.Series) -> str:
    if not np.isfinite(row["rmse"]):
        return "-"
    if row["rmse"] == 0:
        return f"< {number(row['rmse_error'])}"
    return f"{number(row['rmse'])} ± {number(row['rmse_error'])}"


def _limits(row: pd.Series) -> str:
    if row["rmse_low"] == 0:
        return f"≤ {number(row['rmse_high'])}"
    return f"{number(row['rmse_low'])} to {number(row['rmse_high'])}"


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 0.995 else f"{100 * share:,.0f} %"


def _label(name: str) -> str:
    return name.replace("_", " ")
