"""Restoring: proposed, approved, done; and everything that is refused or fails, with what is left."""

import os
import signal
import subprocess
import threading
import time

import attrs
import psycopg
import pytest

from pgops.dump import checking, settings_of_dump
from pgops.dump.messages import Cause
from pgops.dump.restoring import propose_restore
from pgops.dump.target import target_contents
from pgops.errors import (
    DamagedDumpError,
    NoClientProgramError,
    NotApprovedError,
    PoolerError,
    RestoreError,
    StaleProposalError,
    TargetNotEmptyError,
    WrongConnectionError,
)
from pgops.programs import find_programs
from pgops.scratch import fresh_database
from tests.db.poolers import start_pgbouncer
from tests.dump.dumps import QUOTED, dumped, plant

NASTY = "mine \"%s' ü\n--"


@pytest.fixture(scope="module")
def shop(any_server, tmp_path_factory):
    """A folder with a dump of each format, of the newest server's shop."""
    folder = tmp_path_factory.mktemp("shop")
    # pg_dump writes no tar file of a database with a line break in its name
    with fresh_database(any_server, NASTY.replace("\n", " ") + "source") as database:
        plant(database)
        for form in ("plain", "custom", "directory", "tar"):
            dumped(database, folder / form, form)
        dumped(database, folder / "inserts", "plain", "--inserts", "--compress=gzip")
    return folder


def restored(conn, path, **wanted):
    proposal = propose_restore(conn, path, **wanted)
    return proposal.apply(conn, approval=proposal.approve(by="ann"))


def is_the_shop(conn):
    assert conn.execute("SELECT count(*), min(name) FROM customer").fetchone()[0] == 1000
    rows = conn.execute(f"SELECT x FROM {QUOTED}.{QUOTED} ORDER BY 1").fetchall()
    assert {x for (x,) in rows} == {"\\.", "a\n\\.\n\\! touch /tmp/never\nCOMMIT;"}
    assert conn.execute("SELECT nextval('tickets'), atomic()").fetchone() == (7, 2)
    assert conn.execute("SELECT convert_from(lo_get(4711), 'UTF8')").fetchone() == ("large",)
    assert "transaction_timeout" in conn.execute("SELECT pg_get_functiondef('quoting'::regproc)").fetchone()[0]
    assert conn.execute("SELECT obj_description('customer'::regclass)").fetchone() == ("it's a; \\! \"comment",)
    assert conn.execute("SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND convalidated").fetchone() == (1,)


def is_empty(conn):
    return conn.execute("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace").fetchone() == (0,)


class TestItWorks:
    """Into the oldest and the newest version: a dump of 18 sets transaction_timeout, which 14 does not know."""

    pytestmark = pytest.mark.outer_versions

    @pytest.mark.parametrize("form", ["plain", "custom", "directory", "tar", "inserts"])
    def test_a_dump_of_the_newest(self, server, shop, form):
        with fresh_database(server, f"{NASTY}{form}") as target, target.connect() as conn:
            said = []
            proposal = propose_restore(conn, shop / form)
            record = proposal.apply(conn, approval=proposal.approve(by="ann"), on_progress=said.append)
            is_the_shop(conn)
            assert record.outcome == "restored"
            assert proposal.plan.unknown_settings == (() if server.major >= 17 else ("transaction_timeout",))
            assert proposal.plan.as_sql == (server.major < 17 or form in {"plain", "inserts"})
            assert [each.done for each in said] == sorted(each.done for each in said)
            assert said[-1].done == said[-1].total
            older = any("older than the one that was dumped, 18" in each for each in proposal.risks)
            assert older == (server.major < 18)

    def test_a_dump_of_its_own_version(self, database, tmp_path):
        plant(database)
        dump = dumped(database, tmp_path / "x", "custom")
        with fresh_database(database.server) as target, target.connect() as conn:
            restored(conn, dump)
            is_the_shop(conn)


MADE = {
    "table": "CREATE TABLE t (a int); INSERT INTO t SELECT generate_series(1, 50)",
    "schema": "CREATE SCHEMA s",
    "function": "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "type": "CREATE TYPE mood AS ENUM ('sad')",
    "large object": "SELECT lo_create(0)",
    "publication": "CREATE PUBLICATION p",
    "cast": "CREATE CAST (bytea AS point) WITH INOUT",
}


class TestTheProposal:
    def test_it_names_the_target_and_what_is_done(self, any_database, shop):
        with any_database.connect() as conn:
            proposal = propose_restore(conn, shop / "custom")
        assert proposal.target["database"] == any_database.name
        assert "the target holds nothing" in proposal.effects
        assert "--single-transaction" in proposal.statements[0]
        assert "-- TABLE public.customer" in proposal.statements
        assert any("no manifest" in each for each in proposal.risks)

    def test_without_approval_nothing_is_done(self, any_database, shop):
        with any_database.connect() as conn:
            proposal = propose_restore(conn, shop / "custom")
            with pytest.raises(NotApprovedError):
                proposal.apply(conn, approval=None)
            other = propose_restore(conn, shop / "custom", content="schema")
            with pytest.raises(NotApprovedError):
                proposal.apply(conn, approval=other.approve(by="ann"))
            for changed in ({"plan": other.plan}, {"connection": proposal.connection.to_database("postgres")}):
                with pytest.raises(StaleProposalError):
                    attrs.evolve(proposal, **changed).apply(conn, approval=proposal.approve(by="ann"))
            assert is_empty(conn)

    def test_another_database_a_changed_one_and_a_changed_dump_are_stale(self, any_database, shop, tmp_path):
        dump = tmp_path / "d"
        dump.write_bytes((shop / "custom").read_bytes())
        with any_database.connect() as conn, fresh_database(any_database.server) as other:
            proposal = propose_restore(conn, dump)
            approval = proposal.approve(by="ann")
            with (
                other.connect() as elsewhere,
                pytest.raises(StaleProposalError, match="another database_oid, database"),
            ):
                proposal.apply(elsewhere, approval=approval)
            conn.execute("CREATE VIEW v AS SELECT 1")
            with pytest.raises(StaleProposalError, match="holds 1 view now"):
                proposal.apply(conn, approval=approval)
            conn.execute("DROP VIEW v")
            dump.write_bytes((shop / "tar").read_bytes())
            with pytest.raises(StaleProposalError, match="is not what it was"):
                proposal.apply(conn, approval=approval)
            assert is_empty(conn)

    def test_a_target_with_anything_in_it_is_refused(self, any_database, shop):
        undo = {"table": "DROP TABLE t", "large object": "SELECT lo_unlink(oid) FROM pg_largeobject_metadata"}
        names = {"schema": "s", "function": "f", "type": "mood", "publication": "p", "cast": "(bytea AS point)"}
        with any_database.connect() as conn:
            conn.execute("CREATE TEMP TABLE mine (a int)")
            assert target_contents(conn).is_empty
            for kind, sql in MADE.items():
                conn.execute(sql)
                assert target_contents(conn).counts == ((kind, 1),)
                conn.execute(undo.get(kind) or f"DROP {kind} {names[kind]}")
            assert target_contents(conn).is_empty
            conn.execute(MADE["table"])
            conn.execute("ANALYZE t")
            with pytest.raises(TargetNotEmptyError, match=r"holds 1 table, about 50 rows, the largest public\.t"):
                propose_restore(conn, shop / "custom")

    def test_impossible_wishes(self, any_database, shop):
        wishes = [
            ("plain", {"jobs": 2}, "2 jobs can't restore a plain dump"),
            ("tar", {"jobs": 2}, "tar"),
            ("custom", {"jobs": 2, "single_transaction": True}, "no single transaction"),
            ("plain", {"content": "schema"}, "restored whole"),
        ]
        with any_database.connect() as conn:
            for form, wanted, words in wishes:
                with pytest.raises(RestoreError, match=words):
                    propose_restore(conn, shop / form, **wanted)

    def test_a_damaged_dump_is_refused_before_anything(self, any_database, shop, tmp_path):
        cut = tmp_path / "cut"
        cut.write_bytes((shop / "custom").read_bytes()[:-100])
        with any_database.connect() as conn, pytest.raises(DamagedDumpError):
            propose_restore(conn, cut)

    def test_with_create_it_would_go_elsewhere(self, any_database, tmp_path):
        dump = dumped(any_database, tmp_path / "x.sql", "plain", "--create")
        with any_database.connect() as conn, pytest.raises(RestoreError, match="CREATE DATABASE is outside"):
            propose_restore(conn, dump)

    def test_only_an_old_pg_restore(self, any_database, shop, monkeypatch):
        old = [each for each in find_programs("pg_restore") if each.major == 15]
        monkeypatch.setattr(checking, "find_programs", lambda *_, **__: tuple(old))
        with any_database.connect() as conn, pytest.raises(NoClientProgramError, match="pg_restore 15"):
            propose_restore(conn, shop / "custom")

    def test_only_a_psql_that_runs_what_a_dump_says(self, any_database, shop, monkeypatch):
        old = [attrs.evolve(each, version="17.5") for each in find_programs("psql")]
        monkeypatch.setattr(settings_of_dump, "find_programs", lambda *_, **__: tuple(old))
        with any_database.connect() as conn, pytest.raises(NoClientProgramError, match=r"No psql here knows .restrict"):
            propose_restore(conn, shop / "plain")

    def test_through_a_transaction_pooler(self, any_database, shop):
        with (
            start_pgbouncer(any_database.server, pool_mode="transaction") as pooler,
            psycopg.connect(pooler.conninfo(any_database.name), autocommit=True) as conn,
            pytest.raises(PoolerError),
        ):
            propose_restore(conn, shop / "custom")

    def test_in_a_transaction(self, any_database, shop):
        with any_database.connect() as conn:
            proposal = propose_restore(conn, shop / "custom")
            with conn.transaction(), pytest.raises(WrongConnectionError):
                proposal.apply(conn, approval=proposal.approve(by="ann"))

    def test_a_role_that_reads_by_default_is_asked_to_write(self, any_database, shop):
        with any_database.connect() as conn:
            conn.execute(f'ALTER DATABASE "{any_database.name}" SET default_transaction_read_only = on')
        for form in ("custom", "plain"):
            with any_database.connect() as conn:
                restored(conn, shop / form)
                assert conn.execute("SELECT count(*) FROM customer").fetchone() == (1000,)
                for drop in (f"DROP SCHEMA {QUOTED} CASCADE", "DROP SCHEMA public CASCADE", "SELECT lo_unlink(4711)"):
                    conn.execute("SET default_transaction_read_only = off")
                    conn.execute(drop)
                conn.execute("CREATE SCHEMA public")


class TestWhatIsRestored:
    def test_schema_then_data_by_two_jobs(self, any_database, shop):
        with any_database.connect() as conn:
            restored(conn, shop / "custom", content="schema")
            assert conn.execute("SELECT count(*) FROM customer").fetchone() == (0,)
            conn.execute("ALTER TABLE purchase DROP CONSTRAINT purchase_customer_id_fkey")
            restored(conn, shop / "directory", content="data", jobs=2, into_existing=True)
            assert conn.execute("SELECT count(*) FROM customer").fetchone() == (1000,)

    def test_public_of_a_dump_of_public_alone(self, any_database, tmp_path):
        plant(any_database, "CREATE TABLE t (a int)")
        for form in ("custom", "plain"):
            dump = dumped(any_database, tmp_path / form, form, "--schema=public")
            with fresh_database(any_database.server) as target, target.connect() as conn:
                record = restored(conn, dump)
                assert "SCHEMA public" in record.details["left_out"]
                assert conn.execute("SELECT count(*) FROM t").fetchone() == (0,)

    def test_a_plain_dump_that_cleans_first(self, any_database, tmp_path):
        plant(any_database, "CREATE TABLE t (a int PRIMARY KEY); INSERT INTO t VALUES (1); CREATE TABLE public.kept ()")
        dump = dumped(any_database, tmp_path / "x", "plain", "--clean", "--if-exists", "--schema=public", "-T", "kept")
        with any_database.connect() as conn:
            conn.execute("UPDATE t SET a = 2")
            assert any("drops things first" in each for each in propose_restore(conn, dump, into_existing=True).risks)
            restored(conn, dump, into_existing=True)
            assert conn.execute("SELECT a, to_regclass('kept')::text FROM t").fetchone() == (1, "kept")

    def test_owners_privileges_and_subscriptions_only_if_asked_for(self, any_database, tmp_path):
        plant(
            any_database,
            "CREATE ROLE shopkeeper; CREATE TABLE t (a int); ALTER TABLE t OWNER TO shopkeeper;"
            "GRANT SELECT ON t TO pg_monitor; CREATE PUBLICATION p FOR TABLE t;"
            "CREATE SUBSCRIPTION s CONNECTION 'host=192.0.2.1' PUBLICATION p WITH (connect = false, slot_name = NONE)",
        )
        question = "SELECT relowner::regrole::text, relacl IS NULL FROM pg_class WHERE relname = 't'"
        try:
            for form in ("custom", "plain"):
                dump = dumped(any_database, tmp_path / form, form)
                for asked in (False, True):
                    with fresh_database(any_database.server) as target, target.connect() as conn:
                        restored(conn, dump, owner=asked, privileges=asked)
                        owner = "shopkeeper" if asked else "postgres"
                        assert conn.execute(question).fetchone() == (owner, not asked)
                        own = "SELECT count(*) FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid"
                        own += " WHERE d.datname = current_database()"
                        assert conn.execute(own).fetchone() == (0,)
        finally:
            with any_database.connect() as conn:
                conn.execute("DROP SUBSCRIPTION s; DROP OWNED BY shopkeeper CASCADE; DROP ROLE shopkeeper")
        with fresh_database(any_database.server) as target, target.connect() as conn:
            with pytest.raises(RestoreError, match='role "shopkeeper", does not exist') as caught:
                propose_restore(conn, tmp_path / "custom", owner=True)
            assert [each.cause for each in caught.value.failures] == [Cause.MISSING_ROLE]
            with pytest.raises(RestoreError, match="shopkeeper"):
                propose_restore(conn, tmp_path / "plain", owner=True)

    def test_as_the_role_that_the_caller_has_become(self, any_server, shop):
        with any_server.connect() as conn:
            conn.execute("CREATE ROLE low LOGIN; CREATE ROLE crew IN ROLE pg_monitor; GRANT crew TO low")
        try:
            for form in ("custom", "plain"):
                with fresh_database(any_server) as target, target.connect() as admin:
                    admin.execute(f'ALTER DATABASE "{target.name}" OWNER TO crew')
                    with target.connect(user="low") as conn:
                        conn.execute("SET ROLE crew")
                        restored(conn, shop / form)
                        is_the_shop(conn)
                    owner = "SELECT relowner::regrole::text FROM pg_class WHERE relname = 'customer'"
                    assert admin.execute(owner).fetchone() == ("crew",)
        finally:
            with any_server.connect() as conn:
                conn.execute("DROP ROLE low; DROP ROLE crew")


class TestHowStringsAreRead:
    """The session's settings, which a function may change, decide for psql where a string ends."""

    def test_a_function_that_changes_them_lets_nothing_through(self, any_database, tmp_path):
        dump = tmp_path / "x.sql"
        dump.write_text(
            "-- PostgreSQL database dump\n\nSET client_encoding = 'UTF8';\nSET standard_conforming_strings = off;\n"
            "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS"
            " $$SELECT set_config('standard_' || 'conforming_strings', 'on', false)$$;\n"
            "CREATE TABLE t AS SELECT f(); CREATE TABLE u AS SELECT"
            " 'a\\'; COMMIT; CREATE TABLE escaped (); SELECT 1/0; --'::text AS a;\n\n"
            "-- PostgreSQL database dump complete\n"
        )
        with any_database.connect() as conn:
            restored(conn, dump)
            text = "a'; COMMIT; CREATE TABLE escaped (); SELECT 1/0; --"
            assert conn.execute("SELECT a, to_regclass('escaped') FROM u").fetchone() == (text, None)


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
