import errno
import importlib
import os
import stat
import types

import pytest

from skxrf.exceptions import FileFormatError
from skxrf.utils.files import check_writable, lock_file, whole_file, whole_files, whole_folder


def test_the_file_appears_at_the_end(tmp_path):
    target = tmp_path / "out.txt"

    with whole_file(target) as partial:
        partial.write_text("all of it")
        assert partial.parent == tmp_path, "a rename must not cross file systems"
        assert not target.exists()

    assert target.read_text() == "all of it"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, OSError])
def test_an_error_leaves_nothing(tmp_path, error):
    with pytest.raises(error):
        _write_half(tmp_path / "out.txt", error)

    assert not list(tmp_path.iterdir())


def test_the_mode_is_that_of_any_new_file_or_of_the_one_replaced(tmp_path):
    (tmp_path / "plain").touch()
    old = tmp_path / "old"
    old.touch()
    old.chmod(0o640)

    for name in ("new", "old"):
        with whole_file(tmp_path / name) as partial:
            partial.write_text("x")

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes["new"] == modes["plain"]
    assert modes["old"] == 0o640


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "real")

    with whole_file(tmp_path / "link") as partial:
        partial.write_text("new")

    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_a_missing_folder_and_a_folder_are_named(tmp_path):
    missing = pytest.raises(FileNotFoundError, match=r"cannot write .*none/out: there is no folder")
    with missing, whole_file(tmp_path / "none" / "out"):
        pytest.fail("it must not start")
    with pytest.raises(IsADirectoryError, match="it is a folder"), whole_file(tmp_path):
        pytest.fail("it must not start")


def test_an_unwritable_folder(tmp_path, monkeypatch):
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(0o500)
    if os.access(folder, os.W_OK):
        # The superuser may write everywhere: let the system refuse.
        monkeypatch.setattr("os.open", _refused)

    refused = pytest.raises(PermissionError, match=r"cannot write .*locked/out: Permission denied")
    with refused, whole_file(folder / "out"):
        pytest.fail("it must not start")

    assert not list(folder.iterdir())


def test_a_protected_file(tmp_path, monkeypatch):
    target = tmp_path / "out"
    target.write_text("keep")
    monkeypatch.setattr("os.access", lambda *_: False)

    with pytest.raises(PermissionError, match="protected against writing"), whole_file(target):
        pytest.fail("it must not start")

    assert target.read_text() == "keep"


def _write_half(target, error):
    with whole_file(target) as partial:
        partial.write_text("half")
        raise error("stopped")


def _refused(*_args, **_kwargs):
    raise PermissionError(13, "Permission denied")


def test_a_folder_appears_at_the_end(tmp_path):
    target = tmp_path / "out"

    with whole_folder(target, ".txt") as partial:
        (partial / "a.txt").write_text("all of it")
        assert partial.parent == tmp_path, "a rename must not cross file systems"
        assert not target.exists()

    assert (target / "a.txt").read_text() == "all of it"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, OSError])
def test_an_error_leaves_no_folder_and_an_old_one_as_it_was(tmp_path, error):
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "a.txt").write_text("old")

    for name in ("new", "old"):
        with pytest.raises(error):
            _write_half_a_folder(tmp_path / name, error)

    assert [one.name for one in tmp_path.iterdir()] == ["old"]
    assert (tmp_path / "old" / "a.txt").read_text() == "old"


def test_a_folder_of_the_same_names_is_replaced(tmp_path):
    target = tmp_path / "out"
    target.mkdir()
    (target / "a.txt").write_text("old")

    with whole_folder(target, ".txt") as partial:
        (partial / "a.txt").write_text("new")
        (partial / "b.txt").write_text("new")

    assert {one.name: one.read_text() for one in target.iterdir()} == {
        "a.txt": "new",
        "b.txt": "new",
    }
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("name", ["letter.txt", "photo.jpg"])
def test_a_folder_of_other_files_is_not_touched(tmp_path, name):
    (tmp_path / name).write_text("mine")

    refused = pytest.raises(FileExistsError, match=f"other files, such as '{name}'")
    with refused, whole_folder(tmp_path, ".txt") as partial:
        assert name == "letter.txt", "another suffix is refused before anything is computed"
        (partial / "a.txt").write_text("new")

    assert [one.name for one in tmp_path.iterdir()] == [name]


def test_the_old_folder_comes_back_where_the_new_one_cannot_be_put(tmp_path, monkeypatch):
    target = tmp_path / "out"
    target.mkdir()
    (target / "a.txt").write_text("old")
    rename = os.rename
    moves = []

    def second_fails(source, destination):
        moves.append(destination)
        if len(moves) == 2:
            raise OSError(5, "I/O error")
        rename(source, destination)

    monkeypatch.setattr("os.rename", second_fails)

    with (
        pytest.raises(OSError, match=r"cannot write .*out: I/O error"),
        whole_folder(target, ".txt") as part,
    ):
        (part / "a.txt").write_text("new")

    assert (target / "a.txt").read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_needs_a_place(tmp_path):
    (tmp_path / "file").write_text("mine")

    with (
        pytest.raises(FileNotFoundError, match="there is no folder"),
        whole_folder(tmp_path / "n/o", ".txt"),
    ):
        pytest.fail("it must not start")
    with (
        pytest.raises(NotADirectoryError, match="it is a file"),
        whole_folder(tmp_path / "file", ".txt"),
    ):
        pytest.fail("it must not start")


def test_a_folder_that_cannot_be_made(tmp_path, monkeypatch):
    monkeypatch.setattr("os.mkdir", _refused)

    refused = pytest.raises(PermissionError, match=r"cannot write .*out: Permission denied")
    with refused, whole_folder(tmp_path / "out", ".txt"):
        pytest.fail("it must not start")

    assert not list(tmp_path.iterdir())


def _write_half_a_folder(target, error):
    with whole_folder(target, ".txt") as partial:
        (partial / "a.txt").write_text("half")
        raise error("stopped")


def test_files_appear_complete_or_not_at_all(tmp_path):
    target = tmp_path / "new" / "report"
    with whole_files(target) as folder:
        (folder / "report.html").write_text("done")
        assert not target.exists()
    assert (target / "report.html").read_text() == "done"
    assert [p.name for p in target.parent.iterdir()] == ["report"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_nothing_is_left_of_files_that_failed(tmp_path, error):
    def fail():
        with whole_files(tmp_path / "a" / "b") as folder:
            (folder / "report.html").write_text("half")
            raise error

    with pytest.raises(error):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_keeps_its_other_files(tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    (tmp_path / "report.html").write_text("old")
    with whole_files(tmp_path) as folder:
        (folder / "report.html").write_text("new")
    assert (tmp_path / "report.html").read_text() == "new"
    assert (tmp_path / "mine.txt").read_text() == "keep"

    def fail():
        with whole_files(tmp_path) as folder:
            (folder / "report.html").write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert (tmp_path / "report.html").read_text() == "new"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine.txt", "report.html"]


def test_a_file_in_the_way_is_refused_at_once(tmp_path):
    (tmp_path / "report").write_text("mine")
    with (
        pytest.raises(NotADirectoryError, match=r"it is a file\. Name a folder"),
        whole_files(tmp_path / "report"),
    ):
        pytest.fail("the work was begun")
    assert (tmp_path / "report").read_text() == "mine"


@pytest.mark.skipif(getattr(os, "geteuid", int)() == 0, reason="root may write anywhere")
def test_a_protected_folder_of_files_is_refused_at_once(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError), whole_files(tmp_path):
        pytest.fail("the work was begun")


def test_flushing_is_asked_of_a_descriptor_that_may_write(tmp_path, monkeypatch):
    # Windows: FlushFileBuffers refuses one that may only read.
    fcntl = pytest.importorskip("fcntl")
    flushed = []
    real = os.fsync

    def fsync(descriptor):
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
                raise OSError(errno.EBADF, "Bad file descriptor")
            flushed.append(descriptor)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)

    with whole_file(tmp_path / "out") as partial:
        partial.write_text("x")
    with whole_folder(tmp_path / "folder", ".npy") as folder:
        (folder / "a.npy").write_text("x")
    with whole_files(tmp_path / "files") as folder:
        (folder / "a.npy").write_text("x")

    assert len(flushed) == 3


def test_a_locked_file_is_refused_to_others_until_it_is_closed(tmp_path):
    pytest.importorskip("fcntl")
    path = tmp_path / "file"
    path.touch()

    with path.open("r+b") as first, path.open("r+b") as second:
        lock_file(first)
        with pytest.raises(BlockingIOError, match="file is locked by another process"):
            lock_file(second)

    with path.open("r+b") as third:
        lock_file(third)


class Windows(types.SimpleNamespace):
    """Emulate msvcrt: one byte range is locked by one descriptor at a time."""

    LK_NBLCK = 2

    def __init__(self):
        self.locked = {}

    def locking(self, descriptor, mode, n_bytes):
        key = (os.fstat(descriptor).st_ino, os.lseek(descriptor, 0, os.SEEK_CUR), n_bytes)
        assert mode == self.LK_NBLCK
        if self.locked.setdefault(key, descriptor) != descriptor:
            raise PermissionError(errno.EACCES, "Permission denied")


def test_windows_locks_a_byte_that_no_reader_needs(tmp_path, monkeypatch):
    msvcrt = Windows()
    without_modules(monkeypatch, {"fcntl": None, "msvcrt": msvcrt})
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")

    with path.open("r+b", buffering=0) as first, path.open("r+b", buffering=0) as second:
        first.seek(4)
        lock_file(first)
        assert first.tell() == 4
        with pytest.raises(BlockingIOError):
            lock_file(second)

    ((_, place, _),) = msvcrt.locked
    assert place > 2**40


def test_without_locks_nothing_is_locked(tmp_path, monkeypatch):
    without_modules(monkeypatch, {"fcntl": None, "msvcrt": None})
    with (tmp_path / "file").open("wb") as first, (tmp_path / "file").open("wb") as second:
        lock_file(first)
        lock_file(second)


def without_modules(monkeypatch, stand_ins):
    real = importlib.import_module

    def import_module(name, *arguments):
        if stand_ins.get(name, name) is None:
            raise ImportError(name)
        return stand_ins[name] if name in stand_ins else real(name, *arguments)

    monkeypatch.setattr(importlib, "import_module", import_module)


def test_a_file_that_could_be_written_is_not_touched(tmp_path):
    (tmp_path / "old").write_text("old")

    assert check_writable(tmp_path / "new") == tmp_path / "new"
    assert check_writable(tmp_path / "old") == tmp_path / "old"

    assert [path.name for path in tmp_path.iterdir()] == ["old"]


def test_a_file_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match="file is a file, not a folder"):
        check_writable(tmp_path / "file" / "out")


def test_only_regular_files_are_written_to(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "to pipe").symlink_to(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "one").write_text("old")
    (tmp_path / "two").hardlink_to(tmp_path / "one")
    for name, words in [
        ("pipe", "device or pipe"),
        ("to pipe", "device or pipe"),
        ("loop", "a link"),
        ("one", "hard link"),
    ]:
        with pytest.raises(OSError, match=words), whole_file(tmp_path / name):
            pytest.fail("it must not start")
    assert (tmp_path / "pipe").is_fifo()
    assert (tmp_path / "two").read_text() == "old"


def test_inputs_are_not_written_to_under_any_name(tmp_path):
    (tmp_path / "in").write_text("counts")
    (tmp_path / "link").symlink_to(tmp_path / "in")
    (tmp_path / "hard").hardlink_to(tmp_path / "in")
    for name in ("in", "link", "hard", "../" + tmp_path.name + "/in"):
        for inputs in ([tmp_path / "in"], [str(tmp_path)], [tmp_path / "none", tmp_path / "link"]):
            with pytest.raises(FileFormatError, match="is the input"):
                check_writable(tmp_path / name, inputs)
    assert check_writable(tmp_path / "new", [tmp_path / "in"]) == tmp_path / "new"
