"""Restoring: proposed, approved, done; and what is refused before anything is."""

import attrs
import psycopg
import pytest

from pgops.dump.reading import checking
from pgops.dump.restoring import settings
from pgops.dump.restoring.messages import Cause
from pgops.dump.restoring.proposing import propose_restore
from pgops.dump.restoring.target import target_contents
from pgops.errors import (
    DamagedDumpError,
    DumpError,
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
from tests.dump.dumps import NASTY, QUOTED, dumped, is_empty, is_the_shop, plant
from tests.dump.restored import restored_by_us as restored


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
            has_statistics = form != "inserts"
            left_out = any("STATISTICS DATA" in each for each in record.details["left_out"])
            assert left_out == (has_statistics and server.major < 18)
            assert ("ANALYZE" in "".join(record.details["advice"])) == (left_out or not has_statistics)
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
            conn.execute("SELECT pg_stat_force_next_flush()")  # or the rows may be counted after ANALYZE, once more
            conn.execute("ANALYZE t")
            with pytest.raises(TargetNotEmptyError, match=r"holds 1 table, about 50 rows, the largest public\.t"):
                propose_restore(conn, shop / "custom")

    def test_impossible_wishes(self, any_database, shop):
        wishes = [
            ("plain", {"jobs": 2}, "2 jobs can't restore a plain dump"),
            ("tar", {"jobs": 2}, "tar"),
            ("custom", {"jobs": 2, "single_transaction": True}, "no single transaction"),
            ("plain", {"content": "schema"}, "restored whole"),
            ("custom", {"disable_triggers": True}, "only while rows alone"),
        ]
        with any_database.connect() as conn:
            for form, wanted, words in wishes:
                with pytest.raises(RestoreError, match=words):
                    propose_restore(conn, shop / form, **wanted)

    def test_a_content_that_there_is_not_is_told_before_the_dump_is_read(self, any_database, tmp_path):
        with any_database.connect() as conn, pytest.raises(DumpError, match=r"no content 'rows'.*all, schema, data"):
            propose_restore(conn, tmp_path / "no.dump", content="rows")

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
        monkeypatch.setattr(settings, "find_programs", lambda *_, **__: tuple(old))
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

    def test_what_the_target_sets_by_default_is_not_in_the_way(self, any_database, shop):
        with any_database.connect() as conn:
            conn.execute(f'ALTER DATABASE "{any_database.name}" SET default_transaction_read_only = on')
            conn.execute(f'ALTER DATABASE "{any_database.name}" SET transaction_timeout = 60000')
        with any_database.connect() as conn:  # pg_restore before 17 does not know that one
            assert "-c transaction_timeout=0" in propose_restore(conn, shop / "custom").connection.argument
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

    def test_rows_alone_whatever_foreign_keys_say(self, any_server, tmp_path):
        with fresh_database(any_server) as source:
            plant(
                source,
                "CREATE TABLE node (id int PRIMARY KEY, up int REFERENCES node); INSERT INTO node VALUES (2, NULL);"
                "INSERT INTO node VALUES (1, 2);"
                "CREATE TABLE edge (a int REFERENCES node); INSERT INTO edge VALUES (1);"
                "CREATE MATERIALIZED VIEW many AS SELECT count(*) AS n FROM node",
            )
            dump = dumped(source, tmp_path / "x", "custom")
        with fresh_database(any_server) as target, target.connect() as conn:
            restored(conn, dump, content="schema")
            # filled with no rows it would seem to know that there are none
            assert conn.execute("SELECT relispopulated FROM pg_class WHERE relname = 'many'").fetchone() == (False,)
            with pytest.raises(RestoreError, match="disable_triggers=True") as caught:
                restored(conn, dump, content="data", into_existing=True)
            assert caught.value.failures[0].cause is Cause.FOREIGN_KEY
            record = restored(conn, dump, content="data", into_existing=True, disable_triggers=True)
            assert conn.execute("SELECT count(*) FROM node").fetchone() == (2,)
            assert conn.execute("SELECT DISTINCT tgenabled FROM pg_trigger").fetchall() == [("O",)]
            assert any("REFRESH MATERIALIZED VIEW public.many" in each for each in record.details["advice"])

    @pytest.mark.parametrize("form", ["custom", "plain"])
    def test_a_tablespace_that_is_not_there(self, any_server, tmp_path, form):
        with any_server.connect() as conn:  # a folder of the server's own, with no mount and no root
            conn.execute("SET allow_in_place_tablespaces = on")
            conn.execute("CREATE TABLESPACE elsewhere LOCATION ''")
        try:
            with fresh_database(any_server) as source:
                plant(source, "CREATE TABLE t (a int) TABLESPACE elsewhere")
                dump = dumped(source, tmp_path / "x", form)
        finally:
            with any_server.connect() as conn:
                conn.execute("DROP TABLESPACE elsewhere")
        with fresh_database(any_server) as target, target.connect() as conn:
            with pytest.raises(RestoreError, match='t: its tablespace "elsewhere" does not exist') as caught:
                propose_restore(conn, dump)
            assert caught.value.failures[0].cause is Cause.MISSING_TABLESPACE
            restored(conn, dump, tablespaces=False)
            assert conn.execute("SELECT reltablespace::int FROM pg_class WHERE relname = 't'").fetchone() == (0,)

    def test_names_that_are_no_utf8(self, any_server, tmp_path):
        with any_server.connect() as conn:
            conn.execute("CREATE DATABASE latin TEMPLATE template0 ENCODING LATIN1 LOCALE 'C'")
        try:
            with fresh_database(any_server, template="latin") as source:
                plant(source, 'CREATE ROLE "rolé"; CREATE TABLE "tablé" (a int); ALTER TABLE "tablé" OWNER TO "rolé"')
                for form in ("custom", "plain"):
                    dump = dumped(source, tmp_path / form, form)
                    with fresh_database(any_server, template="latin") as target, target.connect() as conn:
                        restored(conn, dump, owner=True)
                        owner = "SELECT relowner::regrole::text FROM pg_class WHERE relname = 'tablé'"
                        assert conn.execute(owner).fetchone() == ('"rolé"',)
                    with fresh_database(any_server) as target, target.connect() as conn:
                        restored(conn, dump)  # though the server has a role whose name can't be read here
                        assert conn.execute('SELECT count(*) FROM "tablé"').fetchone() == (0,)
                with source.connect() as conn:
                    conn.execute('DROP OWNED BY "rolé"; DROP ROLE "rolé"')
        finally:
            with any_server.connect() as conn:
                conn.execute("DROP DATABASE latin")

    def test_a_target_without_an_encoding(self, any_server):
        with any_server.connect() as conn:
            conn.execute("CREATE DATABASE ascii TEMPLATE template0 ENCODING SQL_ASCII LOCALE 'C'")
        try:
            with any_server.connect("ascii", client_encoding="SQL_ASCII") as conn:
                conn.execute(b'CREATE TABLE "tabl\xe9" (a int)')
            with any_server.connect("ascii", client_encoding="UTF8") as conn:
                assert str(target_contents(conn)) == "1 table, the largest public.tabl\\351 (0 rows, 0 B)"
        finally:
            with any_server.connect() as conn:
                conn.execute("DROP DATABASE ascii")

    def test_a_target_without_public(self, any_database, shop):
        with any_database.connect() as conn:
            conn.execute("DROP SCHEMA public")
            with pytest.raises(RestoreError, match=r"schema public, .*, does not exist"):
                propose_restore(conn, shop / "custom")

    def test_a_plain_dump_with_the_line_ends_of_windows(self, any_database, tmp_path):
        plant(any_database, "CREATE TABLE t (a text); INSERT INTO t VALUES (E'x\\r\\ny'), (NULL)")
        dump = dumped(any_database, tmp_path / "x", "plain")
        dump.write_bytes(dump.read_bytes().replace(b"\n", b"\r\n"))
        with fresh_database(any_database.server) as target, target.connect() as conn:
            restored(conn, dump)
            assert conn.execute("SELECT array_agg(a) FROM t").fetchone() == (["x\r\ny", None],)

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
