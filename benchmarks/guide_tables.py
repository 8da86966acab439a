"""Tables of the guide's page of benchmarks: template fit, calibration, denoising."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

from benchmarks.accuracy.paintings import ELEMENTS
from benchmarks.denoising import ICONS, REAL_GROUPS
from benchmarks.tables import markdown

_FITS = {
    "template fit": "template fit",
    "PyMca, polynomial": "PyMca, polynomial background",
    "PyMca, SNIP": "PyMca, SNIP background",
}
_FILTERS = {
    "none": "pixel by pixel",
    "denoise_maps": "**denoise_maps**",
    "non-local means": "non-local means (scikit-image)",
    "Gaussian": "Gaussian",
    "median 3x3": "median 3 x 3",
}
_DOSES = {
    "icon_2, M6, 500, bound": "icon_2, 500 counts",
    "icon_3, M4, 50000, bound": "icon_3, 50,000 counts",
    "unkind field, 500": "drawn field, 500",
    "unkind field, 5000": "drawn field, 5,000",
    "unkind field, 50000": "drawn field, 50,000",
}
_FITTED_ICON = "icon_test, M6, 5000, template fit"


def template_fit_errors(folder: Path) -> str:
    """RMSE against the truth of a simulated icon [counts]."""
    results = pd.read_csv(folder / "template_fit.csv").query("against == 'truth'")
    wide = results.pivot_table(index="method", columns="line_group", values="rmse")
    return _table(wide, _FITS, ELEMENTS, lambda value: f"{value:.1f}")


def template_fit_speed(folder: Path) -> str:
    """Spectra per second of the template fit and of PyMca."""
    results = pd.read_csv(folder / "template_fit.csv")
    wide = results.pivot_table(index="problem", columns="method", values="spectra_per_s")
    rows = [[str(name), *(f"{row[fit]:,.0f}" for fit in _FITS)] for name, row in wide.iterrows()]
    return markdown(["spectra per second, one busy thread, same run", *_FITS], rows)


def calibration(folder: Path) -> str:
    """Absolute errors of the energy axis, sums of a million counts or more."""
    results = pd.read_csv(folder / "calibration_summary.csv")
    results = results[results["paintings"] == "1e6 counts or more"]
    rows = []
    for _, one in results.iterrows():
        energy, unit = str(one["quantity"]).removeprefix("error_ev_"), "eV"
        if energy != one["quantity"]:
            title = f"at {energy} keV" + (", where the axis reaches it" if energy == "22" else "")
        else:
            title, unit = "full width at half maximum", "%"
        values = one[["median", "95th_percentile", "worst"]]
        rows.append([title, *(f"{value:.1f} {unit}" for value in values)])
    n = int(results["n"].max())
    header = f"absolute error, sums of 1e6 counts or more ({n} of 120)"
    return markdown([header, "median", "95 % within", "worst"], rows)


def denoising_paintings(folder: Path) -> str:
    """RMSE over the bound of filters, mean over simulated paintings at 5,000 counts."""
    named = {f"{palette}, {scanner}, {dose}, bound" for palette, scanner, dose, _ in ICONS}
    results = _denoising(folder)
    results = results[results["problem"].isin({name for name in named if ", 5000," in name})]
    wide = results.pivot_table(index="method", columns="line_group", values="rmse_over_bound")
    return _table(wide, _FILTERS, ELEMENTS)


def denoising_doses(folder: Path) -> str:
    """RMSE over the bound of `denoise_maps` at other doses, and on a drawn field."""
    results = _denoising(folder).query("method == 'denoise_maps'")
    wide = results.pivot_table(index="problem", columns="line_group", values="rmse_over_bound")
    return _table(wide, _DOSES, ELEMENTS)


def denoising_halves(folder: Path) -> str:
    """Differences of the halves of a real scan's counts, before and after."""
    results = _denoising(folder).query("problem == 'real scan, halves'")
    wide = results.pivot_table(index="method", columns="line_group", values="rmse_over_bound")
    methods = {"none": "template fit", "denoise_maps": "**denoise_maps**"}
    return _table(wide, methods, REAL_GROUPS)


def denoising_fit(folder: Path) -> str:
    """Maps of a template fit, before and after: errors and coverage."""
    results = _denoising(folder).query("problem == @_FITTED_ICON")
    parts = {}
    for column, title in (("rmse_over_bound", "RMSE"), ("within_1", "within one error")):
        wide = results.pivot_table(index="method", columns="line_group", values=column)
        for method, after in (("none", "template fit"), ("denoise_maps", "denoised")):
            parts[f"{title}, {after}"] = wide.loc[method]
    wide = pd.DataFrame(parts).T
    return _table(wide, {str(name): str(name) for name in wide.index}, ELEMENTS)


def _denoising(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "denoising.csv")


def _table(
    wide: pd.DataFrame,
    rows: Mapping[str, str],
    columns: list[str],
    shown: Callable[[float], str] = "{:.2f}".format,
) -> str:
    """Rows and columns of a table that there are, under their names for readers."""
    there = [name for name in columns if name in wide.columns]
    cells = [
        [title, *(shown(wide.loc[name, column]) for column in there)]
        for name, title in rows.items()
        if name in wide.index
    ]
    return markdown(["", *(name.replace("_", " ") for name in there)], cells)


TABLES: dict[str, Callable[[Path], str]] = {
    "template-fit": template_fit_errors,
    "template-fit-speed": template_fit_speed,
    "calibration": calibration,
    "denoising-paintings": denoising_paintings,
    "denoising-doses": denoising_doses,
    "denoising-halves": denoising_halves,
    "denoising-fit": denoising_fit,
}
