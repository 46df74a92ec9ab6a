"""password_env and password_command: asked when connecting, at no other time, and never shown."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import sys
import time
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

import pgops
from pgops.config.password_source import PasswordCommand, PasswordVariable
from pgops.db.pooling import open_async_pool, open_pool
from pgops.errors import ConfigError, ConnectError, NoPasswordError
from pgops.scratch import start_server
from tests.config.test_config_secrets import seen_of

SECRET = "hunter2-S3cr3t"
TRICKY = "p @:%?#'\\ \"é\t end "
FIELDS = '[database.local]\nhost = "h"\ndatabase = "d"\nuser = "u"\n'
HBA = "local all postgres trust\nlocal all all scram-sha-256\n"


def python(code: str) -> str:
    """password_command with a program of ours."""
    return f"password_command = {json.dumps([sys.executable, '-c', code])}\n"


# --- the file --------------------------------------------------------------------------------------------------------


def test_both_are_kept_as_sources_and_not_asked(project):
    (project.root / "asked").unlink(missing_ok=True)
    config = project.load(
        FIELDS
        + python("open('asked', 'w')")
        + '[database.by_env]\nhost = "h"\ndatabase = "d"\nuser = "u"\npassword_env = "SHOP_PASSWORD"\n'
    )
    command, variable = project.resolve("local"), project.resolve("by_env", env={"SHOP_PASSWORD": SECRET})
    assert isinstance(command.password_source, PasswordCommand)
    assert isinstance(variable.password_source, PasswordVariable)
    shown = f"{config!r} {command!r} {variable!r} {command.display} {variable.conninfo()} {command.conninfo()}"
    assert SECRET not in shown
    assert "password=''" in command.conninfo()
    assert not (project.root / "asked").exists()


WRONG = {
    "two sources": ('password = "{0}"\npassword_env = "X"', "password and password_env"),
    "two others": ('password_env = "X"\npassword_command = ["{0}"]', "password_env and password_command"),
    "all three": (
        'password = "{0}"\npassword_env = "X"\npassword_command = ["x"]',
        "password and password_env and password_command",
    ),
    "a number for a variable": ("password_env = 5", "must be a text"),
    "no variable's name": ('password_env = "{0} !"', "no name of a variable"),
    "a shell's text for a command": ('password_command = "echo {0}"', "must be an array of texts"),
    "a command with a number": ('password_command = ["echo", 5]', "password_command[1] is a number"),
    "a command without a program": ('password_command = ["", "{0}"]', "password_command[0] is empty"),
    "a command with a NUL": ('password_command = ["echo", "{0}\\u0000"]', "NUL"),
}


@pytest.mark.parametrize(("text", "says"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_in_the_file(project, text, says):
    with pytest.raises(ConfigError) as caught:
        project.load(FIELDS + text.format(SECRET))
    assert says in str(caught.value)
    assert caught.value.line is not None
    assert SECRET not in seen_of(caught.value)


def test_an_url_with_a_password_beside_another_source_is_an_error_that_names_both(project):
    project.write(f'[database.local]\nurl = "postgresql://u:{SECRET}@h/d"\npassword_env = "X"\n')
    with pytest.raises(ConfigError) as caught:
        project.resolve()
    assert "its url and password_env" in str(caught.value)
    assert SECRET not in seen_of(caught.value)


INHERITED = {
    "own variable, shared password": (f'password = "{SECRET}"', 'password_env = "X"', None, "password_env"),
    "own password, shared command": ('password_command = ["x"]', f'password = "{SECRET}"', SECRET, None),
    "own command, shared variable": ('password_env = "X"', 'password_command = ["x"]', None, "password_command"),
    "own variable, shared url": (f'url = "postgresql://u:{SECRET}@h/d"', 'password_env = "X"', None, "password_env"),
    "own url, shared variable": ('password_env = "X"', f'url = "postgresql://u:{SECRET}@h/d"', SECRET, None),
    "own url without password, shared variable": (
        *('password_env = "X"', 'url = "postgresql://u@h/d"'),
        *(None, "password_env"),
    ),
}


@pytest.mark.parametrize(("shared", "own", "password", "key"), INHERITED.values(), ids=INHERITED)
def test_what_the_profile_itself_states_is_nearer(project, shared, own, password, key):
    fields = '\nhost = "h"\ndatabase = "d"\nuser = "u"\n'
    project.write(f"[database]\n{shared}\n[database.local]\n{own}" + ("" if "url" in own + shared else fields))
    found = project.resolve()
    assert (found.target.password and found.target.password.reveal()) == password
    assert (found.password_source and found.password_source.key) == key


# --- the program -----------------------------------------------------------------------------------------------------


def command(code: str, folder: Path | None = None) -> PasswordCommand:
    argv = tuple(pgops.Secret(word) for word in (sys.executable, "-c", code))
    return PasswordCommand(argv=argv, owner="local", folder=folder)


ANSWERS = {
    "one line": (f"print({SECRET!r})", SECRET),
    "without a line break": (f"import sys; sys.stdout.write({SECRET!r})", SECRET),
    "Windows' line break": (f"import sys; sys.stdout.buffer.write(b'{SECRET}\\r\\n')", SECRET),
    "the first of several": (f"print({SECRET!r}); print('user: ann')", SECRET),
    "blanks belong to it": (f"import sys; sys.stdout.buffer.write({TRICKY.encode()!r})", TRICKY),
    "complaints besides": (f"import sys; print('warning', file=sys.stderr); print({SECRET!r})", SECRET),
    "much more output": (f"print({SECRET!r}); print('x' * 3_000_000)", SECRET),
    "much to complain": (f"import sys; sys.stderr.write('x' * 3_000_000); print({SECRET!r})", SECRET),
    "nothing to read": (f"import sys; print({SECRET!r} if sys.stdin.read() == '' else 'no')", SECRET),
}


@pytest.mark.parametrize(("code", "password"), ANSWERS.values(), ids=ANSWERS)
def test_the_first_line_is_the_password(code, password):
    assert command(code).read({}).reveal() == password


FAILURES = {
    "fails": ("import sys; print('%s'); sys.exit('vault is sealed')", ["ended with status 1", "vault is sealed"]),
    "repeats it in its complaint": ("import sys; print('%s'); sys.exit('no access with %s')", ["no access with"]),
    "dies": ("import os; print('%s', flush=True); os.kill(os.getpid(), 9)", ["killed by signal 9"]),
    "says nothing": ("'%s'", ["no password"]),
    "an empty first line": ("print(); print('%s')", ["no password"]),
    "no UTF-8": ("import sys; sys.stdout.buffer.write(b'\\xff%s')", ["UTF-8"]),
    "endless line": ("print('%s' * 10_000)", ["longer than"]),
    "a NUL": ("print('%s\\0')", ["NUL"]),
    "control characters": ("import sys; sys.exit('\\x1b[31mred\\x07')", ["It said: [31mred"]),
}


@pytest.mark.parametrize(("code", "says"), FAILURES.values(), ids=FAILURES)
def test_a_failure_says_why_and_shows_no_output(code, says):
    with pytest.raises(NoPasswordError) as caught:
        command(code.replace("%s", SECRET)).read({})
    assert all(each in str(caught.value) for each in says)
    assert "local" in str(caught.value)
    assert SECRET not in seen_of(caught.value)
    assert "\x1b" not in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@pytest.mark.parametrize("program", ["no-such-program-at-all", "/", "./nowhere/x"])
def test_a_program_that_is_not_there(program):
    with pytest.raises(NoPasswordError, match="can't be run"):
        PasswordCommand(argv=(pgops.Secret(program), pgops.Secret(SECRET)), owner="local").read({})


def is_alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    if stat.parent.parent.joinpath("self").exists():
        return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] not in "ZX"
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_program_that_does_not_end_is_killed_with_its_children(tmp_path, monkeypatch):
    monkeypatch.setattr("pgops.config.password_source.COMMAND_TIMEOUT_S", 1.5)
    code = (
        "import subprocess, sys, time; print('half', flush=True);"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
        "open('pids', 'w').write(f'{child.pid}'); print('waiting', file=sys.stderr, flush=True); time.sleep(60)"
    )
    with pytest.raises(NoPasswordError) as caught:
        command(code, tmp_path).read({})
    assert "did not end within 1.5 s and was killed. It said: waiting" in str(caught.value)
    child = int((tmp_path / "pids").read_text())
    for _ in range(50):
        if not is_alive(child):
            break
        time.sleep(0.1)
    assert not is_alive(child)


def test_an_agent_that_is_left_behind_is_not_waited_for(tmp_path):
    code = (
        "import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(20)']);"
        f"open('agent', 'w').write(str(p.pid)); print({SECRET!r})"
    )
    try:
        assert command(code, tmp_path).read({}).reveal() == SECRET
        assert is_alive(int((tmp_path / "agent").read_text())), "it ended by itself: the test proves nothing"
    finally:
        os.kill(int((tmp_path / "agent").read_text()), 9)


def test_no_shell_reads_the_words():
    words = [sys.executable, "-c", "import sys; print(sys.argv[1])", "$HOME; `id` 'x' * > /tmp/x"]
    assert PasswordCommand(argv=tuple(map(pgops.Secret, words)), owner="x").read({}).reveal() == words[3]


def test_a_variable_is_taken_as_it_is_or_named():
    variable = PasswordVariable(name=pgops.Secret("SHOP_PASSWORD"), owner="local")
    assert variable.read({"SHOP_PASSWORD": TRICKY}).reveal() == TRICKY
    for env in ({}, {"SHOP_PASSWORD": ""}):
        with pytest.raises(NoPasswordError, match="SHOP_PASSWORD, which is not set"):
            variable.read(env)
    mistaken = PasswordVariable(name=pgops.Secret("hunter2"), owner="local")  # the password, where its name should be
    with pytest.raises(NoPasswordError) as caught:
        mistaken.read({})
    assert "hunter2" not in str(caught.value) + repr(mistaken)


# --- connecting ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def locked_server(any_server):
    with start_server(any_server.binaries, settings={"password_encryption": "scram-sha-256"}, hba=HBA) as server:
        with server.connect() as conn:
            conn.execute(sql.SQL("CREATE ROLE ann LOGIN PASSWORD {}").format(TRICKY))
        yield server


@pytest.fixture
def locked(project, locked_server):
    """Writes a profile for `ann`, with further lines."""

    def write(lines: str) -> None:
        place = f'host = "{locked_server.host}"\nport = {locked_server.port}\ndatabase = "postgres"\nuser = "ann"\n'
        project.write(f"[database.local]\n{place}{lines}")

    write.how = {"config": project.file, "env": {"SHOP_PASSWORD": TRICKY}}  # type: ignore[attr-defined]
    return write


COUNTING = f"import sys; open('runs', 'a').write('x');sys.stdout.buffer.write({TRICKY.encode()!r} + b'\\n')"
SOURCES = {
    "the file": f"password = {json.dumps(TRICKY)}",
    "a variable": 'password_env = "SHOP_PASSWORD"',
    "a program": python(COUNTING),
}


@pytest.mark.parametrize("lines", SOURCES.values(), ids=SOURCES)
def test_it_connects(locked, lines):
    locked(lines)
    with pgops.connect(**locked.how) as conn:
        assert conn.execute("SELECT current_user").fetchone() == ("ann",)
        assert TRICKY not in repr(conn)
    with open_pool(**locked.how, min_size=1) as pool, pool.connection() as conn:
        assert conn.execute("SELECT current_user").fetchone() == ("ann",)


@pytest.mark.parametrize("lines", SOURCES.values(), ids=SOURCES)
async def test_it_connects_on_asyncio(locked, lines):
    locked(lines)
    async with await pgops.connect_async(**locked.how) as conn:
        assert await (await conn.execute("SELECT current_user")).fetchone() == ("ann",)
    async with await open_async_pool(**locked.how, min_size=1) as pool, pool.connection() as conn:
        assert await (await conn.execute("SELECT current_user")).fetchone() == ("ann",)


def test_pgpass_of_libpq_itself(locked, locked_server, project, monkeypatch):
    """It answers where the profile says nothing, and PGPASSFILE says where it is."""
    file = project.root / "pgpass"
    escaped = TRICKY.replace("\\", "\\\\").replace(":", "\\:")
    file.write_text(f"*:{locked_server.port}:*:ann:{escaped}\n", encoding="utf-8")
    file.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(file))
    monkeypatch.setenv("PGPASSWORD", "another database's")
    locked("")
    with pgops.connect(**locked.how) as conn:
        assert conn.execute("SELECT current_user").fetchone() == ("ann",)


def test_a_foreign_pgpassword_is_not_given_away(locked, monkeypatch, tmp_path):
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "none"))
    monkeypatch.setenv("PGPASSWORD", TRICKY)
    locked("")
    with pytest.raises(ConnectError, match="no password supplied"):
        pgops.connect(**locked.how)
    locked('password_env = "PGPASSWORD"')
    with pgops.connect(config=locked.how["config"]) as conn:
        assert conn.execute("SELECT current_user").fetchone() == ("ann",)


def test_a_program_runs_once_for_a_connect_though_it_takes_several_attempts(project, locked, locked_server):
    """The server refuses (a wrong user), so that every attempt is made that may be made."""
    locked(python(COUNTING) + "sslmode = false\n")
    with pgops.connect(**locked.how):
        pass
    assert (project.root / "runs").read_text() == "x"
    pgops.resolve(config=project.file, env={}).conninfo()
    pgops.load_config(project.file, env={})
    assert (project.root / "runs").read_text() == "x"


def test_a_pool_asks_anew_for_each_connection(project, locked):
    locked(python(COUNTING))
    with open_pool(**locked.how, min_size=2, max_size=2) as pool:
        pool.wait(30)
    assert (project.root / "runs").read_text() == "xxx"  # one to find the way, two of the pool


def test_a_failing_program_is_an_error_of_connecting(locked):
    locked(python("import sys; sys.exit('no token')"))
    for call in (
        lambda: pgops.connect(**locked.how),
        lambda: open_pool(**locked.how),
        lambda: asyncio.run(pgops.connect_async(**locked.how)),
    ):
        with pytest.raises(NoPasswordError, match="no token"):
            call()


def test_a_wrong_password_from_a_program_is_not_shown(locked):
    locked(python(f"print('{SECRET}')"))
    with pytest.raises(ConnectError) as caught:
        pgops.connect(**locked.how)
    assert "password authentication failed" in str(caught.value)
    assert SECRET not in seen_of(caught.value)


def test_the_calls_own_password_wins(locked):
    locked(python("import sys; sys.exit(1)"))
    with pgops.connect(**locked.how, params={"password": TRICKY}) as conn:
        assert conn.execute("SELECT current_user").fetchone() == ("ann",)


def test_a_resolution_can_be_connected_to(locked, project):
    locked(SOURCES["a variable"])
    resolution = project.resolve(config=project.file)
    with pgops.connect(resolution, env=locked.how["env"]) as conn:
        assert conn.execute("SELECT current_user").fetchone() == ("ann",)
    with psycopg.connect(resolution.conninfo(), password=TRICKY) as conn:
        assert conn.info.user == "ann"
