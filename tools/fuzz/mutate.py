"""Damage to the bytes of a file, as disks, transfers, editors and strangers do it."""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import zipfile
from pathlib import Path

import numpy as np

_EXTREMES = (b"\0", b"\xff", b"\x7f", b"\x80", b"\xff\xff\xff\x7f", b"\xff" * 8, b"\0" * 8)
_NUMBERS = (b"0", b"-1", b"1e308", b"nan", b"99999999999999999999", b"2147483647", b"", b"1e-320")


def damaged_copy(seed: Path, folder: Path, number: int) -> Path:
    """Copy a file or folder of files, and damage one file of it.

    `seed`: what is copied; with a file, the others of its folder too. `folder`: where the copy is
    made; what is there is replaced. `number`: the case; the same number gives the same damage.
    Returns the copy of `seed`.
    """
    rng = np.random.default_rng(number)
    source = seed if seed.is_dir() else seed.parent
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(source, folder)
    files = sorted(one for one in folder.rglob("*") if one.is_file())
    victim = files[int(rng.integers(len(files)))]
    change = _damaged_model if victim.suffix == ".skxrf" else _damaged
    victim.write_bytes(change(victim.read_bytes(), rng))
    return folder if seed.is_dir() else folder / seed.name


def _damaged_model(content: bytes, rng: np.random.Generator) -> bytes:
    """Damage one part of a model's archive, under a checksum that is right, as a stranger would."""
    magic, _, body = content.split(b"\n", 2)
    header, _, archive = body.partition(b"\n")
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(out, "w") as new:
        names = old.namelist()
        chosen = names[int(rng.integers(len(names)))]
        for name in names:
            data = old.read(name)
            new.writestr(name, _damaged(data, rng) if name == chosen else data)
    changed = header + b"\n" + out.getvalue()
    return b"\n".join([magic, hashlib.sha256(changed).hexdigest().encode(), changed])


def _damaged(content: bytes, rng: np.random.Generator) -> bytes:
    data = bytearray(content)
    for _ in range(int(rng.geometric(0.6))):
        # Headers stand at the start; damage there matters most.
        end = len(data) if rng.random() < 0.5 else min(len(data), 1024)
        at = int(rng.integers(max(end, 1)))
        kind = int(rng.integers(7))
        if kind == 0:
            del data[at:]
        elif kind == 1 and data:
            data[at] ^= 1 << int(rng.integers(8))
        elif kind == 2:
            extreme = _EXTREMES[int(rng.integers(len(_EXTREMES)))]
            data[at : at + len(extreme)] = extreme
        elif kind == 3:
            data[at:at] = data[at : at + int(rng.integers(1, 65))] * int(rng.integers(1, 4))
        elif kind == 4:
            del data[at : at + int(rng.integers(1, 65))]
        elif kind == 5:
            data[at : at + 8] = rng.bytes(8)
        else:
            numbers = list(re.finditer(rb"-?\d+(\.\d+)?", bytes(data[:65536])))
            if numbers:
                one = numbers[int(rng.integers(len(numbers)))]
                data[one.start() : one.end()] = _NUMBERS[int(rng.integers(len(_NUMBERS)))]
    return bytes(data)
