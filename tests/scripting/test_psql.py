"""psql on the database that is meant: with a file, in a terminal, and with no secret where others see it."""

from __future__ import annotations

import os
import pty
import select
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

import pgops
from pgops.errors import ClientProgramError, ConnectError, SourceError
from pgops.scratch import start_server

pytestmark = pytest.mark.xdist_group("passwords")  # one server for the module

PASSWORDS = {
    "blanks": "  two words  ",
    "quotes": 'it\'s "quoted" `ticks`',
    "backslashes": "\\ \\' \\\\",
    "of a URL": ":@/?#%&=%20",
    "of a shell": "$HOME $(id) ; | > < * ! ~",
    "letters": "pässwörd€😀",
    "a line break": "one\ntwo",
    "a tab and an option": "\t-c x=1 --help",
}


@pytest.fixture(scope="module")
def server(any_server):
    """A server that wants passwords, and a role for each."""
    with start_server(any_server.binaries, tcp=True) as server:
        with server.connect() as conn:
            for name, password in PASSWORDS.items():
                conn.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(name), password))
        yield server


def run(source, tmp_path, script, **how) -> str:
    """What psql printed when it ran the script."""
    file, out = tmp_path / "odd %s.sql", tmp_path / "out"
    file.write_text(script)
    with out.open("wb") as stdout:
        assert pgops.psql(source, file=file, stdout=stdout, arguments=("-At",), **how) == 0
    return out.read_text()


@pytest.mark.parametrize("role", PASSWORDS)
def test_every_password_logs_in_and_shows_nowhere(server, tmp_path, role):
    url = server.conninfo(host="127.0.0.1", user=role, password=PASSWORDS[role])
    printed = run(None, tmp_path, "SELECT current_user;\n\\! tr '\\0' '\\n' < /proc/$PPID/cmdline\n", url=url)
    user, *arguments = printed.splitlines()
    assert user == role
    assert any(each.startswith("--dbname=") for each in arguments), "it is psql's own command line"
    for part in PASSWORDS[role].split():
        assert part not in "\n".join(arguments).replace(role, "")


def test_without_the_password_nobody_gets_in(server, tmp_path):
    with pytest.raises(ConnectError, match="password authentication failed"):
        run(None, tmp_path, "SELECT 1", url=server.conninfo(host="127.0.0.1", user="letters", password="other"))


def test_beside_a_connection(any_database, tmp_path):
    with any_database.connect(autocommit=False) as conn:
        conn.execute("CREATE TABLE uncommitted (a int)")
        printed = run(conn, tmp_path, "SELECT current_setting('application_name'), current_database(), 'ä'")
        assert printed.strip() == f"pgops psql|{any_database.name}|ä"
        assert conn.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS


def test_a_session_begins_as_it_is_told(any_database, tmp_path):
    url = any_database.conninfo(options="-c search_path=pg_catalog")
    printed = run(
        None,
        tmp_path,
        "SHOW search_path; SHOW statement_timeout; SHOW transaction_read_only",
        url=url,
        settings={"statement_timeout": "4 s"},
    )
    assert printed.split() == ["pg_catalog", "4s", "off"]


def test_the_first_error_ends_a_file(any_database, tmp_path):
    heard = []
    with any_database.connect() as conn:
        with pytest.raises(ClientProgramError, match=r"exit code 3: .*%s\.sql:3: ERROR:  division by zero"):
            run(
                conn,
                tmp_path,
                "CREATE TABLE before (a int);\n\nSELECT 1/0;\nCREATE TABLE after (a int);",
                on_message=heard.append,
            )
        assert any("division by zero" in each for each in heard)
        assert conn.execute("SELECT to_regclass('before')::text, to_regclass('after')").fetchone() == ("before", None)
        with pytest.raises(SourceError, match="is not there"):
            pgops.psql(conn, file=tmp_path / "gone.sql")


def test_commands_and_rows_work_in_a_file(any_database, tmp_path):
    with any_database.connect() as conn:
        conn.execute("CREATE TABLE t (a int)")
        script = "\\set n 3\nCOPY t FROM stdin;\n1\n2\n\\.\nINSERT INTO t VALUES (:n);\nSELECT sum(a) FROM t;\n"
        assert run(conn, tmp_path, script).split()[-1] == "6"


# --- in a terminal ----------------------------------------------------------------------------------------------------


class Terminal:
    """`pgops psql` in a pseudo-terminal, as a person has it before them."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.seen = ""
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.execve(sys.executable, [sys.executable, "-m", "pgops", "psql", "--", "-X"], environment)

    def send(self, text: str) -> None:
        os.write(self.terminal, text.encode())

    def wait_for(self, words: str) -> None:
        until = time.monotonic() + 30
        while words not in self.seen:
            assert time.monotonic() < until, self.seen
            if select.select([self.terminal], [], [], 0.1)[0]:
                with suppress(OSError):
                    self.seen += os.read(self.terminal, 65536).decode(errors="replace")
        self.seen = self.seen.split(words, 1)[1]

    def ended(self) -> int:
        until = time.monotonic() + 30
        while True:
            with suppress(OSError):
                if select.select([self.terminal], [], [], 0.05)[0]:
                    os.read(self.terminal, 65536)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            assert time.monotonic() < until, "it goes on"


def test_in_a_terminal(any_database):
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PG", "DB_"))},
        "DB_URL": any_database.conninfo(),
        "PYTHONPATH": str(Path(pgops.__file__).parents[1]),
        "TERM": "dumb",
        "PSQL_PAGER": "cat",
        "PSQL_HISTORY": os.devnull,
    }
    at = Terminal(environment)
    try:
        at.wait_for("=#")
        at.send("SELECT 20 + 3 AS sum;\n")
        at.wait_for("23")
        at.wait_for("=#")
        at.send("SELECT 'before', pg_sleep(60);\n")
        with any_database.server.connect() as conn:
            asked = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgops psql' AND state = 'active'"
            until = time.monotonic() + 30
            while conn.execute(asked).fetchone() != (1,):
                assert time.monotonic() < until
                time.sleep(0.02)
        at.send("\x03")  # Ctrl-C, to the whole foreground: psql cancels, and nobody ends
        at.wait_for("canceling statement due to user request")
        at.wait_for("=#")
        at.send("SELECT 40 + 2 AS still;\n")
        at.wait_for("42")
        at.send("\\q\n")
        assert at.ended() == 0
    finally:
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(at.pid, signal.SIGKILL)
            os.waitpid(at.pid, 0)
        os.close(at.terminal)


def test_ctrl_c_is_ours_again_afterwards(any_database):
    before = signal.getsignal(signal.SIGINT)
    with any_database.connect() as conn:
        assert pgops.psql(conn, arguments=("-X", "-c", "SELECT 1", "-o", os.devnull)) == 0
        assert pgops.psql(conn, arguments=("-X", "-c", "SELECT 1/0")) == 1  # psql's own code
    assert signal.getsignal(signal.SIGINT) is before
