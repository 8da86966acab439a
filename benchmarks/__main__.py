"""Command line of the benchmarks: ``python -m benchmarks SUBCOMMAND``."""

from __future__ import annotations

import importlib

import click

# Module of each subcommand, whose `main` is the command, and a line about it.
COMMANDS = {
    "run": ("run", "Learning from labels: networks, regressors, fits."),
    "accuracy": ("accuracy.run", "Maps of the shipped model and rivals over the Cramer-Rao bound."),
    "independent": ("accuracy.independent.run", "The same on paintings of other tables and axes."),
    "open": ("open_benchmark.run", "Any method, yours too, on frozen scans of two simulators."),
    "audit": ("audit", "Errors that the audit estimates without truth, against the true ones."),
    "probes": ("accuracy.probes", "Invented elements, foreign chemistry, other tables."),
    "detection": ("accuracy.detection", "False alarms and misses; flags for untrained data."),
    "elements": ("elements.run", "Line groups named in measured spectra against what is there."),
    "presence": ("elements.simulated", "Line groups named in simulated paintings."),
    "vendor-fit": ("elements.vendor_fit", "Certified rocks: our fit against the vendor's."),
    "limits": ("elements.limits", "Claimed limits of detection: found in half of the cases?"),
    "local-groups": ("accuracy.local_groups", "Line groups of a few pixels."),
    "measured-scans": ("accuracy.measured_scans", "The shipped model on measured scans."),
    "denoising": ("denoising", "Denoised maps against the truth and other filters."),
    "calibration": ("calibration", "Energy axis and resolution from a painting's own lines."),
    "template-fit": ("template_fit", "The template fit against PyMca."),
    "default-networks": ("default_networks", "The default networks against ridge regression."),
    "line-ratios": ("line_ratios", "Lines within each line group against fisx."),
    "fisx": ("fisx_reference", "Fluorescence of layer stacks against fisx."),
    "measured-spectra": ("measured_spectra", "The forward model against measured spectra."),
    "measured-samples": ("measured_samples", "The forward model and two measured samples."),
    "icon-counts": ("icon_counts", "Counts of the simulated icons beside those of real ones."),
    "speed": ("prediction_speed", "Spectra predicted per second."),
    "simulation-speed": ("simulation_speed", "Layer stacks simulated per second."),
    "report-speed": ("report_speed", "A report of 500,000 pixels: to open, and to answer a drag."),
    "training-cost": ("training_cost", "Training over a bare torch loop."),
    "registration": ("registration", "Recipes: motions of scans, seams of stitched ones."),
    "pictures": ("pictures", "Pictures of README and guide."),
    "report": ("report", "Pages, and tables of README and guide, from the results."),
    "compare": ("compare", "One benchmark on two commits, as a table of ratios."),
}


class Benchmarks(click.Group):
    """Group that imports a subcommand only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of a name; None where there is none."""
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"benchmarks.{COMMANDS[cmd_name][0]}").main
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the subcommands without importing them."""
        with formatter.section("Subcommands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=Benchmarks)
def main() -> None:
    """Benchmarks of skxrf: each subcommand adds to the tables in benchmarks/results."""


if __name__ == "__main__":
    main(prog_name="python -m benchmarks")
