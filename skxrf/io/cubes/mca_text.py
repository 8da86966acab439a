"""Spectra as text: ``.mca`` files of Amptek's, and of SPEC and PyMca.

Amptek's have sections ``<<PMCA SPECTRUM>>`` (lines such as ``LIVE_TIME - 29.5``),
``<<CALIBRATION>>`` (pairs of channel and energy) and ``<<DATA>>`` (a count on each line, up to
``<<END>>``). SPEC's have ``#@CALIB a b c``, ``#@CHANN`` (number, first, last), ``#@CTIME`` (preset,
live, real) and counts that start with ``@A``, a backslash at the end of each line that goes on. Lines of
numbers hold one point each, by the labels ``#L``; ``#O0``, ``#O1``, ... and ``#P0``, ``#P1``, ... name motors and
their positions at the start of a scan.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skxrf.exceptions import FileFormatError

from . import bruker_xml, column_text, msa
from .axes import axis_or_reason
from .mca_sections import gse_spectra, is_gse, is_spe, spe_spectrum
from .stated_axis import stated_axis
from .text_spectrum import TextSpectrum, counts_of, decoded, floats, seconds


def is_amptek(head: bytes) -> bool:
    """Recognize an Amptek ``.mca`` by its first bytes."""
    return head.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"<<PMCA SPECTRUM>>")


def is_spec(head: bytes) -> bool:
    """Recognize a SPEC file by its first bytes."""
    return head.startswith((b"#F ", b"#S "))


def parse_spectra(content: bytes, path: Path) -> list[TextSpectrum]:
    """Read all spectra of a file of any kind, in its order; at least one."""
    text = decoded(content)
    if is_amptek(content[:100]):
        return [_amptek(text, path)]
    if is_spec(content[:100]):
        return _spec(text, path)
    if is_gse(content[:512]):
        return gse_spectra(text, path)
    if is_spe(content[:100]):
        return [spe_spectrum(text, path)]
    if msa.recognizes(path, content[:100]):
        return [msa.msa_spectrum(text, path)[0]]
    if bruker_xml.recognizes(path, content[:4096]):
        return bruker_xml.spx_spectra(content, path)[0]
    if column_text.recognizes(path, content[:4096]):
        return [column_text.column_spectrum(text, path)]
    raise FileFormatError(
        f"{path} starts with {content[:16]!r}: expected an .mca file, of Amptek's (<<PMCA "
        "SPECTRUM>>), of SPEC and PyMca (#F, #S), or of GSECARS (VERSION:), or a .spe ($SPEC_ID:)."
    )


def parse_facts(content: bytes, path: Path) -> TextSpectrum:
    """Read what stands before the counts of a file with one spectrum; its counts are left empty.

    `content`: the start of the file, down to its counts at least. `path`: its name, for error
    messages. Returns calibration and times.
    """
    if is_amptek(content[:100]):
        header = content.partition(b"<<DATA>>")[0]
        return parse_spectra(header + b"\n<<DATA>>\n<<END>>\n", path)[0]
    if not is_spec(content[:100]):
        return parse_spectra(content, path)[0]  # or the error that says so
    header = re.split(rb"(?m)^@[A-Z]", content, maxsplit=1)[0]
    # The number of channels says nothing where no counts are looked at.
    return _spec(f"{decoded(header)}\n@A", path, check=False)[0]


def _amptek(text: str, path: Path) -> TextSpectrum:
    parts = re.split(r"(?m)^<<([^<>\n]+)>>[ \t]*$", text)
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    if "DATA" not in sections or "END" not in sections:
        raise FileFormatError(
            f"{path} has no section <<DATA>> that ends with <<END>>: it was cut short. Copy it "
            "again."
        )
    facts = dict(re.findall(r"^([A-Z_]+) - (.*)$", sections.get("PMCA SPECTRUM", ""), re.MULTILINE))
    energy, problem = axis_or_reason(lambda: _line_through(sections.get("CALIBRATION", ""), path))
    return TextSpectrum(
        counts=counts_of(sections["DATA"].split(), path),
        energy=energy,
        problem=problem,
        live_time=seconds(facts.get("LIVE_TIME")),
        real_time=seconds(facts.get("REAL_TIME")),
    )


def _line_through(section: str, path: Path) -> Any:
    """Axis of pairs of channel and energy, two at least, in the unit that their label names."""
    label = re.search(
        r"^LABEL - .*?(?<![a-z])(k?eV)(?![a-z])", section, re.MULTILINE | re.IGNORECASE
    )
    points = [floats(line.split()) for line in section.splitlines() if len(line.split()) == 2]
    return stated_axis(
        points=points if len(points) > 1 else None,
        units=label[1] if label else "",
        source=f"<<CALIBRATION>> in {path}",
    )


def _spec(text: str, path: Path, *, check: bool = True) -> list[TextSpectrum]:
    found: list[TextSpectrum] = []
    scan, seen, n_places = "", defaultdict[str, int](int), 0
    devices: list[dict[str, Any]] = [{}]
    motors: list[str] = []
    labels: list[str] = []
    points: dict[str, list[dict[str, float]]] = defaultdict(list)
    at_start: dict[str, dict[str, float]] = {}
    # Spectra since the last line of motor positions, after which the detectors begin anew.
    n_since, has_points = 0, False
    lines = iter(text.split("\n"))
    for line in lines:
        if line.startswith("#S "):
            number = [*line.split(), ""][1]
            seen[number] += 1
            scan = f"{number}.{seen[number]}"
            devices, n_since, has_points = [{}], 0, False
            at_start[scan], n_places = {}, 0
        elif match := re.match(r"#([OLP])\d*\s+(.*)", line):
            kind, words = match[1], _labels(match[2])
            if kind == "L":
                labels = words
            elif kind == "O":
                motors = words if line.startswith("#O0") else motors + words
            else:
                places = floats(match[2].split())
                at_start[scan] |= zip(motors[n_places:], places, strict=False)
                n_places += len(places)
        elif match := re.match(r"#@(MCADEV|CALIB|CHANN|CTIME)\s+(.*)", line):
            words = match[2].split()
            device = devices[-1 if n_since == 0 else n_since % len(devices)]
            started = n_since > 0 or has_points
            if not started and match[1] in device and match[1] != "CTIME":
                device = {}
                devices.append(device)
            device[match[1]] = words[:1] if match[1] == "MCADEV" else floats(words)
        elif re.match(r"@[A-Z]", line):
            words = _continued(line[2:], lines)
            at = n_since if has_points else n_since % len(devices)
            state = devices[min(at, len(devices) - 1)]
            spectrum = _with_header(counts_of(words, path), state, path, check=check)
            name = state.get("MCADEV", [str(at)])[0] if at < len(devices) else str(at)
            found.append(replace(spectrum, scan=scan, detector=name))
            n_since += 1
        elif line.strip() and not line.startswith("#"):
            n_since, has_points = 0, True
            points[scan].append(dict(zip(labels, floats(line.split()), strict=False)))
    found = _on_points(found, points, at_start)
    if not found:
        raise FileFormatError(f"{path} is a SPEC file without spectra: expected lines from @A on.")
    unique = {name for name, n in seen.items() if n == 1}
    return [
        replace(one, scan=number if (number := one.scan.rpartition(".")[0]) in unique else one.scan)
        for one in found
    ]


def _labels(text: str) -> list[str]:
    """Names with two blanks between them, or with single ones as older files have them."""
    return re.split(r"\s{2,}", text.strip()) if "  " in text.strip() else text.split()


def _on_points(
    found: Sequence[TextSpectrum],
    points: Mapping[str, Sequence[dict[str, float]]],
    at_start: Mapping[str, dict[str, float]],
) -> list[TextSpectrum]:
    """Spectra with the positions of their points, where a scan has as many points as spectra of a detector."""
    n_spectra = Counter((one.scan, one.detector) for one in found)
    seen: Counter[tuple[str, str]] = Counter()
    placed = []
    for one in found:
        key = one.scan, one.detector
        fits = len(points.get(one.scan, ())) == n_spectra[key]
        here = points[one.scan][seen[key]] if fits else {}
        seen[key] += 1
        placed.append(replace(one, motors=at_start.get(one.scan, {}) | here))
    return placed


def _continued(line: str, lines: Iterable[str]) -> list[str]:
    words: list[str] = []
    while line.rstrip().endswith("\\"):
        words += line.rstrip().removesuffix("\\").split()
        line = next(iter(lines), "")
    return words + line.split()


def _with_header(
    counts: NDArray[Any], state: dict[str, Any], path: Path, *, check: bool
) -> TextSpectrum:
    first, step = 0.0, 1.0
    said = state.get("CHANN", [])
    if len(said) >= 2:
        n_channels, first = said[:2]
        step = said[3] if len(said) > 3 and said[3] > 0 else 1.0
        # The number, and that from the first channel to the last, of which writers get one wrong.
        lengths = {n_channels} | ({(said[2] - first) // step + 1} if len(said) > 2 else set())
        if check and len(counts) not in lengths:
            raise FileFormatError(
                f"{path} says that a spectrum has {n_channels:g} channels and holds {len(counts)}: "
                "it is damaged or was cut short. Copy it again."
            )
    times = [*state.get("CTIME", []), np.nan, np.nan, np.nan]
    calibration = state.get("CALIB", [])
    energy, problem = axis_or_reason(
        lambda: stated_axis(
            coefficients=calibration if len(calibration) >= 2 else None,
            first=first,
            step=step,
            source=f"#@CALIB and #@CHANN in {path}",
        )
    )
    return TextSpectrum(
        counts,
        energy,
        problem,
        live_time=seconds(times[1]),
        real_time=seconds(times[2]),
    )
