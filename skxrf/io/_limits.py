"""Limits of what is allocated on the word of a file."""

from __future__ import annotations

from skxrf.exceptions import FileFormatError

# Of a map that is stored in so many bytes, more can only be values that nobody wrote: deflate,
# the strongest of the usual filters, reaches about 1000 to 1 (RFC 1951).
_LARGEST_RATIO = 2000
_ALWAYS_ALLOWED = 2**28


def refuse_absurd_size(nbytes: int, stored: int, where: str) -> None:
    """Refuse to allocate what a header claims [bytes] and the file cannot hold."""
    if nbytes > _ALWAYS_ALLOWED and nbytes > _LARGEST_RATIO * stored:
        raise FileFormatError(
            f"{where} claims {nbytes} bytes of values, but the file has only {stored} for them: it "
            "is damaged, or was never written to its end."
        )
