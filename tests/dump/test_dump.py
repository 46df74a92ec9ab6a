"""A dump is whole or not there: every format, every way to be broken off, and nothing of it shows a password."""

from __future__ import annotations

import os
import signal
import stat
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from pgops.dump import DumpProgress, dump_database, read_manifest
from pgops.errors import DumpError, FileBusyError
from pgops.programs import PG_RESTORE, find_programs
from pgops.scratch import embedded_binaries, fresh_database, restart_server, start_server, stop_server
from tests.checks.sessions import wait_for
from tests.dump.conftest import HOSTILE_SCHEMA, HOSTILE_TABLE, fill, small_disk
from tests.dump.dumps import leftovers


def listed(path: Path) -> str:
    """What pg_restore lists of an archive."""
    import subprocess

    program = max(find_programs(PG_RESTORE), key=lambda each: each.major)
    return subprocess.run([program.path, "--list", path], capture_output=True, check=True, text=True).stdout


MANY_ROWS = "INSERT INTO shop SELECT g, 1, now(), repeat(md5(g::text), 30) FROM generate_series(10000, 70000) AS g"
END_DUMPS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'pgops dump %'"


# --- what is made -----------------------------------------------------------------------------------------------------


@pytest.mark.outer_versions
def test_each_format_by_its_name(database, tmp_path):
    fill(database)
    with database.connect() as conn:
        made = {name: dump_database(conn, tmp_path / name) for name in ("a.sql", "a.dump", "a.dir", "a.sql.gz")}
        parallel = dump_database(conn, tmp_path / "b", jobs=2)
    assert [each.manifest.format for each in made.values()] == ["plain", "custom", "directory", "plain"]
    assert parallel.manifest.format == "directory"
    assert (tmp_path / "a.sql").read_text().count("INSERT INTO") == 0
    assert "COPY public.shop" in (tmp_path / "a.sql").read_text()
    assert (tmp_path / "a.sql.gz").read_bytes()[:2] == b"\x1f\x8b"
    assert "TABLE DATA public shop" in listed(tmp_path / "a.dump")
    assert "TABLE DATA public shop" in listed(tmp_path / "a.dir")
    names = ["a.dir", "a.dump", "a.sql", "a.sql.gz", "b"]
    assert leftovers(tmp_path) == sorted([*names, *(f"{name}.manifest.json" for name in names)])


@pytest.mark.parametrize(
    ("content", "there", "not_there"),
    [
        ("all", ["CREATE TABLE public.shop", "COPY public.shop", "COMMENT ON"], ["OWNER TO", "GRANT"]),
        ("schema", ["CREATE TABLE public.shop"], ["COPY public.shop", "COMMENT ON", "OWNER TO"]),
        ("data", ["COPY public.shop"], ["CREATE TABLE"]),
    ],
)
def test_schema_data_or_both(filled, tmp_path, content, there, not_there):
    with filled.connect() as conn:
        conn.execute("GRANT SELECT ON shop TO PUBLIC")
        dump_database(conn, tmp_path / "a.sql", content=content)
    text = (tmp_path / "a.sql").read_text()
    assert [words for words in there if words not in text] == []
    assert [words for words in not_there if words in text] == []


def test_one_table_and_one_schema_by_their_exact_names(filled, tmp_path):
    with filled.connect() as conn:
        conn.execute('CREATE TABLE "sho?" (a int); CREATE TABLE "sh*" (a int)')
        dump_database(conn, tmp_path / "a.sql", tables=[("public", "sh*"), (HOSTILE_SCHEMA, HOSTILE_TABLE)])
        dump_database(conn, tmp_path / "b.sql", schemas=[HOSTILE_SCHEMA])
    one, other = (tmp_path / "a.sql").read_text(), (tmp_path / "b.sql").read_text()
    assert one.count("CREATE TABLE") == 2
    assert 'CREATE TABLE public."sh*"' in one
    assert other.count("CREATE TABLE") == 1


def test_the_manifest_tells_what_was_made(filled, tmp_path):
    with filled.connect() as conn:
        made = dump_database(conn, tmp_path / "a.dump")
    manifest = read_manifest(tmp_path / "a.dump")
    assert manifest == made.manifest
    assert manifest.database == filled.name
    assert manifest.program.startswith("pg_dump ")
    assert not manifest.is_verified
    (file,) = manifest.files
    assert file.name == "a.dump"
    assert made.size_bytes == (tmp_path / "a.dump").stat().st_size == file.size_bytes
    assert stat.S_IMODE((tmp_path / "a.dump").stat().st_mode) == 0o600


def test_the_callers_connection_stays_as_it_was(filled, tmp_path):
    with filled.connect() as conn:
        conn.autocommit = False
        conn.row_factory = psycopg.rows.dict_row
        conn.execute("CREATE TEMP TABLE mine (a int)")
        dump_database(conn, tmp_path / "a.dump")
        assert conn.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS
        assert conn.execute("SELECT count(*) AS n FROM mine").fetchone() == {"n": 0}


def test_progress_ends_at_the_whole(filled, tmp_path):
    steps: list[DumpProgress] = []
    with filled.connect() as conn:
        conn.execute("INSERT INTO shop SELECT g, 1, now(), repeat('x', 500) FROM generate_series(10000, 110000) AS g")
        conn.execute("ANALYZE")
        dump_database(conn, tmp_path / "a.dump", on_progress=steps.append)
    rows = [step for step in steps if step.phase == "rows"]
    assert rows
    assert any("public.shop" in step.current and 0 < step.rows_done <= step.rows_expected for step in rows)
    shares = [step.share for step in rows if step.share is not None]
    assert all(0 <= share <= 1 for share in shares)
    assert shares == sorted(shares)
    assert steps[-1].phase == "checksums"


# --- a verified dump --------------------------------------------------------------------------------------------------


@contextmanager
def writing(database):
    """Somebody who changes, adds and removes rows all the while; yields how often so far."""
    done = threading.Event()
    count = [0]

    def write() -> None:
        with database.connect() as conn:
            while not done.is_set():
                conn.execute("UPDATE shop SET note = note || 'x', price = price + 1 WHERE id %% 7 = %s", [count[0] % 7])
                conn.execute("INSERT INTO shop VALUES (%s, 1, now(), 'new')", [1_000_000 + count[0]])
                conn.execute("DELETE FROM shop WHERE id = %s", [count[0] + 1])
                count[0] += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield count
    finally:
        done.set()
        writer.join()


@pytest.mark.parametrize("name", ["a.dump", "a.dir"])
def test_counts_and_hashes_are_those_of_the_dump_with_a_writer_at_work(filled, any_server, tmp_path, name):
    from pgops.dump import verify_restore
    from tests.dump.restored import restored

    with filled.connect() as conn, writing(filled) as written:
        wait_for(lambda: written[0] > 2, "the writer to begin")
        before = written[0]
        made = dump_database(conn, tmp_path / name, verify=True)
        assert written[0] > before, "the writer was at work meanwhile"
    with filled.connect() as conn:
        assert not verify_restore(conn, made.manifest).is_equal, "the source has moved on"
    with restored(tmp_path / name, any_server) as copy, copy.connect() as conn:
        found = verify_restore(conn, tmp_path / name)
    assert found.is_equal, found.to_text()
    assert {table.name: table.rows for table in made.manifest.tables}[HOSTILE_TABLE] == 100


# --- broken off -------------------------------------------------------------------------------------------------------


@pytest.fixture
def long(filled):
    """A database whose dump takes long enough to be broken off: a view's function sleeps while rows are read."""
    with filled.connect() as conn:
        conn.execute(MANY_ROWS)
    return filled


def at_work(database):
    """The pid of the server's process that sends rows to pg_dump, once there is one."""
    with database.connect() as conn:

        def copying():
            return conn.execute(
                "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'pgops dump %' AND query LIKE 'COPY%'"
            ).fetchone()

        wait_for(lambda: copying() is not None, "pg_dump to read rows")


def pg_dumps(folder: Path) -> list[int]:
    """The pg_dumps that write a partial file in `folder`, by their command lines."""
    found = []
    for each in Path("/proc").iterdir():
        if each.name.isdigit():
            try:
                words = (each / "cmdline").read_bytes()
            except OSError:
                continue
            if b"pg_dump" in words and b".partial" in words and bytes(folder) in words:
                found.append(int(each.name))
    return found


def dumping_on_a_thread(database, path, **wanted):
    failed: list[BaseException] = []

    def dump() -> None:
        try:
            with database.connect() as conn:
                dump_database(conn, path, compression="gzip:9", **wanted)
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=dump)
    thread.start()
    return thread, failed


@pytest.mark.parametrize("verify", [False, True], ids=["plain", "verified"])
def test_kill_9_of_pg_dump_leaves_nothing(long, tmp_path, verify):
    thread, failed = dumping_on_a_thread(long, tmp_path / "a.dump", verify=verify)
    at_work(long)
    for pid in pg_dumps(tmp_path):
        os.kill(pid, signal.SIGKILL)
    thread.join(30)
    (error,) = failed
    assert isinstance(error, DumpError)
    assert "SIGKILL" in str(error)
    assert leftovers(tmp_path) == []


def test_a_session_that_the_server_ends_leaves_nothing(long, tmp_path):
    thread, failed = dumping_on_a_thread(long, tmp_path / "a.dir", jobs=2)
    at_work(long)
    with long.connect() as conn:
        conn.execute(END_DUMPS)
    thread.join(30)
    assert isinstance(failed[0], DumpError)
    assert "terminating connection" in str(failed[0]) or "closed the connection" in str(failed[0])
    assert leftovers(tmp_path) == []


def test_a_server_that_is_restarted_in_mid_dump_leaves_nothing(tmp_path):
    with start_server(embedded_binaries(16)) as server, fresh_database(server) as database:
        fill(database)
        with database.connect() as conn:
            conn.execute(MANY_ROWS)
        thread, failed = dumping_on_a_thread(database, tmp_path / "a.dump", verify=True)
        at_work(database)
        stop_server(server)
        restart_server(server)
        thread.join(30)
        assert isinstance(failed[0], DumpError)
        assert leftovers(tmp_path) == []
        with database.connect() as conn:
            dump_database(conn, tmp_path / "a.dump")
    assert leftovers(tmp_path) == ["a.dump", "a.dump.manifest.json"]


@pytest.mark.parametrize("name", ["a.dump", "a.sql", "a.dir"])
def test_a_full_disk_leaves_nothing(long, tmp_path, name):
    with small_disk(tmp_path / "disk", "1m") as disk, long.connect() as conn:
        with pytest.raises(DumpError, match=r"No space left on device.*Make room"):
            dump_database(conn, disk / name, compression="none")
        assert leftovers(disk) == []


def test_a_disk_without_room_for_the_manifest_leaves_nothing(filled, tmp_path):
    with filled.connect() as conn:
        size = dump_database(conn, tmp_path / "measured.sql").size_bytes
        room = (-(-size // 4096) + 1) * 4096  # one page more, for the lock
        with small_disk(tmp_path / "disk", str(room)) as disk:
            with pytest.raises(DumpError, match="No space left"):
                dump_database(conn, disk / "a.sql")
            assert leftovers(disk) == []


def test_a_table_that_somebody_holds_is_waited_for_and_named(filled, tmp_path):
    with filled.connect() as holder, filled.connect() as conn:
        holder.autocommit = False
        holder.execute("LOCK TABLE shop IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(DumpError, match=r"timeout.*look at the locks"):
            dump_database(conn, tmp_path / "a.dump", lock_wait_s=0.3)
    assert leftovers(tmp_path) == []


def test_two_dumps_to_one_name(long, tmp_path):
    thread, failed = dumping_on_a_thread(long, tmp_path / "a.dump")
    at_work(long)
    with long.connect() as conn, pytest.raises(FileBusyError, match=f"process {os.getpid()}"):
        dump_database(conn, tmp_path / "a.dump", overwrite=True)
    thread.join(30)
    assert failed == []
    assert leftovers(tmp_path) == ["a.dump", "a.dump.manifest.json"]


def test_bytes_that_are_no_text_of_any_encoding(any_server, tmp_path):
    with any_server.connect() as admin:
        admin.execute("CREATE DATABASE bytes ENCODING 'SQL_ASCII' TEMPLATE template0")
        try:
            with any_server.connect("bytes") as conn:
                conn.execute("CREATE TABLE t AS SELECT E'\\xe9'::text AS a")
                dump_database(conn, tmp_path / "a.sql")
        finally:
            admin.execute("DROP DATABASE bytes WITH (FORCE)")
    assert b"\xe9\n" in (tmp_path / "a.sql").read_bytes()


# --- hostile names and passwords --------------------------------------------------------------------------------------

PASSWORD = "p a'ss\"w\\o:r@d/%#?&=$`;\tü€"


def test_a_hostile_database_and_a_password_that_no_process_list_shows(any_server, tmp_path):
    from psycopg import sql

    name = "da'ta\"ba se=x host=elsewhere\\%"
    seen: list[bytes] = []
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            for pid in pg_dumps(tmp_path):
                try:
                    seen.append(Path(f"/proc/{pid}/cmdline").read_bytes())
                except OSError:
                    continue
            time.sleep(0.005)

    with any_server.connect() as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        watcher = threading.Thread(target=look)
        watcher.start()
        try:
            with psycopg.connect(any_server.conninfo(name, password=PASSWORD), autocommit=True) as conn:
                conn.execute("CREATE TABLE t AS SELECT g FROM generate_series(1, 100000) AS g")
                made = dump_database(conn, tmp_path / "a.dump", verify=True)
        finally:
            done.set()
            watcher.join()
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
    assert made.manifest.database == name
    assert seen, "the process list was looked at while pg_dump ran"
    assert not any(PASSWORD.encode() in words or b'ss"w' in words for words in seen)
    assert PASSWORD not in (tmp_path / "a.dump.manifest.json").read_text()
