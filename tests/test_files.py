"""`write_whole`: the old file or the new one at any moment, in its place, with its mode."""

from __future__ import annotations

import os
import random
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pgops.files import write_whole

LONG_NAMES = {"ascii": "x" * 240, "two bytes": "ü" * 120, "three bytes": "注" * 80, "four bytes": "👍" * 60}


def others(folder: Path, *known: str) -> list[str]:
    return [each.name for each in folder.iterdir() if each.name not in known]


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def umask():
    before = os.umask(0o027)
    yield
    os.umask(before)


def test_it_writes_chunks_as_utf8_and_gives_the_path(tmp_path):
    file = tmp_path / "a.html"
    assert write_whole(file, (chunk for chunk in ["ü", "\n", "", "\r\n", "👍"])) == file
    assert file.read_bytes() == "ü\n\r\n👍".encode()
    assert write_whole(str(file), []) == file
    assert file.read_bytes() == b""
    assert others(tmp_path, "a.html") == []


def test_what_utf8_can_not_hold_is_written_as_an_escape(tmp_path):
    assert write_whole(tmp_path / "a", ["bad \udc80 byte"]).read_text() == "bad \\udc80 byte"


@pytest.mark.parametrize("name", LONG_NAMES.values(), ids=LONG_NAMES.keys())
def test_a_name_may_be_as_long_as_the_file_system_lets_it(name, tmp_path):
    assert write_whole(tmp_path / name, ["new"]).read_text() == "new"
    assert others(tmp_path, name) == []


MODES = {
    "a new file as the umask has it": (None, None, 0o640),
    "a new file with a mode": (None, 0o600, 0o600),
    "an old file keeps its mode": (0o604, None, 0o604),
    "an old file keeps it against a mode": (0o660, 0o600, 0o660),
    "an old private file": (0o600, None, 0o600),
    "an old file that nobody may write": (0o444, None, 0o444),
}


@pytest.mark.parametrize(("before", "mode", "after"), MODES.values(), ids=MODES.keys())
def test_modes(before, mode, after, tmp_path, umask):
    file = tmp_path / "a"
    if before is not None:
        file.write_text("old")
        file.chmod(before)
    write_whole(file, ["new"], mode=mode)
    assert (mode_of(file), file.read_text()) == (after, "new")


def test_the_temporary_file_is_never_more_open_than_the_old_one(tmp_path):
    file = tmp_path / "secret"
    file.write_text("old")
    file.chmod(0o600)
    seen = []

    def chunks():
        for name in others(tmp_path, "secret"):
            seen.append(mode_of(tmp_path / name))
            yield "new"

    write_whole(file, chunks())
    assert seen == [0o600]


def test_a_link_is_followed_and_stays_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    real = tmp_path / "real" / "a.toml"
    real.write_text("old")
    real.chmod(0o640)
    (tmp_path / "between").symlink_to(real)
    link = tmp_path / "link"
    link.symlink_to("between")
    assert write_whole(link, ["new"]) == link
    assert link.is_symlink()
    assert (tmp_path / "between").is_symlink()
    assert (real.read_text(), mode_of(real)) == ("new", 0o640)
    assert others(tmp_path, "real", "link", "between") == others(tmp_path / "real", "a.toml") == []


def test_a_link_to_what_is_not_there_yet_makes_it(tmp_path):
    (tmp_path / "link").symlink_to("later")
    write_whole(tmp_path / "link", ["new"])
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "later").read_text() == "new"


def test_what_is_no_file_is_written_to_and_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got = []
    reading = threading.Thread(target=lambda: got.append(pipe.read_text()))
    reading.start()
    write_whole(pipe, ["a", "b"])
    reading.join()
    assert got == ["ab"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert write_whole(os.devnull, ["x"]) == Path(os.devnull)
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


class BrokenError(Exception):
    pass


def failing(error):
    yield "half of it"
    raise error


@pytest.mark.parametrize(
    "error", [BrokenError(), KeyboardInterrupt(), SystemExit(1), OSError(28, "No space left")], ids=repr
)
@pytest.mark.parametrize("old", [None, "old"])
def test_an_error_leaves_the_old_file_and_nothing_else(old, error, tmp_path):
    file = tmp_path / "a"
    if old is not None:
        file.write_text(old)
    with pytest.raises(type(error)):
        write_whole(file, failing(error))
    assert (file.read_text() if file.exists() else None) == old
    assert others(tmp_path, "a") == []


PLACES = {
    "no such folder": (lambda folder: folder / "not" / "there", FileNotFoundError),
    "a folder": (lambda folder: folder, IsADirectoryError),
    "below a file": (lambda folder: folder / "file" / "a", NotADirectoryError),
    "links in a circle": (lambda folder: folder / "circle", OSError),
    "a name that is too long": (lambda folder: folder / ("x" * 300), OSError),
}


@pytest.mark.parametrize(("place", "error"), PLACES.values(), ids=PLACES.keys())
def test_what_can_not_be_written_raises_as_open_does(place, error, tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "circle").symlink_to("circle")
    with pytest.raises(error):
        write_whole(place(tmp_path), ["new"])
    assert others(tmp_path, "file", "circle") == []
    assert (tmp_path / "circle").is_symlink()


WRITER = """
import sys
from pgops.files import write_whole
number = 0
print("ready", flush=True)
while True:
    number += 1
    write_whole(sys.argv[1], [f"{number} " * 2000 for _ in range(50)])
"""


def test_a_writer_that_is_killed_leaves_a_whole_file(tmp_path, trials):
    """SIGKILL at random moments: the file always holds one number, as often as it was written."""
    file = tmp_path / "a"
    chance = random.Random(20261122)
    seen = set()
    for _ in range(trials(100)):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(file)], stdout=subprocess.PIPE)
        try:
            assert writer.stdout is not None
            writer.stdout.readline()
            with pytest.raises(subprocess.TimeoutExpired):
                writer.wait(chance.uniform(0.01, 0.15))
        finally:
            writer.send_signal(signal.SIGKILL)
            writer.communicate()
        if file.exists():
            words = file.read_text().split()
            assert (len(words), len(set(words))) == (100_000, 1)
            seen.add(words[0])
    assert seen, "no writer ever finished a file, so nothing was tried"


def test_readers_never_see_a_part(tmp_path):
    file = tmp_path / "a"
    write_whole(file, ["0 " * 1000])
    done = threading.Event()
    parts = []

    def read():
        while not done.is_set():
            words = file.read_text().split()
            if (len(words), len(set(words))) != (1000, 1):
                parts.append(words)

    reading = [threading.Thread(target=read) for _ in range(3)]
    for each in reading:
        each.start()
    for number in range(200):
        write_whole(file, [f"{number} "] * 1000)
    done.set()
    for each in reading:
        each.join()
    assert parts == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can write another's file")
def test_root_leaves_a_file_to_its_owner(tmp_path):
    file = tmp_path / "theirs"
    file.write_text("old")
    os.chown(file, 12345, 54321)
    file.chmod(0o600)
    write_whole(file, ["new"])
    status = file.stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (12345, 54321, 0o600)
