"""`pgops config init` in a real terminal, and `pgops config show`."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time

import pytest

PASSWORD = "hunter2 é"
CTRL_C, CTRL_D, ENTER = "\x03", "\x04", "\r"


class Dialogue:
    """A program with a terminal of its own: `expect` waits for a text, `type` answers. stdout may be a pipe instead."""

    def __init__(self, program, *args: str, stdout: int | None = None) -> None:
        self._master, slave = pty.openpty()
        self.seen = ""
        self._at = 0

        def becomes_its_terminal() -> None:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.setsid()
            os.close(os.open(os.ttyname(slave), os.O_RDWR))  # a session's first terminal is the one that controls it

        self._running = subprocess.Popen(
            [sys.executable, "-m", "pgops", *args],
            cwd=program.cwd,
            env=program.environment(TERM="xterm"),
            stdin=slave,
            stdout=slave if stdout is None else stdout,
            stderr=slave,
            preexec_fn=becomes_its_terminal,  # noqa: PLW1509  it takes no lock
        )
        self._slave = slave

    def expect(self, text: str) -> None:
        """Read until `text` is shown, after what was expected before."""
        until = time.monotonic() + 30
        while text not in self.seen[self._at :]:
            assert time.monotonic() < until, f"{text!r} was not shown: {self.seen!r}"
            self._read()
        self._at = self.seen.index(text, self._at) + len(text)

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def answer(self, question: str, answer: str) -> None:
        self.expect(question)
        self.type(answer + ENTER)

    def echoes(self) -> bool:
        return bool(termios.tcgetattr(self._slave)[3] & termios.ECHO)

    def end(self) -> int:
        """The exit code, once all that was shown has been read."""
        until = time.monotonic() + 30
        while self._running.poll() is None and time.monotonic() < until:
            self._read()
        while self._read():
            pass
        assert self.echoes(), "the terminal was left without its echo"
        return self._running.wait(timeout=10)

    def close(self) -> None:
        self._running.kill()
        self._running.wait()
        os.close(self._slave)
        os.close(self._master)

    def _read(self) -> bool:
        ready, _, _ = select.select([self._master], [], [], 0.1)
        if ready:
            self.seen += os.read(self._master, 65536).decode(errors="replace").replace("\r\n", "\n")
        return bool(ready)


@pytest.fixture
def in_terminal(pgops_nowhere):
    begun: list[Dialogue] = []

    def begin(*args: str, **how) -> Dialogue:
        begun.append(Dialogue(pgops_nowhere, *args, **how))
        return begun[-1]

    yield begin
    for dialogue in begun:
        dialogue.close()


def hidden(dialogue, question: str) -> None:
    """Wait until the question is there and the terminal has stopped to echo."""
    dialogue.expect(question)
    until = time.monotonic() + 10
    while dialogue.echoes():
        assert time.monotonic() < until, "the terminal goes on to echo"
        time.sleep(0.01)


def config_of(program):
    return program.cwd / ".skills" / "postgres" / "postgres.toml"


def by_hand(dialogue, password: str = PASSWORD) -> None:
    dialogue.answer("(yes or no): ", "no")
    dialogue.answer("1 to 2: ", "1")
    dialogue.answer("[local]: ", "")
    dialogue.answer("1 to 4: ", "4")
    dialogue.answer("[localhost]: ", "db")
    dialogue.answer("[5432]: ", "")
    dialogue.answer("Database: ", "shop")
    dialogue.answer("User: ", "ann")
    hidden(dialogue, "certificate): ")
    dialogue.type(password + ENTER)


def test_a_profile_is_made_and_then_shown(in_terminal, pgops_nowhere):
    dialogue = in_terminal("config", "init")
    by_hand(dialogue)
    dialogue.answer("1 to 3: ", "1")
    assert dialogue.end() == 0
    assert "hunter2" not in dialogue.seen
    assert 'password = "********"' in dialogue.seen
    assert f'password = "{PASSWORD}"' in config_of(pgops_nowhere).read_text()
    assert config_of(pgops_nowhere).stat().st_mode & 0o777 == 0o600
    shown = pgops_nowhere("config", "show")
    assert shown.code == 0
    assert "postgresql://ann:********@db:5432/shop" in shown.out
    assert "'local' is the default" in shown.out
    assert "hunter2" not in shown.out + shown.err


def test_a_connection_of_the_project_is_chosen_by_number(in_terminal, pgops_nowhere):
    (pgops_nowhere.cwd / ".env").write_text("DATABASE_URL=postgres://ann:hunter2@db:5433/shop\n")
    (pgops_nowhere.cwd / "\x1b[2J\u202e.env").write_text("PGHOST=evil\nPGUSER=e\x1b]0;x\x07\n")
    dialogue = in_terminal("config", "init")
    dialogue.answer("(yes or no): ", "Y")
    dialogue.expect("postgresql://ann:********@db:5433/shop  (.env:1)")
    dialogue.answer("1 to 3: ", "0")
    dialogue.answer("1 to 3: ", "x")
    number = next(line.split()[0] for line in dialogue.seen.splitlines() if "@db:5433" in line)
    dialogue.answer("1 to 3: ", number)
    dialogue.answer("[local]: ", "prod")
    dialogue.answer("1 to 4: ", "1")
    dialogue.answer("(yes or no): ", "yes")
    dialogue.answer("1 to 3: ", "1")
    assert dialogue.end() == 0
    assert "\\x1b[2J" in dialogue.seen
    assert "\x1b[2J" not in dialogue.seen
    assert "\u202e" not in dialogue.seen
    assert (pgops_nowhere.cwd / "db" / "migrations").is_dir()
    assert pgops_nowhere("config", "show", "--json").json["profile"] == "prod"


def test_only_the_url_that_was_asked_for_goes_to_stdout(in_terminal, pgops_nowhere):
    reading, writing = os.pipe()
    dialogue = in_terminal("config", "init", stdout=writing)
    os.close(writing)
    by_hand(dialogue)
    dialogue.answer("1 to 3: ", "2")
    dialogue.answer("(yes or no): ", "yes")
    assert dialogue.end() == 0
    with os.fdopen(reading, encoding="utf-8") as out:
        assert out.read() == "export DB_URL=postgresql://ann:hunter2%20%C3%A9@db:5432/shop\n"
    assert "hunter2" not in dialogue.seen
    assert not config_of(pgops_nowhere).exists()


AS_JSON = {
    "saved": (["1"], "saved", []),
    "shown for one use": (
        ["2", "yes"],
        "one-off",
        ["export DB_URL=postgresql://ann:hunter2%20%C3%A9@db:5432/shop"],
    ),
}


@pytest.mark.parametrize(("answers", "outcome", "revealed"), AS_JSON.values(), ids=AS_JSON.keys())
def test_what_was_done_as_json(in_terminal, pgops_nowhere, answers, outcome, revealed):
    reading, writing = os.pipe()
    dialogue = in_terminal("config", "init", "--json", stdout=writing)
    os.close(writing)
    by_hand(dialogue)
    for answer in answers:
        dialogue.answer(": ", answer)
    assert dialogue.end() == 0
    with os.fdopen(reading, encoding="utf-8") as out:
        done = json.load(out)
    assert next(iter(done.items())) == ("schema", "pgops.profile_made/1")
    assert (done["outcome"], done["profile"], done["revealed"]) == (outcome, "local", revealed)
    assert done["connection"] == "postgresql://ann:********@db:5432/shop"
    assert len(done["records"]) == (1 if outcome == "saved" else 0)


HOW_FAR = {
    "the first question": lambda dialogue: dialogue.expect("(yes or no): "),
    "a name": lambda dialogue: [
        dialogue.answer("(yes or no): ", "n"),
        dialogue.answer("1 to 2: ", "1"),
        dialogue.expect("[local]: "),
    ],
    "the password": lambda dialogue: [
        dialogue.answer("(yes or no): ", "n"),
        dialogue.answer("1 to 2: ", "2"),
        hidden(dialogue, "/database: "),
    ],
    "the last question": lambda dialogue: [by_hand(dialogue), dialogue.expect("1 to 3: ")],
}


@pytest.mark.parametrize("ending", [(CTRL_C, 130, "Ctrl-C"), (CTRL_D, 3, "nothing was written")], ids=["C", "D"])
@pytest.mark.parametrize("reach", HOW_FAR.values(), ids=HOW_FAR.keys())
def test_broken_off_nothing_is_left_half_done(in_terminal, pgops_nowhere, reach, ending):
    key, code, said = ending
    before = sorted(pgops_nowhere.cwd.rglob("*"))
    dialogue = in_terminal("config", "init")
    reach(dialogue)
    dialogue.type(key)
    assert dialogue.end() == code
    assert said in dialogue.seen
    assert "Traceback" not in dialogue.seen
    assert "hunter2" not in dialogue.seen
    assert sorted(pgops_nowhere.cwd.rglob("*")) == before


def test_a_yes_or_no_has_no_default(in_terminal):
    dialogue = in_terminal("config", "init")
    dialogue.answer("(yes or no): ", "")
    dialogue.answer("(yes or no): ", "perhaps")
    dialogue.expect("(yes or no): ")


def test_bytes_that_are_no_text_are_asked_again(in_terminal):
    dialogue = in_terminal("config", "init")
    dialogue.answer("(yes or no): ", "n")
    dialogue.answer("1 to 2: ", "1")
    dialogue.expect("[local]: ")
    os.write(dialogue._master, b"\xff\r")
    dialogue.expect("[local]: ")
    dialogue.type(CTRL_D)
    assert dialogue.end() == 3


def test_without_a_terminal_it_is_refused(pgops_nowhere):
    ended = pgops_nowhere("config", "init")
    assert (ended.code, ended.out) == (2, "")
    assert "run it in a terminal" in ended.err


def test_a_broken_config_is_said_before_anything_is_asked(in_terminal, pgops_nowhere):
    pgops_nowhere.write_config("[database")
    dialogue = in_terminal("config", "init")
    assert dialogue.end() == 3
    assert "postgres.toml:1" in dialogue.seen
    assert "?" not in dialogue.seen


# --- show ------------------------------------------------------------------------------------------------------------

CONFIG = """
    [configuration]
    schema_version = 1

    [database.local]
    host = "db"
    database = "shop"
    user = "ann"
    password = "hunter2"

    [database.vault]
    host = "db"
    database = "shop"
    user = "ann"
    password_command = ["touch", "ran"]
"""


def test_show_says_which_and_why_and_runs_nothing(pgops_nowhere):
    pgops_nowhere.write_config(CONFIG)
    shown = pgops_nowhere("config", "show", "-p", "vault", "--json").json
    assert shown["schema"] == "pgops.resolution/1"
    assert (shown["profile"], shown["because"]) == ("vault", "The call named profile 'vault'.")
    assert shown["password_from"] == "password_command"
    assert not (pgops_nowhere.cwd / "ran").exists()
    assert shown["migrations_path"] == str(pgops_nowhere.cwd / "db" / "migrations")


def test_show_masks_the_password_of_a_profile_and_of_a_url(pgops_nowhere):
    pgops_nowhere.write_config(CONFIG)
    url = "postgresql://bob:hunter2@elsewhere/jobs"
    for ended in (
        pgops_nowhere("config", "show"),
        pgops_nowhere("config", "show", "--json"),
        pgops_nowhere("config", "show", "--url", url),
        pgops_nowhere("config", "show", DB_URL=url),
    ):
        assert ended.code == 0
        assert "********" in ended.out
        assert "hunter2" not in ended.out + ended.err


def test_show_without_a_config_says_what_to_do(pgops_nowhere):
    ended = pgops_nowhere("config", "show")
    assert ended.code == 3
    assert "there is no postgres.toml" in ended.err
