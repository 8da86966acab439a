"""``skxrf simulate``: the scan of a painting, with its truth."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from ._options import (
    FILE,
    axis,
    check_output,
    examples,
    force_option,
    is_quiet,
    names,
    quiet_option,
    say,
)


@click.command(
    epilog=examples("""\
Examples:
  skxrf simulate -o icon.h5
  skxrf simulate -o icon.h5 --palette icon_1 --step 2 --mean-counts 20000
  skxrf simulate -o small.h5 --shape 40 60 --channels 1024 --energy 0,0.03
""")
)
@click.option("-o", "--output", type=FILE, required=True, help="File for the cube: .h5 or .hdf5.")
@click.option(
    "--palette",
    default="icon_test",
    show_default=True,
    help="What it is painted with; a wrong name lists them.",
)
@click.option(
    "--step", type=click.FloatRange(0, min_open=True), help="Step of the scan [mm].  [default: 1]"
)
@click.option(
    "--shape",
    type=(click.IntRange(1), click.IntRange(1)),
    metavar="ROWS COLUMNS",
    help="Size in pixels instead of the painting's own.",
)
@click.option(
    "--mean-counts",
    type=click.FloatRange(0, min_open=True),
    default=5000.0,
    show_default=True,
    help="Mean counts per pixel.",
)
@click.option(
    "--count-rate",
    type=click.FloatRange(0),
    default=0.0,
    show_default=True,
    help="Photons per second, which makes pile-up.",
)
@click.option("--energy", metavar="OFFSET,GAIN", help="Energy axis [keV, keV per channel].")
@click.option("--channels", type=click.IntRange(64), help="Number of channels.  [default: 4096]")
@click.option("--elements", metavar="NAMES", help="Line groups of the true maps.")
@click.option("--random-state", type=click.IntRange(0, 2**31), default=0, show_default=True)
@force_option
@quiet_option
def simulate(
    output: Path,
    palette: str,
    step: float | None,
    shape: tuple[int, int] | None,
    mean_counts: float,
    count_rate: float,
    energy: str | None,
    channels: int | None,
    elements: str | None,
    random_state: int,
    force: bool,
) -> None:
    """Simulate the scan of a painting, with its true maps beside it.

    The cube goes to OUTPUT, the true net intensities to OUTPUT with the ending .truth.nc.
    """
    true_maps = output.with_suffix(".truth.nc")
    for file in (output, true_maps):
        check_output(file, (), force=force)
    say(f"preparing {palette}")
    import numpy as np

    from skxrf.io import save_maps
    from skxrf.io._save_cube import write_blocks
    from skxrf.simulation import Instrument
    from skxrf.simulation.paintings._scan import DEFAULT_LINE_GROUPS, painting_scan
    from skxrf.utils.line_group_names import find_line_groups
    from skxrf.utils.progress import ProgressReport

    scanner = Instrument.m6_jetstream()
    wanted = axis(energy)
    if isinstance(wanted, str):
        raise click.UsageError(f"--energy {energy}: expected OFFSET,GAIN in keV.")
    offset, gain = wanted or (scanner.energy_offset, scanner.energy_gain)
    scan = painting_scan(
        palette,
        shape=shape,
        pixel_size=step,
        elements=find_line_groups(names(elements) or DEFAULT_LINE_GROUPS),
        instrument=scanner.with_axis(offset, gain, channels or scanner.n_channels),
        mean_counts=mean_counts,
        count_rate=count_rate,
        random_state=random_state,
    )
    truth = np.empty((*scan.plan.shape, len(scan.renderer.groups)), np.float32)

    def blocks() -> Iterator[tuple[slice, Any]]:
        n_pixels = scan.plan.shape[0] * scan.plan.shape[1]
        with ProgressReport(n_pixels, "simulating", enabled=not is_quiet()) as progress:
            for rows, counts, intensities in scan.blocks(n_jobs=2):
                truth[rows] = intensities
                yield rows, counts
                progress.advance(counts.shape[0] * counts.shape[1])

    write_blocks(
        output,
        blocks(),
        shape=(*scan.plan.shape, scan.instrument.n_channels),
        dtype=np.uint16,
        energy=scan.instrument.energy,
        positions={"y": scan.plan.y, "x": scan.plan.x},
        attrs=scan.provenance,
    )
    save_maps(scan.label_maps(truth), true_maps)
    click.echo(f"Cube: {output}\nTrue maps: {true_maps}")
