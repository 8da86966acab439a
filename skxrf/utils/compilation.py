"""Compiled loops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def compiled(function: Callable[..., Any], signature: str | None = None) -> Any:
    """Compile a function, and keep the result for later processes where there is a place for it.

    `function`: in the part of Python that numba compiles; it runs without the interpreter's lock.
    `signature`: types of result and arguments, to compile at once; by default, at the first call.
    """
    import numba

    compiler: Any = numba.njit
    types = () if signature is None else (signature,)
    try:
        return compiler(*types, nogil=True, cache=True)(function)
    except RuntimeError:  # neither the library's folder nor the user's can be written to
        return compiler(*types, nogil=True)(function)
