"""Page of the paper's table 1, with its figures and files."""

from __future__ import annotations

import base64
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from skxrf.reproduction._paper import PaperResult
from skxrf.utils.files import whole_files

from ._figures import Picture, comparison_picture, histogram_picture, loss_picture


@dataclass(frozen=True)
class _Published:
    """Mean SSIM on the held-out painting in table 1 of the paper (Gerodimos et al.)."""

    elements: tuple[str, ...] = (
        *("S_K", "K_K", "Ca_K", "Cr_K", "Mn_K", "Fe_K", "Cu_K", "Sr_K", "Au_L", "Hg_L", "Pb_L"),
    )
    """Line groups."""
    # cnn, mlp: SSIM of the two networks
    cnn: tuple[float, ...] = (0.99, 0.80, 0.99, 0.99, 0.97, 1.00, 0.98, 1.00, 0.96, 1.00, 1.00)
    mlp: tuple[float, ...] = (0.66, 0.57, 0.90, 0.88, 0.78, 0.94, 0.90, 0.87, 0.86, 0.98, 0.97)
    shown: tuple[str, ...] = ("K_K", "Au_L", "Hg_L", "Pb_L")  # line groups of figures 5 and 6


def write_paper_page(result: PaperResult, folder: Path) -> Path:
    """Write ``table1.md``, its figures, ``maps.nc``, ``scores.csv`` and ``training.csv``.

    `result`: result of :func:`skxrf.reproduction.reproduce` on the paper's set-up. `folder`: the
    folder; files of the same names are replaced, others stay. Returns the page.
    """
    curves = pd.concat(
        [
            pd.DataFrame(network.curve, columns=["seconds", "passes", "validation_loss"]).assign(
                network=network.name
            )
            for network in result.networks
        ]
    )
    first = result.networks[0].name
    few = [name for name in _Published.shown if name in result.set_up.elements]
    few = [*few, *(name for name in result.set_up.elements if name not in few)][:4]
    pictures = {
        "figure5": comparison_picture(
            result.reference, result.predictions[first], few, ("template fit", first)
        ),
        "figure6": histogram_picture(result.reference, result.predictions, few, "template fit"),
        "curves": loss_picture(
            {n.name: {"validation": [loss for *_, loss in n.curve]} for n in result.networks}
        ),
    }
    names = list(result.predictions)
    maps = xr.Dataset(
        {
            "prediction": xr.concat(
                list(result.predictions.values()), dim=xr.Variable("model", names)
            ),
            "reference": result.reference,
            "truth": result.truth,
        }
    ).drop_attrs()
    compressed = {str(name): {"zlib": True, "complevel": 4} for name in maps.data_vars}
    with whole_files(folder) as temporary:
        files = {name: _write(picture, temporary, name) for name, picture in pictures.items()}
        result.scores.to_csv(temporary / "scores.csv", index=False, float_format="%.6g")
        curves.to_csv(temporary / "training.csv", index=False, float_format="%.6g")
        content = maps.to_netcdf(engine="h5netcdf", encoding=compressed)
        (temporary / "maps.nc").write_bytes(content)
        page = _page(result, {n: f"![{pictures[n].alt}]({file})" for n, file in files.items()})
        (temporary / "table1.md").write_text(page, encoding="utf-8")
    return folder / "table1.md"


def _write(picture: Picture, folder: Path, name: str) -> str:
    kind, content = picture.uri.split(",", 1)
    file = f"{name}.svg" if "svg" in kind else f"{name}.png"
    (folder / file).write_bytes(base64.b64decode(content))
    return file


def _page(result: PaperResult, images: dict[str, str]) -> str:
    set_up = result.set_up
    unfinished = [network.name for network in result.networks if not network.converged]
    state = "All networks have converged."
    if unfinished:
        state = (
            f"**Not converged: {', '.join(unfinished)}.** Their scores show how far they have come "
            "in the time that the last table gives, not how good they are."
        )
    *others, last = (name for name, _ in set_up.training)
    paintings = f"{', '.join(others)} and {last}"
    n_rows, n_columns = result.reference.sizes["y"], result.reference.sizes["x"]
    return f"""\
# Table 1 of the paper, at the paper's size

Simulated scans of the paper's paintings with a step of {set_up.step:g} mm and {set_up.n_channels:,}
channels at 5,000 counts a pixel; {min(set_up.n_training, result.n_scanned):,} of the
{result.n_scanned:,} spectra of {paintings}, drawn at random, to learn from; all
{n_rows * n_columns:,} pixels ({n_rows} x {n_columns}) of {set_up.test[0]} held out. Labels and reference are
template fits.

{state}

SSIM against the template fit of the held-out painting, beside the paper's own figures, which are of
measured paintings. Prediction and fit see the same photon noise.

{_markdown(_table1(result), 3)}

SSIM against the true intensities, which have no photon noise.

{_markdown(result.table(against="truth"), 3)}

RMSE against the true intensities [counts].

{_markdown(result.table("rmse", "truth"), 1)}

Training and size. A pass is one over all spectra that the network is trained on. A published
network has converged when its validation loss has not fallen for long, one of this library at the
end of its schedule. The published networks are stored after blocks of training, and begin each
block with the best weights of the one before.

{_markdown(_costs(result), 1)}

{images["figure5"]}

{images["figure6"]}

{images["curves"]}

{chr(10).join(f"- {name}: {value}" for name, value in result.provenance.items())}
"""


def _table1(result: PaperResult) -> pd.DataFrame:
    """SSIM against the fit, and the paper's rows for the same line groups."""
    table = result.table()
    published = pd.DataFrame(
        [_Published.cnn, _Published.mlp],
        ["the paper's CNN", "the paper's MLP"],
        list(_Published.elements),
    )
    known = [name for name in table.columns if name in published]
    published = published[known]
    return pd.concat([table, published.assign(mean=published.mean(axis=1))])


def _costs(result: PaperResult) -> pd.DataFrame:
    rows = [asdict(network) for network in result.networks]
    table = pd.DataFrame(rows).set_index("name")
    return pd.DataFrame(
        {
            "training [s]": table["seconds"].round(0).astype(int),
            "passes": table["passes"],
            "converged": np.where(table["converged"], "yes", "no"),
            "parameters": table["n_parameters"],
            "spectra/s, predicting": table["spectra_per_second"].round(-1).astype(int),
        }
    )


def _markdown(table: pd.DataFrame, digits: int) -> str:
    def cell(value: object) -> str:
        return f"{value:.{digits}f}" if isinstance(value, float) else f"{value}"

    header = ["", *map(str, table.columns)]
    rows = zip(map(str, table.index), table.astype(object).to_numpy(), strict=True)
    lines = [header, ["---"] * len(header), *([name, *map(cell, row)] for name, row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
