"""The group of commands, and what becomes of errors.

Exit status 0, or 2 with one line that states what is wrong and what to do, or 130 after Ctrl-C.
"""

from __future__ import annotations

import signal
import sys
import warnings
from types import FrameType
from typing import TYPE_CHECKING, NoReturn, TextIO

import click

import skxrf

from ._audit import audit
from ._demo import demo
from ._evaluate import evaluate
from ._figure import figure
from ._fit import fit
from ._info import info
from ._map import map_
from ._options import examples
from ._region import region
from ._reproduce import reproduce
from ._simulate import simulate
from ._train import train

if TYPE_CHECKING:
    from skxrf.exceptions import Argument


@click.group(
    epilog=examples("""\
A first hour with a scan:
  skxrf info scan.h5                                 what is in the file
  skxrf map scan.h5 -o maps.nc                       maps by the shipped model
  skxrf fit scan.h5 -o fit.nc                        maps by a fit of line templates
  skxrf figure maps.nc -o hg.png --rgb Hg,Cu,Pb      a picture for a paper
  skxrf region scan.h5 --box 10:30,40:60             areas of a part of the scan
  skxrf evaluate maps.nc fit.nc -o report.html       how the two agree
  skxrf audit scan.h5 --maps fit.nc                  how wrong they are, without truth
  skxrf train scan.h5 --maps fit.nc -o my.skxrf      a model of your own
  skxrf map other.h5 -o other.nc --model my.skxrf    ... used on another scan
"""),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(skxrf.__version__, prog_name="skxrf")
def cli() -> None:
    """Element maps from X-ray fluorescence spectra.

    Maps are written after the name of the file: .nc (netCDF), .nxs (NeXus, for PyMca and silx),
    .tif, .csv, .dat or .dms. Nothing is ever written to a cube. "skxrf COMMAND --help" tells more,
    with examples.
    """


_COMMANDS = (demo, info, map_, fit, region, figure, train, evaluate, audit, simulate, reproduce)
for _command in _COMMANDS:
    cli.add_command(_command)


def main() -> NoReturn:
    """Run the command; the entry point of the package."""
    # A job that is told to end removes what it has half written, as with Ctrl-C.
    signal.signal(signal.SIGTERM, _end)
    _print_warnings()
    try:
        cli.main(prog_name="skxrf", standalone_mode=False)
    except click.exceptions.Exit as exit_:
        sys.exit(exit_.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt) as error:
        # Click turns the one into the other; a run that keeps something states so.
        cause = error.__context__ if isinstance(error, click.Abort) else error
        click.echo(f"skxrf: {str(cause or '') or 'interrupted, nothing was written.'}", err=True)
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read the output has enough of it, such as head.
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        _fail(in_options(error))
    except ValueError as error:
        if not _is_mistake(error):
            raise
        _fail(in_options(error))
    sys.exit(0)


def _is_mistake(error: ValueError) -> bool:
    """Tell a user's mistake from a fault of the library."""
    from skxrf.exceptions import SkxrfError

    if isinstance(error, SkxrfError):
        return True
    # Loads scikit-learn, for which a mistake in a name should not wait.
    from skxrf.utils._sklearn import InvalidParameterError

    return isinstance(error, InvalidParameterError)


def _print_warnings() -> None:
    """Print the library's warnings in one line, without the place in the code."""
    others = warnings.showwarning

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if issubclass(category, UserWarning):
            words = " ".join(str(message).split())
            click.echo(f"skxrf: warning: {words}", err=True)
        else:
            others(message, category, filename, lineno, file, line)

    warnings.showwarning = show


def _fail(message: str) -> NoReturn:
    click.echo(f"skxrf: {' '.join(message.split())}", err=True)
    sys.exit(2)


def in_options(error: Exception) -> str:
    """Text of an error, with arguments of the library written as options of the command."""
    from skxrf.exceptions import SkxrfError

    if isinstance(error, OSError) and error.filename:
        # Raised by the system, not by the library: its file is named nowhere else.
        return f"{error.filename}: {error.strerror}"
    return error.written(_option) if isinstance(error, SkxrfError) else str(error)


def _option(argument: Argument) -> str:
    """Write an argument of the library as the option of the command: ``--shape=24,30``."""
    if argument.name not in _option_names():
        return str(argument)
    if argument.placeholder:
        # Placeholders of values are in capitals in the help.
        value = argument.placeholder.replace(" ", "").upper()
    elif isinstance(argument.value, tuple | list):
        value = ",".join(map(str, argument.value))
    else:
        value = "" if argument.value in (None, True) else str(argument.value)
    name = argument.name.replace("_", "-")
    return f"--{name}={value}" if value else f"--{name}"


def _option_names() -> set[str | None]:
    return {parameter.name for command in cli.commands.values() for parameter in command.params}


def _end(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)
