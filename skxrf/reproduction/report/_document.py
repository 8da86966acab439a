"""One self-contained HTML file from a result."""

from __future__ import annotations

from typing import Any

from skxrf.reproduction._result import ReproductionResult
from skxrf.utils.html import page_environment

from ._figures import (
    comparison_picture,
    composite_picture,
    histogram_picture,
    loss_picture,
    map_picture,
    spectrum_picture,
)
from ._tables import cost_table, element_table, fold_table
from ._wording import distinct_elements, duration, findings, listed, paper_elements


def render_report(result: ReproductionResult) -> str:
    """Render the report of the paper's experiment.

    Returns one HTML page: its pictures and style are inside, it loads nothing from elsewhere.
    """
    environment = page_environment("skxrf.reproduction.report")
    environment.filters |= {"listed": listed, "duration": duration}
    page: str = environment.get_template("reproduction.html.j2").render(
        result=result,
        data=result.data,
        settings=result.settings,
        findings=findings(result),
        tables=_tables(result),
        pictures=_pictures(result),
        shown=_shown_painting(result),
    )
    return page


def _tables(result: ReproductionResult) -> dict[str, Any]:
    tables = {
        "ssim": element_table(result, "ssim", "reference"),
        "within_sigma": element_table(result, "within_sigma", "reference"),
        "folds": fold_table(result),
        "cost": cost_table(result),
    }
    if result.truth is not None:
        tables["ssim_truth"] = element_table(result, "ssim", "truth")
        tables["rmse_truth"] = element_table(result, "rmse", "truth", decimals=1)
    return tables


def _pictures(result: ReproductionResult) -> dict[str, Any]:
    painting = _shown_painting(result)
    reference = result.reference[painting]
    name = result.data.reference_name
    networks = [m for m in result.methods if m.kind == "network"]
    shown = networks or result.methods[:1]
    few = paper_elements(result)
    compared = {
        m.name: comparison_picture(
            reference, m.predictions[painting], few, (name, f"{m.name}, held out")
        )
        for m in _compared(result)
    }
    first = shown[0]
    pair = {name: reference, f"{first.name}, held out": first.predictions[painting]}
    colors = distinct_elements(reference)
    curves = {m.name: m.loss_curves for m in result.methods if m.loss_curves}
    data = result.data
    return {
        "composite": composite_picture(pair, colors),
        "composite_elements": colors,
        "spectrum": spectrum_picture(
            data.energy,
            {"sum of all pixels": data.sum_spectrum, "maximum pixel": data.maximum_spectrum},
            result.elements,
        ),
        "maps": map_picture(first.predictions[painting]),
        "maps_name": first.name,
        "compared": compared,
        "compared_elements": few,
        "histogram": histogram_picture(
            reference, {m.name: m.predictions[painting] for m in _compared(result)}, few, name
        ),
        "losses": loss_picture(curves) if curves else None,
    }


def _compared(result: ReproductionResult) -> list[Any]:
    """Choose the library's networks, and the best rival of each other kind."""
    chosen = [m for m in result.methods if m.kind == "network"]
    for kind in ("published network", "classical"):
        rivals = [m for m in result.methods if m.kind == kind and not m.is_reference]
        if rivals:
            chosen.append(max(rivals, key=lambda m: result.score(m.name)))
    return chosen or list(result.methods)


def _shown_painting(result: ReproductionResult) -> str:
    return list(result.reference)[-1]
