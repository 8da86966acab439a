"""The errors of this library: each states what was found, what was expected and what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

__all__ = [
    "CountsError",
    "EnergyAxisError",
    "FileFormatError",
    "LineGroupError",
    "ModelFileError",
    "SkxrfError",
]


@dataclass(frozen=True)
class Argument:
    """An argument in the text of an error, written as Python or as an option of the command."""

    name: str  # such as ``"shape"``
    value: object = None  # an example or the value found: ``(24, 30)``, ``True``, ``"sum"``
    placeholder: str = ""  # a name for the value, or names: ``"offset, gain"``; instead of `value`
    function: str = ""
    """The function that takes it, where that is not the one that was called: ``open_cube(path,
    energy=...)``."""

    def __str__(self) -> str:
        """Write the argument as in Python: ``shape=(24, 30)``, ``energy=(offset, gain)``."""
        shown = "" if self.value is None else repr(self.value)
        if self.placeholder:
            shown = f"({self.placeholder})" if "," in self.placeholder else self.placeholder
        if self.function:
            return f"{self.function}(path, {self.name}={shown or '...'})"
        return f"{self.name}={shown}"


class SkxrfError(ValueError):
    """Base class of the library's own errors; a ``ValueError``, as scikit-learn's users expect.

    Parameters
    ----------
    *parts : str or Argument
        The message: text, and arguments of the library among it, which a command writes as its
        options.
    """

    def __str__(self) -> str:
        """Write the message for a user of the library."""
        return self.written(str)

    def written(self, argument: Callable[[Argument], str]) -> str:
        """Message with the arguments in it written by a function.

        Parameters
        ----------
        argument : callable
            Writes an :class:`Argument`.

        Returns
        -------
        str
        """
        return "".join(
            argument(part) if isinstance(part, Argument) else str(part) for part in self.args
        )


class FileFormatError(SkxrfError):
    """A file is not what it was opened as: wrong type, truncated, or a missing dataset."""


class EnergyAxisError(SkxrfError):
    """An energy axis is missing, not usable, or not the one the model was made for."""


class CountsError(SkxrfError):
    """Counts that cannot be counts: negative, NaN or infinite, or an empty cube."""


class LineGroupError(SkxrfError):
    """A line group that is not known, such as ``Xx_K``, or that a table does not contain."""


class ModelFileError(SkxrfError):
    """A model's file is damaged, too new or not safe to load, or a model cannot be stored so."""
