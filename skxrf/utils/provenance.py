"""Provenance of a result: versions, git revision, machine, date."""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import skxrf


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Versions of this library, Python and further packages.

    `packages`: names of distributions, such as ``"scikit-learn"``; those that are not installed, or
    installed without their metadata, are left out. Returns ``skxrf``, ``python`` and `packages` in
    their order.
    """
    found = {"skxrf": skxrf.__version__, "python": platform.python_version()}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def git_revision(folder: str | os.PathLike[str], paths: Sequence[str] = (".",)) -> str | None:
    """Short git revision of a working tree, and whether the tree is clean.

    `folder`: a folder of the working tree. `paths`: what must be unchanged for the tree to count as
    clean, relative to `folder`: git's pathspecs. Returns ten hexadecimal digits, such as
    ``0123abcdef``; ``0123abcdef-changed`` where `paths` differ from that revision; None outside a
    working tree or without git.
    """
    try:
        name = _git(folder, "rev-parse", "--short=10", "HEAD")
        changed = _git(folder, "status", "--porcelain", "--", *paths)
    except (OSError, subprocess.CalledProcessError):
        return None
    return f"{name}-changed" if changed else name


def machine() -> str:
    """System, architecture and usable cores, such as ``Linux x86_64, 8 cores``; no host name."""
    return f"{platform.system()} {platform.machine()}, {_n_cores()} cores"


def processor() -> str:
    """Name of the processor as the system gives it; the architecture where it gives none."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


def now(timespec: str = "seconds") -> str:
    """Local date and time in ISO 8601 with the offset from UTC.

    `timespec`: last unit shown, as :meth:`datetime.datetime.isoformat` takes it.
    """
    return datetime.datetime.now().astimezone().isoformat(timespec=timespec)


def _n_cores() -> int:
    """Number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _git(folder: str | os.PathLike[str], *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()
