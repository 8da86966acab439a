"""The tube of a measurement: the user's choice, else the statement of the file, else inferred."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from ._options import together

if TYPE_CHECKING:
    import numpy as np
    import xarray as xr
    from numpy.typing import NDArray

    from skxrf.linear_model import TemplateFitRegressor
    from skxrf.spectrum_fit._tube import Tube


def _one_anode(
    context: click.Context, option: click.Parameter, anodes: Sequence[str]
) -> str | None:
    if len(anodes) > 1:
        raise click.UsageError(
            f"--anode is given {len(anodes)} times ({', '.join(anodes)}): a tube has one anode; open "
            "the measurements of each tube by themselves."
        )
    return anodes[0] if anodes else None


tube_options = together(
    click.option(
        "--anode",
        metavar="SYMBOL",
        multiple=True,
        callback=_one_anode,
        help="Anode of the tube, such as Rh, whose scattered lines are then no elements; none "
        "to fit none. Default: as the file states, else from the scattered lines.",
    ),
    click.option(
        "--voltage",
        type=float,
        metavar="KV",
        help="Voltage of the tube in kV. Default: as the file states, else from the end of the "
        "continuum.",
    ),
)


def tube_of(
    cube: xr.DataArray,
    spectrum: NDArray[np.float64],
    anode: str | None,
    voltage: float | None,
) -> Tube:
    """Find the tube of a cube.

    `cube`: its attributes and energy axis. `spectrum` (n_channels,): sum of its spectra. `anode`:
    the user's choice: a symbol, or ``none``. `voltage`: the user's choice [kV].
    """
    from skxrf.spectrum_fit._tube import infer_tube

    stated = voltage_of(cube) if voltage is None else voltage
    tube = infer_tube(spectrum, cube["energy"].to_numpy(), anode_of(cube, anode), stated)
    if tube.doubt:
        click.echo(f"skxrf: warning: {tube.doubt}.", err=True)
    return tube


def identified_fit(
    cube: xr.DataArray,
    spectra: NDArray[Any],
    wanted: Sequence[str] | None,
    anode: str | None,
    voltage: float | None,
) -> tuple[TemplateFitRegressor, Tube]:
    """Fit templates of the line groups that are present, or wanted, with all that is there besides.

    `cube`: its attributes and energy axis. `spectra` (n_spectra, n_channels): spectra of the cube,
    or sums of them [counts].
    """
    import numpy as np

    from skxrf.exceptions import LineGroupError
    from skxrf.linear_model import TemplateFitRegressor
    from skxrf.spectrum_fit._elements import find_elements
    from skxrf.spectrum_fit._like_spectra import sums_of_like_spectra
    from skxrf.utils.line_group_names import find_line_groups
    from skxrf.utils.threads import single_threaded_blas

    energy, total = cube["energy"].to_numpy(), spectra.sum(axis=0, dtype=np.float64)
    # One thread, so that a run that goes on finds the very same model.
    with single_threaded_blas():
        seen = find_elements(
            total,
            energy,
            tube_of(cube, total, anode, voltage),
            parts=sums_of_like_spectra(spectra),
        )
        found = seen.present if wanted is None else find_line_groups(wanted)
        if not found:
            raise LineGroupError(
                "no line group is present in the sum spectrum: there is nothing to map. Name those "
                "to fit with --elements, or check the file and its energy axis with skxrf info."
            )
        model = TemplateFitRegressor(energy=energy, **seen.pixel_fit(found)).fit(spectra)
    model.evidence_ = [one.stated(len(spectra)) for one in seen.evidence]
    return model, seen.tube


def voltage_of(cube: xr.DataArray) -> float | None:
    """Voltage [kV] that the cube's file states."""
    in_words = re.findall(r"(\d+(?:\.\d+)?) *kV", str(cube.attrs.get("tube", "")))
    for stated in (cube.attrs.get("tube_voltage_kV"), cube.attrs.get("kV"), *in_words):
        try:
            value = float(stated)
        except (TypeError, ValueError):
            continue
        if 1 < value < 1000:
            return value
    return None


def anode_of(cube: xr.DataArray, chosen: str | None) -> str | None:
    """Symbol of the anode, ``none`` where none is wanted, or None where unknown.

    `cube`: with ``anode_atomic_number`` or ``tube`` in its attributes, where the file has them.
    """
    from skxrf.physics import line_group
    from skxrf.physics.constants import ANODES, SOFT_ANODES

    if chosen is not None:
        return chosen
    # Other symbols in a tube's name are of something else.
    anodes = {*ANODES, *SOFT_ANODES}
    number = cube.attrs.get("anode_atomic_number")
    for symbol in anodes if number is not None else ():
        if line_group(f"{symbol}_L").atomic_number == number:
            return symbol
    words = re.split(r"[^A-Za-z]+", str(cube.attrs.get("tube", "")))
    known = {word for word in words if word in anodes}
    return known.pop() if len(known) == 1 else None
