"""Progress of a long run: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

__all__ = ["ProgressReport"]


class ProgressReport:
    """Report how much is done, how fast, and how long it will still take; a context manager.

    Parameters
    ----------
    total : int
        Amount of work, in `unit`.
    description : str
        What is being done.
    unit : str
        What is counted.
    enabled : bool
        If False, nothing is shown.
    every : float
        Seconds between two lines, where standard error is not a terminal.
    done : int
        How much was done before, by an earlier run: it does not count for the speed.
    """

    def __init__(
        self,
        total: int,
        description: str,
        *,
        unit: str = "spectra",
        enabled: bool = True,
        every: float = 5.0,
        done: int = 0,
    ) -> None:
        self.total, self.description, self.unit = total, description, unit
        self.enabled, self.every = enabled, every
        self.done = self._done_before = done

    def __enter__(self) -> Self:
        """Start the clock."""
        self._started = self._last_line = time.monotonic()
        self._bar = None
        if self.enabled:
            # Here, because importing the library should not load a terminal toolkit.
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

            self._console = Console(stderr=True)
            if self._console.is_terminal or self._console.is_jupyter:
                self._bar = Progress(
                    TextColumn("{task.description}"),
                    BarColumn(),
                    TextColumn("{task.percentage:3.0f} %  {task.fields[speed]}"),
                    TimeRemainingColumn(),
                    console=self._console,
                )
                self._bar.start()
                self._task = self._bar.add_task(
                    self.description, total=self.total, completed=self.done, speed=""
                )
        return self

    def advance(self, amount: int) -> None:
        """Count `amount` more as done."""
        self.done += amount
        if not self.enabled:
            return
        if self._bar is not None:
            self._bar.update(self._task, advance=amount, speed=self._speed())
        elif time.monotonic() - self._last_line >= self.every and self.done < self.total:
            self._line()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the bar, or say the last line."""
        if not self.enabled:
            return
        if self._bar is not None:
            self._bar.stop()
        elif kind is None:
            self._line()

    @property
    def per_second(self) -> float:
        """Amount done per second, so far."""
        seconds = max(time.monotonic() - self._started, 1e-9)
        return (self.done - self._done_before) / seconds

    def _speed(self) -> str:
        return f"{self.per_second:,.0f} {self.unit}/s"

    def _left(self) -> str:
        """Time left, as in the bar; nothing at the end, or where there is no speed yet."""
        if self.done >= self.total or self.per_second <= 0:
            return ""
        seconds = round((self.total - self.done) / self.per_second)
        return f", {seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02} left"

    def _line(self) -> None:
        self._last_line = time.monotonic()
        share = 100 * self.done / max(self.total, 1)
        text = f"{self.description}: {self.done:,} of {self.total:,} {self.unit}"
        # In one line, however narrow the log is taken to be.
        line = f"{text} ({share:.0f} %), {self._speed()}{self._left()}"
        self._console.print(line, highlight=False, soft_wrap=True)
