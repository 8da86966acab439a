"""The command ``skxrf``: a thin shell over the API, a file a command.

Each command imports what it needs itself, so that ``skxrf --help`` answers at once.
"""

from ._main import cli, main

__all__ = ["cli", "main"]
