"""Damaged HDF5: what Python sees of it, while a process of its own takes the risk.

HDF5's library itself can crash or hang on flipped bytes, about once in some thousand files. No
caller can help that; what is held here is that a file that was cut never does it, and that a
flipped one gives a cube or one of the library's own errors whenever the library returns.
"""

import queue
import re
import struct
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skxrf.exceptions import FileFormatError
from skxrf.io import open_cube, open_maps

SCRIPT = Path(__file__).with_name("open_damaged.py")


class Opener:
    """The process that opens files; it is replaced where it was lost to one."""

    def __init__(self, folder):
        self.path = Path(folder, "damaged.h5")
        self.process = None

    def __call__(self, content, *, seconds):
        """What came of a file: cube, refused or foreign, or that the process was lost."""
        if self.process is None:
            self._start()
        self.path.write_bytes(content)
        try:
            self.process.stdin.write(f"{self.path}\n")
            self.process.stdin.flush()
            said = self.lines.get(timeout=seconds)
        except (queue.Empty, BrokenPipeError):
            said = ""
        if not said:
            self.stop()
            return "lost"
        assert self.path.read_bytes() == content, "nothing is ever written"
        return said.strip()

    def _start(self):
        self.process = subprocess.Popen(
            [sys.executable, str(SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.lines = queue.Queue()
        threading.Thread(
            target=_forward, args=(self.process.stdout, self.lines), daemon=True
        ).start()
        assert self.lines.get() == "ready\n"

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.stdin.close()
            self.process.wait()
            self.process = None


def _forward(stream, lines):
    with stream:
        for line in stream:
            lines.put(line)
    lines.put("")


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    opener = Opener(tmp_path_factory.mktemp("damaged"))
    yield opener
    opener.stop()


def plain(file, counts):
    file.create_dataset("counts", data=counts, chunks=(2, 3, 12), compression="gzip")
    file["counts"].attrs["dims"] = ["y", "x", "channel"]
    file["energy_keV"] = np.arange(12.0)
    file["live_time_s"] = np.ones((5, 7))


def hyperspy(file, counts):
    group = file.create_group("Experiments/icon")
    group["data"] = counts
    for i, (name, size) in enumerate([("y", 5), ("x", 7), ("Energy", 12)]):
        about = {"name": name, "size": size, "scale": 0.01, "offset": -0.9, "units": "mm"}
        about |= {"units": "keV", "navigate": False} if i == 2 else {"navigate": True}
        group.create_group(f"axis-{i}").attrs.update(about)


def nexus(file, counts):
    group = file.create_group("entry/instrument/detector")
    group["data"] = counts
    group["data"].attrs["interpretation"] = "spectrum"
    group["calibration"] = [0.0, 0.01, 0.0]


LAYOUTS = [plain, hyperspy, nexus]


@pytest.fixture(scope="module")
def contents(tmp_path_factory):
    """The bytes of a small file of each layout."""
    counts = np.random.default_rng(3).poisson(4.0, (5, 7, 12)).astype(np.uint16)
    found = {}
    for write in LAYOUTS:
        path = tmp_path_factory.mktemp("whole") / "scan.h5"
        with h5py.File(path, "w") as file:
            write(file, counts)
        found[write] = path.read_bytes()
    return found


def test_whole_files_are_cubes(opened, contents):
    assert {opened(content, seconds=600) for content in contents.values()} == {"cube"}


@settings(max_examples=60)
@given(layout=st.sampled_from(LAYOUTS), share=st.floats(0, 1, exclude_max=True))
def test_files_that_were_cut_are_refused(opened, contents, layout, share):
    content = contents[layout]

    said = opened(content[: int(share * len(content))], seconds=600)

    assert said == "refused FileFormatError"


@settings(max_examples=150)
@given(layout=st.sampled_from(LAYOUTS), data=st.data())
def test_flipped_bytes_give_a_cube_or_one_of_our_errors(opened, contents, layout, data):
    content = bytearray(contents[layout])
    # The superblock, or anywhere: small files are mostly headers, trees and attributes.
    places = st.integers(0, 95) | st.integers(0, len(content) - 1)
    for place in data.draw(st.lists(places, min_size=1, max_size=4)):
        content[place] = data.draw(st.integers(0, 255))

    said = opened(bytes(content), seconds=20)

    assert said.partition(" ")[0] in {"cube", "refused", "lost"}, said


@pytest.mark.parametrize("size", [0, 152])
def test_a_heap_without_an_end_is_refused(tmp_path, size):
    """HDF5 would read free space of no bytes for ever, also behind other free space."""
    path = tmp_path / "scan.h5"
    with h5py.File(path, "w") as file:
        file["counts"] = np.ones((2, 3, 12), "u2")
        file["counts"].attrs.update(dims=["y", "x", "energy"], units="counts")
        file["energy_keV"] = 0.02 * np.arange(12)
    assert open_cube(path).shape == (2, 3, 12)
    content = bytearray(path.read_bytes())
    at = content.find(b"GCOL") + 16
    content[at : at + 16 + size] = struct.pack("<QQ", 0, size) + bytes(size)
    path.write_bytes(content)
    for opener in (open_cube, open_maps):
        with pytest.raises(FileFormatError, match="has no end"):
            opener(path)


def _attributes(file, text):
    file["counts"].attrs["title"] = text


def _lists(file, text):
    file["counts"].attrs["notes"] = [text, text]


def _scales(file, text):
    file["energy_keV"].make_scale()
    file["counts"].dims[2].attach_scale(file["energy_keV"])


def _texts(file, text):
    file["title"] = text


def _text_chunks(file, text):
    file.create_dataset("titles", data=[text] * 3, maxshape=(None,), dtype=h5py.string_dtype())


@pytest.mark.parametrize("libver", ["earliest", "latest"])
@pytest.mark.parametrize("userblock_size", [0, 1024])
@pytest.mark.parametrize("add", [_attributes, _lists, _scales, _texts, _text_chunks])
def test_texts_longer_than_their_heap_are_not_read(tmp_path, add, userblock_size, libver):
    """HDF5 would allocate up to 4 GB for a text, or 32 GB for references, and then look for it."""
    path = tmp_path / "scan.h5"
    text = "x" * 5_000_000
    with h5py.File(path, "w", userblock_size=userblock_size, libver=libver) as file:
        file["counts"] = np.ones((2, 3, 12), "u2")
        file["counts"].attrs["units"] = "counts"
        file["energy_keV"] = 0.02 * np.arange(12)
        add(file, text)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert open_cube(path, axes=("y", "x", "energy")).shape == (2, 3, 12)
    content = bytearray(path.read_bytes())
    stored = 1 if add is _scales else len(text)
    heaps = [one.start() - userblock_size for one in re.finditer(b"GCOL", bytes(content))]
    at = max(content.find(struct.pack("<IQ", stored, heap)) for heap in heaps)
    content[at + 3] = 0xA0
    if add is _attributes and libver == "earliest":
        content[at - 4 : at] = b"????"  # reserved, and not looked at by HDF5
    path.write_bytes(content)

    for opener in (open_cube, open_maps):
        with pytest.raises(FileFormatError, match=r"at byte \d+, claims \d"):
            opener(path)


@pytest.mark.parametrize(
    ("message", "at", "changed", "said"),
    [
        # A message, its size and flags, and versions; then the size of the fill value.
        pytest.param(b"\5\0\x08\0\1\0\0\0\2\2\2\1", 12, b"\0\0\xff\xff", "fill", id="fill value"),
        pytest.param(b"\x19\1\1\0\x10\0\0\0", 1, b"\x7f", "of no known type", id="type of a text"),
    ],
)
def test_damage_that_would_end_the_process_is_refused(tmp_path, message, at, changed, said):
    path = tmp_path / "scan.h5"
    with h5py.File(path, "w") as file:
        file["counts"] = np.ones((2, 3, 12), "u2")
        file["counts"].attrs["units"] = "counts"
    content = bytearray(path.read_bytes())
    first = content.index(message) + at
    content[first : first + len(changed)] = changed
    path.write_bytes(content)

    with pytest.raises(FileFormatError, match=said):
        open_cube(path, energy=(0, 0.02), axes=("y", "x", "energy"))


def test_groups_within_groups_end(tmp_path):
    path = tmp_path / "scan.h5"
    with h5py.File(path, "w") as file:
        file["counts"] = np.ones((2, 3, 12), "u2")
        group = file.id
        for _ in range(5000):
            group = h5py.h5g.create(group, b"g")

    for opener in (open_cube, open_maps):
        with pytest.raises(FileFormatError, match="groups within groups, more than 50"):
            opener(path)
