"""Records of the pixels of a Bruker map: where its rows start, and their counts.

Layout of a map, little-endian: rows and columns (4 bytes each); from 0x1A0 on, for each row the
number of its records (4), then records of 22 bytes and their data: column (4), channels in use
(2 x 2), 4 unknown, packing (2), size (2), number of pulses (2), bytes of data (4). Packings:

0. A list of pulses: the channel of each, in 16 bits.
1. The same in 12 bits, the highest first, within words of 16 bits.
2. Runs of channels from the first on. A run has a code (1 byte) and its number of channels (1). Code
   0: no counts. Codes 1, 2, 4, 8: the lowest count in as many bytes, then of each channel what it has
   more, in half as many (4 bits for code 1, the lower half first). Then the number of bytes of
   pulses (4), and pulses as in packing 0, which the bytes of data do not include.

Each record only tells where the next one is, so they are passed over one by one, in compiled code. It is compiled when it
is first called, which takes some seconds; so is this module imported by the functions that need it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from skxrf.utils.compilation import compiled

ROWS_START = 0x1A0
DAMAGE = (
    "",
    "a row has more pixels than there are columns",
    "a pixel lies beyond the last column",
    "the size of a pixel's data contradicts its number of pulses",
    "the channels of a pixel do not end where its data end",
    "a pixel is packed in a way that is not known",
)


class State(NamedTuple):
    """Values that `scan` keeps from one piece of a map to the next, in an array of this order."""

    row: int  # rows that have begun
    left: int  # records that are left in the current row
    pixels: int  # records that were passed over
    widest: int  # columns up to the last one that has a record
    channels: int  # channels up to the last one that a record says to use
    highest: int  # count that no channel of any pixel exceeds
    damage: int  # position in `DAMAGE`


@compiled
def _number(data: Any, at: int, size: int) -> Any:
    value = np.int64(0)
    for i in range(size):
        value |= np.int64(data[at + i]) << (8 * i)
    return value


@compiled
def _record(data: Any, at: int) -> Any:
    """Column, channels, packing, pulses, bytes of data, and bytes of the whole record."""
    packing, n_pulses = _number(data, at + 12, 2), _number(data, at + 16, 2)
    size = _number(data, at + 18, 4)
    whole = 22 + size + (2 * n_pulses if packing == 2 else 0)
    return _number(data, at, 4), _number(data, at + 4, 2), packing, n_pulses, size, whole


@compiled
def _run_bytes(code: int, n: int) -> Any:
    if code == 0:
        return 0
    return 1 + (n + 1) // 2 if code == 1 else code + n * (code // 2)


@compiled
def _highest_in_runs(data: Any, at: int, end: int) -> Any:
    """Count that no channel exceeds; -1 where the runs do not end at `end`."""
    highest = np.int64(0)
    while at + 2 <= end:
        code, n = np.int64(data[at]), np.int64(data[at + 1])
        at += 2
        size = _run_bytes(code, n)
        if at + size > end or code not in (0, 1, 2, 4, 8):
            return -1
        if code == 1:
            highest = max(highest, np.int64(data[at]) + 15)
        elif code:
            low = _number(data, at, code)
            if low < 0 or low > 1 << 40:
                return -1
            for i in range(n):
                more = _number(data, at + code + i * (code // 2), code // 2)
                highest = max(highest, low + more)
        at += size
    return highest if at == end else -1


@compiled
def _highest(data: Any, at: int, packing: int, n_pulses: int, size: int) -> Any:
    """Count that no channel of a record exceeds; or minus a position in `DAMAGE`."""
    if packing > 2:
        return -5
    if size < (2 * n_pulses, 2 * ((3 * n_pulses + 3) // 4), 4)[packing]:
        return -3
    if packing < 2:
        return n_pulses
    highest = _highest_in_runs(data, at, at + size - 4)
    return -4 if highest < 0 else highest + n_pulses


@compiled
def _add_pulses(data: Any, at: int, n: int, spectrum: Any) -> Any:
    beyond, n_channels = 0, len(spectrum)
    for i in range(at, at + 2 * n, 2):
        channel = np.int64(data[i]) | np.int64(data[i + 1]) << 8
        if channel < n_channels:
            spectrum[channel] += 1
        else:
            beyond += 1
    return beyond


@compiled
def _add_short_pulses(data: Any, at: int, n: int, spectrum: Any) -> Any:
    beyond = 0
    for i in range(n):
        bit = 12 * i
        word, skip = _number(data, at + bit // 16 * 2, 2), bit % 16
        if skip <= 4:
            channel = word >> (4 - skip) & 0xFFF
        else:
            after = _number(data, at + bit // 16 * 2 + 2, 2)
            channel = (word << (skip - 4) | after >> (20 - skip)) & 0xFFF
        if channel < len(spectrum):
            spectrum[channel] += 1
        else:
            beyond += 1
    return beyond


@compiled
def _add_run(data: Any, at: int, code: int, n: int, spectrum: Any, first: int) -> None:
    """Add the counts of a run to the `n` channels from `first` on."""
    if code == 1:
        low = np.int64(data[at])
        for i in range(n // 2):
            pair = np.int64(data[at + 1 + i])
            spectrum[first + 2 * i] += low + (pair & 0xF)
            spectrum[first + 2 * i + 1] += low + (pair >> 4)
        if n % 2:
            spectrum[first + n - 1] += low + (np.int64(data[at + 1 + n // 2]) & 0xF)
    elif code == 2:
        low = np.int64(data[at]) | np.int64(data[at + 1]) << 8
        for i in range(n):
            spectrum[first + i] += low + np.int64(data[at + 2 + i])
    else:
        low = _number(data, at, code)
        for i in range(n):
            spectrum[first + i] += low + _number(data, at + code + i * (code // 2), code // 2)


@compiled
def _add_runs(data: Any, at: int, end: int, spectrum: Any, partial: bool) -> Any:
    channel, beyond, n_channels = np.int64(0), np.int64(0), len(spectrum)
    while at < end and not (partial and channel >= n_channels):
        code, n = np.int64(data[at]), np.int64(data[at + 1])
        at += 2
        if code and channel + n <= n_channels:
            _add_run(data, at, code, n, spectrum, channel)
        elif code:
            values = np.zeros(n, np.int64)
            _add_run(data, at, code, n, values, 0)
            for i in range(n):
                if channel + i < n_channels:
                    spectrum[channel + i] += values[i]
                else:
                    beyond += values[i]
        at += _run_bytes(code, n)
        channel += n
    return beyond


@compiled
def _add(
    data: Any, at: int, packing: int, n_pulses: int, size: int, spectrum: Any, partial: bool
) -> Any:
    """Add the counts of a record; return those beyond the last channel, which `partial` does not need."""
    if packing == 0:
        return _add_pulses(data, at, n_pulses, spectrum)
    if packing == 1:
        return _add_short_pulses(data, at, n_pulses, spectrum)
    beyond = _add_runs(data, at, at + size - 4, spectrum, partial)
    return beyond + _add_pulses(data, at + size, n_pulses, spectrum)


@compiled
def scan(
    data: Any, start: int, state: Any, row_starts: Any, n_columns: int, peak: Any, in_peak: Any
) -> Any:
    """Pass over the whole rows and records of a piece of a map.

    `data`: the piece; it begins with a row or a record. `start`: its position in the map.
    `row_starts` (n_rows + 1,): positions of rows in the map; those that begin in the piece are
    entered. `n_columns`: columns of the map. `peak` (2,): first channel of the zero peak, and the
    one behind its last; equal where it is not wanted. `in_peak` (n_rows, n_columns): counts in it;
    those of the piece are added. Returns bytes that were passed over.
    """
    at, n_rows = 0, len(row_starts) - 1
    part = np.zeros(peak[1], np.int64)
    while True:
        if state[1] == 0:
            if state[0] == n_rows or at + 4 > len(data):
                return at
            row_starts[state[0]] = start + at
            state[0] += 1
            state[1] = _number(data, at, 4)
            at += 4
            if state[1] > n_columns:
                state[6] = 1
                return at
            continue
        if at + 22 > len(data):
            return at
        column, channels, packing, n_pulses, size, whole = _record(data, at)
        if at + whole > len(data):
            # Not all there; a size that no pixel has is told from one that the piece only cuts.
            state[6] = 3 if size > 1 << 20 else 0
            return at
        highest = -2 if column >= n_columns else _highest(data, at + 22, packing, n_pulses, size)
        if highest < 0:
            state[6] = -highest
            return at
        if peak[1] > peak[0]:
            part[:] = 0
            _add(data, at + 22, packing, n_pulses, size, part, True)
            in_peak[state[0] - 1, column] += part[peak[0] :].sum()
        state[1] -= 1
        state[2] += 1
        state[3] = max(state[3], column + 1)
        state[4] = max(state[4], channels)
        state[5] = max(state[5], highest)
        at += whole


@compiled
def unpack(data: Any, first: int, counts: Any) -> Any:
    """Add the counts of whole rows that `scan` has passed over.

    `first`: the first of the wanted columns. `counts` (n_rows, n_wanted, n_channels): zeros, of a
    type that holds every count; changed. Returns counts beyond the last channel.
    """
    at, beyond = 0, 0
    for row in range(len(counts)):
        n_pixels = _number(data, at, 4)
        at += 4
        for _ in range(n_pixels):
            column, _, packing, n_pulses, size, whole = _record(data, at)
            column -= first
            if 0 <= column < counts.shape[1]:
                spectrum = counts[row, column]
                beyond += _add(data, at + 22, packing, n_pulses, size, spectrum, False)
            at += whole
    return beyond
