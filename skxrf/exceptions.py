"""The errors of this library: each says what was found, what was expected and what to do."""

__all__ = [
    "CountsError",
    "EnergyAxisError",
    "FileFormatError",
    "LineGroupError",
    "ModelFileError",
    "SkxrfError",
]


class SkxrfError(ValueError):
    """Base class of the library's own errors; a ``ValueError``, as scikit-learn's users expect."""


class FileFormatError(SkxrfError):
    """A file is not what it was opened as: wrong type, truncated, or a missing dataset."""


class EnergyAxisError(SkxrfError):
    """An energy axis is missing, not usable, or not the one the model was made for."""


class CountsError(SkxrfError):
    """Counts that cannot be counts: negative, NaN or infinite, or an empty cube."""


class LineGroupError(SkxrfError):
    """A line group that is not known, such as ``Xx_K``, or that a table does not hold."""


class ModelFileError(SkxrfError):
    """A model's file is damaged, too new or not safe to load, or a model cannot be stored so."""
