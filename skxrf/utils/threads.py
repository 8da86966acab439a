"""Threads of the linear algebra below numpy and scipy."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]


class _Limit:
    """The process's limit, and how many are inside.

    threadpoolctl lets only the thread that set a limit lift it, and whoever is first in need
    not be the last one out: so a thread of its own keeps the limit meanwhile.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._n_inside = 0
        self._last_out = threading.Event()
        self._holder = threading.Thread()

    def enter(self) -> None:
        with self._lock:
            if self._n_inside == 0:
                held = threading.Event()
                self._last_out.clear()
                self._holder = threading.Thread(target=self._hold, args=(held,), daemon=True)
                self._holder.start()
                held.wait()
            self._n_inside += 1

    def leave(self) -> None:
        with self._lock:
            self._n_inside -= 1
            if self._n_inside == 0:
                self._last_out.set()
                self._holder.join()

    def _hold(self, held: threading.Event) -> None:
        try:
            with _controller().limit(limits=1, user_api="blas"):
                held.set()
                self._last_out.wait()
        finally:
            held.set()


_LIMIT = _Limit()


@contextmanager
def single_threaded_blas() -> Iterator[None]:
    """Limit BLAS to one thread inside the block.

    The last bits of a long sum depend on the number of threads among which BLAS divides it,
    and that differs between a program and the workers of a cluster.
    """
    _LIMIT.enter()
    try:
        yield
    finally:
        _LIMIT.leave()


@functools.cache
def _controller() -> ThreadpoolController:
    # Looking for the loaded libraries takes 10 ms: too long for every block.
    return ThreadpoolController()
