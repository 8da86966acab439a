"""Progress of a long run on standard error: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from rich.progress import ProgressColumn


class _Report:
    """Clock, console and bar of a report; a context manager."""

    def __init__(self, *, enabled: bool, transient: bool) -> None:
        self.enabled = enabled
        self._transient = transient
        self._bar: Any = None
        self._task: Any = None
        self._console: Any = None

    def __enter__(self) -> Self:
        """Start the clock, and the bar where standard error is a terminal."""
        self._started = time.monotonic()
        if self.enabled:
            # Here, because importing the library should not load a terminal toolkit.
            from rich.console import Console
            from rich.progress import Progress

            # Each line in one line, however narrow the log is taken to be.
            self._console = Console(stderr=True, highlight=False, soft_wrap=True)
            if self._console.is_terminal or self._console.is_jupyter:
                self._bar = Progress(
                    *self._columns(), console=self._console, transient=self._transient
                )
                self._task = self._new_task()
                self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the bar."""
        if self._bar is not None:
            self._bar.stop()

    @property
    def seconds(self) -> float:
        """Time since the start [s]."""
        return time.monotonic() - self._started

    def _print(self, line: str) -> None:
        self._console.print(line, markup=False)

    def _columns(self) -> list[ProgressColumn]:
        raise NotImplementedError

    def _new_task(self) -> Any:
        raise NotImplementedError


class ProgressReport(_Report):
    """Report how much is done, how fast, and how long it will still take; a context manager.

    `total`: amount of work, in `unit`. `description`: what is being done. `enabled`: if False,
    nothing is shown. `every`: seconds between two lines, where standard error is not a terminal.
    `done`: amount done before, by an earlier run: it does not count for the speed.
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
        super().__init__(enabled=enabled, transient=False)
        self.total, self.description, self.unit = total, description, unit
        self.every = every
        self.done = self._done_before = done
        self._last_line = 0.0  # seconds after the start

    def advance(self, amount: int) -> None:
        """Count `amount` more as done."""
        self.done += amount
        if not self.enabled:
            return
        if self._bar is not None:
            self._bar.update(self._task, advance=amount, speed=self._speed())
        elif self.seconds - self._last_line >= self.every and self.done < self.total:
            self._line()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the bar, or print the last line."""
        super().__exit__(kind, error, trace)
        if self.enabled and self._bar is None and kind is None:
            self._line()

    @property
    def per_second(self) -> float:
        """Amount done per second, so far."""
        return (self.done - self._done_before) / max(self.seconds, 1e-9)

    def _columns(self) -> list[ProgressColumn]:
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn

        return [
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:3.0f} %  {task.fields[speed]}"),
            TimeRemainingColumn(),
        ]

    def _new_task(self) -> Any:
        return self._bar.add_task(self.description, total=self.total, completed=self.done, speed="")

    def _speed(self) -> str:
        return f"{self.per_second:,.0f} {self.unit}/s"

    def _left(self) -> str:
        """Time left, as in the bar; empty at the end, or where there is no speed yet."""
        if self.done >= self.total or self.per_second <= 0:
            return ""
        seconds = round((self.total - self.done) / self.per_second)
        return f", {seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02} left"

    def _line(self) -> None:
        self._last_line = self.seconds
        share = 100 * self.done / max(self.total, 1)
        text = f"{self.description}: {self.done:,} of {self.total:,} {self.unit}"
        self._print(f"{text} ({share:.0f} %), {self._speed()}{self._left()}")


class StepReport(_Report):
    """Report the steps of a run, each in one line with the time; a context manager.

    `enabled`: if False, nothing is shown.
    """

    def __init__(self, *, unit: str = "fits", enabled: bool = True) -> None:
        super().__init__(enabled=enabled, transient=True)
        self.unit = unit
        self.total = self.done = 0

    def say(self, text: str) -> None:
        """Print a line, with the time since the start."""
        if self.enabled:
            self._print(f"[{self.seconds:5.0f} s] {text}")

    def begin(self, total: int) -> None:
        """Set the number of steps that follow."""
        self.total, self.done = total, 0
        if self._bar is not None:
            self._bar.update(self._task, total=total, completed=0, visible=True)

    def working_on(self, text: str) -> None:
        """Name the step that begins."""
        if self._bar is not None:
            self._bar.update(self._task, description=text)

    def finished(self, text: str) -> None:
        """Count one step more as done and print its result."""
        self.done += 1
        if self._bar is not None:
            self._bar.update(self._task, completed=self.done)
        self.say(f"{self.done}/{self.total} {text}")

    def _columns(self) -> list[ProgressColumn]:
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn

        return [
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn(f"{{task.completed:.0f}} of {{task.total:.0f}} {self.unit}"),
            TimeElapsedColumn(),
        ]

    def _new_task(self) -> Any:
        return self._bar.add_task("preparing", total=None, visible=False)
