"""What is being done and how far it is: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

__all__ = ["Progress"]


class Progress:
    """Say what is being done, on standard error; a context manager.

    Parameters
    ----------
    enabled : bool
        If False, nothing is shown.
    """

    def __init__(self, *, enabled: bool = True) -> None:
        self.enabled = enabled
        self.total = self.done = 0

    def __enter__(self) -> Self:
        """Start the clock."""
        self._started = time.monotonic()
        self._bar = None
        if self.enabled:
            # Here, because importing the library should not load a terminal toolkit.
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

            self._console = Console(stderr=True, highlight=False, soft_wrap=True)
            if self._console.is_terminal or self._console.is_jupyter:
                self._bar = Progress(
                    TextColumn("{task.description}"),
                    BarColumn(),
                    TextColumn("{task.completed:.0f} of {task.total:.0f} fits"),
                    TimeElapsedColumn(),
                    console=self._console,
                    transient=True,
                )
                self._task = self._bar.add_task("preparing", total=None, visible=False)
                self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()

    @property
    def seconds(self) -> float:
        """Time since the start [s]."""
        return time.monotonic() - self._started

    def say(self, text: str) -> None:
        """Print a line, with the time since the start."""
        if self.enabled:
            self._console.print(f"[{self.seconds:5.0f} s] {text}", markup=False)

    def begin(self, total: int) -> None:
        """Tell how many fits there will be."""
        self.total, self.done = total, 0
        if self._bar is not None:
            self._bar.update(self._task, total=total, completed=0, visible=True)

    def working_on(self, text: str) -> None:
        """Name the fit that begins."""
        if self._bar is not None:
            self._bar.update(self._task, description=text)

    def finished(self, text: str) -> None:
        """Count one fit more as done and say what came out."""
        self.done += 1
        if self._bar is not None:
            self._bar.update(self._task, completed=self.done)
        self.say(f"{self.done}/{self.total} {text}")
