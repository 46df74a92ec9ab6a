"""On a real terminal: its width, colours only there, progress on stderr, and nothing hostile gets through."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import termios
import threading

import pytest

from pgops.scratch import fresh_database
from tests.cli.conftest import plant_duplicate_index, plugin_source

OUR_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
HOSTILE = "evil\x1b[2J\x1b]0;pwned\x07\u202e<b>|"


class Terminal:
    """A terminal of some width: `.slave` is what the program writes to, `.shown()` all that arrived."""

    def __init__(self, columns: int) -> None:
        self._master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        self._arrived: list[bytes] = []
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    def _read(self) -> None:
        try:
            while chunk := os.read(self._master, 65536):
                self._arrived.append(chunk)
        except OSError:  # EIO: the last writer has closed it
            pass

    def shown(self) -> str:
        self._reading.join(timeout=10)
        os.close(self._master)
        return b"".join(self._arrived).decode().replace("\r\n", "\n")


def on_terminal(program, *args: str, columns: int = 90, both: bool = False, **env: str) -> tuple[str, str]:
    """What stdout shows on a terminal, and what stderr shows; with `both`, stderr is a terminal too."""
    out, err = Terminal(columns), Terminal(columns)
    program = program.with_env(**{"TERM": "xterm-256color", **env})
    streams = {"stdout": out.slave} | ({"stderr": err.slave} if both else {})
    with program.started(*args, **streams) as running:
        os.close(out.slave)
        os.close(err.slave)
        said = "" if both else running.stderr.read().decode()
        running.wait(timeout=60)
    return out.shown(), err.shown() if both else said


def lines_of(text: str) -> list[str]:
    return OUR_COLOURS.sub("", text).splitlines()


def without_times(lines: list[str]) -> list[str]:
    return [re.sub(r"\b\d\d:\d\d\b|UTC, .* m?s$", "...", line) for line in lines]


def test_colours_on_a_terminal_and_nowhere_else(pgops_here, any_database):
    plant_duplicate_index(any_database)
    coloured, _ = on_terminal(pgops_here, "check", "duplicate_indexes")
    plain = pgops_here("check", "duplicate_indexes", COLUMNS="90").out
    assert "\x1b[33m" in coloured
    assert "\x1b" not in plain
    assert without_times(lines_of(coloured)) == without_times(plain.splitlines())


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=["NO_COLOR", "dumb"])
def test_a_terminal_that_wants_no_colours_gets_none(pgops_here, any_database, env):
    plant_duplicate_index(any_database)
    for form in ("check", "list"):
        out, _ = on_terminal(pgops_here, form, "duplicate_indexes", **env)
        assert "duplicate" in out
        assert "\x1b" not in out


@pytest.mark.parametrize("columns", [60, 90, 160])
def test_the_report_is_as_wide_as_the_terminal(pgops_here, columns):
    out, _ = on_terminal(pgops_here, "check", "invalid_indexes", "duplicate_indexes", columns=columns)
    assert max(map(len, lines_of(out))) == columns


def test_a_file_gets_a_width_of_its_own(pgops_here):
    assert max(map(len, pgops_here("check", "invalid_indexes").out.splitlines())) == 100


def test_progress_is_shown_on_stderr_only_when_that_is_a_terminal(pgops_here):
    pgops_here.install_plugin("slow", plugin_source("slow", "SELECT 'x'::text AS name FROM pg_catalog.pg_sleep(2)"))
    _, bar = on_terminal(pgops_here, "check", "made", "invalid_indexes", "--json", both=True)
    assert "1/2" in bar
    assert "indexes.invalid_index: clean" in bar
    _, said = on_terminal(pgops_here, "check", "made", "invalid_indexes", "--json")
    assert said.count("\n") == 1
    assert "\x1b" not in said


def test_hostile_names_send_nothing_to_the_terminal(pgops_nowhere, any_server):
    with fresh_database(any_server, name=f"db {HOSTILE}"[:60]) as database:
        plant_duplicate_index(database, HOSTILE)
        program = pgops_nowhere.with_env(DB_URL=database.conninfo())
        out, said = on_terminal(program, "check", "indexes")
        report = program.cwd / "report.json"
        report.write_text(program("check", "indexes", "--json").out, encoding="utf-8")
        plant_duplicate_index(database, f"again {HOSTILE}")
        compared, _ = on_terminal(program, "check", "indexes", "--compare", "report.json")
    for shown in (out, compared):
        assert r"evil\x1b[2J\x1b]0;pwned\x07\u202e<b>|" in OUR_COLOURS.sub("", shown).replace("\n", "")
    for shown in (out, said, compared):
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", OUR_COLOURS.sub("", shown))


def test_a_terminal_that_lacks_our_characters_gets_escapes(pgops_here):
    ended = pgops_here("check", "invalid_indexes", PYTHONIOENCODING="latin-1")
    assert ended.code == 0
    assert r"\u2500" in ended.out
