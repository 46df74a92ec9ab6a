"""Restores that fail or are broken off: what is said, by object and cause, and what is left in the target."""

import os
import signal
import subprocess
import threading
import time

import pytest

from pgops.dump.restoring import ending
from pgops.dump.restoring.messages import Cause
from pgops.dump.restoring.proposing import propose_restore
from pgops.errors import RestoreError
from pgops.scratch import fresh_database, restart_server, start_server
from tests.dump.conftest import small_disk
from tests.dump.dumps import dumped, is_empty, plant
from tests.dump.restored import restored_by_us as restored
from tests.servers import newest_binaries


class TestFailing:
    @pytest.mark.parametrize("form", ["custom", "plain"])
    def test_what_exists_is_named_and_nothing_is_left(self, any_database, shop, form):
        with any_database.connect() as conn:
            conn.execute("CREATE TABLE purchase (id int)")
            with pytest.raises(RestoreError, match="The target is as it was") as caught:
                restored(conn, shop / form, into_existing=True)
            (failure,) = caught.value.failures
            assert (failure.kind, failure.schema, failure.name) == ("TABLE", "public", "purchase")
            assert failure.cause is Cause.ALREADY_EXISTS
            assert failure.sqlstate == (None if form == "custom" else "42P07")
            assert conn.execute("SELECT to_regclass('customer')").fetchone() == (None,)

    @pytest.mark.parametrize("form", ["custom", "plain"])
    def test_rows_on_top_of_rows(self, any_database, shop, form):
        with any_database.connect() as conn:
            conn.execute(
                "CREATE FUNCTION spoil() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN"
                " IF to_regclass('public.customer') IS NOT NULL AND NOT EXISTS"
                " (SELECT FROM pg_constraint WHERE conname = 'few') THEN"
                " ALTER TABLE public.customer ADD CONSTRAINT few CHECK (id < 500); END IF; END $$;"
                "CREATE EVENT TRIGGER spoil ON ddl_command_end EXECUTE FUNCTION spoil()"
            )
            with pytest.raises(RestoreError, match="as it was") as caught:
                restored(conn, shop / form, into_existing=True)
            failure = caught.value.failures[0]
            assert (failure.kind, failure.name, failure.cause) == ("TABLE DATA", "customer", Cause.VIOLATED)
            assert any("Failing row" in each for each in failure.details)

    def test_several_jobs_say_what_is_left(self, any_database, shop):
        with any_database.connect() as conn:
            conn.execute("CREATE TABLE purchase (id int)")
            with pytest.raises(RestoreError, match=r"The target now holds .*table"):
                restored(conn, shop / "directory", into_existing=True, jobs=2)

    def test_an_extension_that_is_nowhere(self, any_database, tmp_path):
        dump = tmp_path / "x.sql"
        dump.write_text(
            "-- PostgreSQL database dump\n\n--\n-- Name: nowhere; Type: EXTENSION; Schema: -; Owner: -\n--\n\n"
            "CREATE EXTENSION nowhere;\n\n-- PostgreSQL database dump complete\n"
        )
        with any_database.connect() as conn, pytest.raises(RestoreError, match="nowhere is not available") as caught:
            propose_restore(conn, dump)
        assert caught.value.failures[0].cause is Cause.MISSING_EXTENSION

    def test_a_role_that_may_not(self, any_database, shop):
        with any_database.connect() as conn:
            conn.execute("CREATE ROLE nobody_here LOGIN")
        try:
            with any_database.connect(user="nobody_here") as conn:
                for form in ("custom", "plain"):
                    with pytest.raises(RestoreError, match="Nothing is left") as caught:
                        restored(conn, shop / form)
                    assert caught.value.failures[0].cause is Cause.PRIVILEGE
        finally:
            with any_database.connect() as conn:
                conn.execute("DROP ROLE nobody_here")


SLOW = "CREATE FUNCTION slow() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.2); END $$;" \
       "CREATE EVENT TRIGGER slow ON ddl_command_end EXECUTE FUNCTION slow()"  # fmt: skip


def kill_children(*_):
    said = subprocess.check_output(["ps", "-o", "pid=,comm=", "--ppid", str(os.getpid())], text=True)
    for pid, name in (line.split() for line in said.splitlines()):
        if name in {"psql", "pg_restore"}:
            os.kill(int(pid), signal.SIGKILL)


def in_the_middle(database, act):
    """Call `act` with the pid of the restore's session once it is at work."""

    def look():
        with database.connect(application_name="watcher") as conn:
            for _ in range(200):
                row = conn.execute(
                    "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
                    " AND application_name ~ '^pgops restore .' AND query ~ 'CREATE'"
                ).fetchone()
                if row:
                    act(conn, row[0])
                    return
                time.sleep(0.02)

    thread = threading.Thread(target=look)
    thread.start()
    return thread


class TestBrokenOff:
    @pytest.mark.parametrize("form", ["custom", "plain"])
    def test_a_session_that_is_ended_leaves_nothing(self, any_database, shop, form):
        with any_database.connect() as conn:
            conn.execute(SLOW)
            thread = in_the_middle(
                any_database, lambda other, pid: other.execute("SELECT pg_terminate_backend(%s)", [pid])
            )
            with pytest.raises(RestoreError, match="as it was") as caught:
                restored(conn, shop / form, into_existing=True)
            thread.join()
            assert Cause.CONNECTION_LOST in {each.cause for each in caught.value.failures}

    @pytest.mark.parametrize("form", ["custom", "plain"])
    def test_a_program_that_is_killed_leaves_nothing(self, any_database, shop, form):
        with any_database.connect() as conn:
            conn.execute(SLOW)
            thread = in_the_middle(any_database, kill_children)
            with pytest.raises(RestoreError, match=r"SIGKILL.*as it was"):
                restored(conn, shop / form, into_existing=True)
            thread.join()

    @pytest.mark.parametrize("form", ["custom", "plain"])
    def test_ctrl_c_is_passed_on_and_leaves_nothing(self, any_database, shop, form):
        with any_database.connect() as conn:
            conn.execute(SLOW)
            thread = in_the_middle(any_database, lambda *_: os.kill(os.getpid(), signal.SIGINT))
            with pytest.raises(KeyboardInterrupt):
                restored(conn, shop / form, into_existing=True)
            thread.join()
            assert is_empty(conn)


@pytest.fixture(scope="module")
def own_server():
    """One that may crash, and fill its disk."""
    with start_server(newest_binaries()) as server:
        yield server


@pytest.fixture(scope="module")
def rows(own_server, tmp_path_factory):
    """A dump of each format, of 30 MB of rows."""
    folder = tmp_path_factory.mktemp("rows")
    with fresh_database(own_server) as source:
        plant(source, "CREATE TABLE t (a text); INSERT INTO t SELECT repeat('x', 1000) FROM generate_series(1, 30000)")
        return {form: dumped(source, folder / form, form) for form in ("custom", "plain")}


@pytest.mark.xdist_group("a server that fails")
class TestServersThatFail:
    @pytest.mark.parametrize("form", ["custom", "plain"])
    def test_a_full_disk(self, own_server, rows, form):
        with small_disk(own_server.folder.parent / form, "24m") as disk:
            home = own_server.folder.stat()
            os.chown(disk, home.st_uid, home.st_gid)
            with own_server.connect() as conn:
                conn.execute(f"CREATE TABLESPACE small LOCATION '{disk}'")
                conn.execute("CREATE DATABASE cramped TABLESPACE small STRATEGY file_copy")
            try:
                with own_server.connect("cramped") as conn:
                    with pytest.raises(RestoreError, match=r"No space left.*Nothing is left in the target") as caught:
                        restored(conn, rows[form])
                    assert caught.value.failures[0].cause is Cause.DISK_FULL
                    assert is_empty(conn)
            finally:
                with own_server.connect() as conn:
                    conn.execute("DROP DATABASE cramped")
                    conn.execute("DROP TABLESPACE small")

    @pytest.mark.parametrize("form", ["custom", "plain"])
    def test_a_server_that_crashes_is_looked_at_when_it_is_back(self, own_server, rows, form):
        with fresh_database(own_server) as target, target.connect() as conn:
            conn.execute(SLOW)
            thread = in_the_middle(target, lambda _, pid: os.kill(pid, signal.SIGKILL))
            with pytest.raises(RestoreError, match="The target is as it was") as caught:
                restored(conn, rows[form], into_existing=True)
            thread.join()
            assert Cause.CONNECTION_LOST in {each.cause for each in caught.value.failures}

    def test_a_server_that_stays_away(self, own_server, rows, monkeypatch):
        monkeypatch.setattr(ending, "_PATIENCE_S", 0.3)
        with fresh_database(own_server) as target:
            with target.connect() as conn:
                conn.execute(SLOW)
                thread = in_the_middle(target, lambda *_: os.kill(own_server.pid, signal.SIGKILL))
                with pytest.raises(RestoreError, match="could not be looked at, which was one transaction"):
                    restored(conn, rows["custom"], into_existing=True)
                thread.join()
            restart_server(own_server, mode="immediate")
            with target.connect() as conn:
                assert is_empty(conn)
