"""indexes.*: what they hold, and whether it is whole. Collations of databases, damage beside health, bare roles."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql

from pgops import run_checks, run_checks_async
from pgops.checks.indexes.boolean_index import CHECK as BOOLEAN
from pgops.checks.indexes.brin_uncorrelated import CHECK as BRIN
from pgops.checks.indexes.collation_drift import CHECK as COLLATION
from pgops.checks.indexes.corruption import CHECK as CORRUPTION
from pgops.checks.indexes.estimated_bloat import CHECK as ESTIMATED
from pgops.checks.indexes.hash_repeated_values import CHECK as HASH
from pgops.checks.indexes.measured_bloat import CHECK as MEASURED
from pgops.checks.indexes.mostly_null_index import CHECK as MOSTLY_NULL
from pgops.checks.indexes.overview import CHECK as OVERVIEW
from pgops.checks.indexes.vector_without_index import CHECK as VECTOR
from pgops.checks.report import Outcome
from pgops.checks.tables.corruption import CHECK as TABLE_CORRUPTION
from pgops.findings import Severity
from pgops.scratch import fresh_database, start_server
from pgops.scratch.binaries import embedded_binaries
from pgops.testing import run_script
from tests.checks.sessions import ask, fill, role

if TYPE_CHECKING:
    from pgops.scratch import ScratchDatabase

CASES = Path(__file__).parent / "cases"
LIVE = ("indexes.vector_without_index",)  # pgvector comes with the embedded servers only


def plant(conn, name: str) -> None:
    run_script(conn, (CASES / f"{name}.sql").read_text(encoding="utf-8"))


def targets(result) -> list[str]:
    return sorted(finding.target.sql for finding in result.findings)


# --- collations -------------------------------------------------------------------------------------------------------


def test_the_databases_own_collation(database: ScratchDatabase) -> None:
    server = database.server
    if server.major < 15:
        pytest.skip("PostgreSQL 14 records no version for it")
    with server.connect() as admin:
        admin.execute("DROP DATABASE IF EXISTS drifted")
        admin.execute("CREATE DATABASE drifted TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'und' ENCODING 'UTF8'")
        try:
            with server.connect(dbname="drifted") as conn:
                assert ask(conn, COLLATION).outcome is Outcome.CLEAN
                conn.execute("UPDATE pg_database SET datcollversion = '0.1' WHERE datname = 'drifted'")
                [bare] = ask(conn, COLLATION).findings
                assert bare.severity is Severity.WARNING
                conn.execute('CREATE TABLE t (a text PRIMARY KEY, b text COLLATE "C" UNIQUE)')
                [finding] = ask(conn, COLLATION).findings
                assert finding.severity is Severity.CRITICAL
                assert finding.target.sql == "drifted"
                assert "was version 0.1" in finding.message
                assert finding.details["index_names"] == ["public.t_pkey"]
                assert finding.fix is not None
                first, last = finding.fix.split("\n")
                assert first == "REINDEX INDEX CONCURRENTLY public.t_pkey;"
                assert "REFRESH COLLATION VERSION" in last
                for statement in (first, last):
                    conn.execute(statement.encode())
                assert ask(conn, COLLATION).outcome is Outcome.CLEAN
        finally:
            admin.execute("DROP DATABASE drifted")


def test_reindex_comes_before_refresh(database: ScratchDatabase) -> None:
    with database.connect() as conn:
        plant(conn, "indexes/collation_drift/bad")
        for finding in ask(conn, COLLATION).findings:
            assert finding.fix is not None
            *before, last = finding.fix.split("\n")
            assert before
            assert all(line.startswith("REINDEX INDEX") for line in before)
            assert "REFRESH VERSION" in last


# --- damage -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("within", [False, True], ids=["idle", "in a transaction"])
def test_damage_of_one_does_not_hide_the_others(within: bool, database: ScratchDatabase) -> None:
    with database.connect() as conn:
        plant(conn, "indexes/corruption/bad")
        conn.autocommit = not within
        if within:
            conn.execute("SELECT 1")
        result = ask(conn, CORRUPTION)
        assert targets(result) == ['"sch.ema %"."i""dx %s {x}"', "public.t_a"]
        assert len(result.rows) > 100  # the catalogue's own were proved too
        assert all(finding.severity is Severity.CRITICAL for finding in result.findings)
        assert all("item order invariant violated" in finding.message for finding in result.findings)
        if within:
            assert conn.execute("SELECT 1").fetchone() == (1,)  # the caller's transaction lives on
            conn.rollback()


def test_a_missing_file_is_damage_of_one_table(database: ScratchDatabase) -> None:
    with database.connect() as conn:
        conn.execute("CREATE EXTENSION amcheck")
        conn.execute("CREATE TABLE gone (a int); INSERT INTO gone VALUES (1); CREATE TABLE there (a int)")
        conn.execute("CHECKPOINT")
        [(path,)] = conn.execute("SELECT pg_relation_filepath('gone')").fetchall()
    (database.server.folder / path).rename(database.server.folder / f"{path}_away")
    try:
        with database.connect() as conn:
            result = ask(conn, TABLE_CORRUPTION)
            assert targets(result) == ["public.gone"]
            assert "No such file" in result.findings[0].message
    finally:
        (database.server.folder / f"{path}_away").rename(database.server.folder / path)


def test_what_is_locked_is_unseen(database: ScratchDatabase) -> None:
    with database.connect() as conn, database.connect() as other:
        plant(conn, "indexes/corruption/good")
        with other.transaction():
            other.execute("LOCK TABLE t")
            result = ask(conn, CORRUPTION, heapallindexed=True)
            assert result.outcome is Outcome.SKIPPED
            assert sorted(unseen.target.sql for unseen in result.unseen) == ["public.t_b_idx", "public.t_pkey"]
            assert {unseen.reason for unseen in result.unseen} == {"somebody keeps it locked"}
        assert ask(conn, CORRUPTION, heapallindexed=True).outcome is Outcome.CLEAN


def test_what_the_time_does_not_suffice_for_is_unseen_and_the_rest_is_told(any_database: ScratchDatabase) -> None:
    with any_database.connect() as conn:
        plant(conn, "indexes/corruption/bad")
        conn.execute("CREATE TABLE large AS SELECT g AS a FROM generate_series(1, 2000000) AS g")
        conn.execute("CREATE INDEX large_a ON large (a)")
        conn.execute("ANALYZE large")
        limits = {CORRUPTION.id: {"heapallindexed": True}}
        for time_s in (0.5, 1, 2, 4):  # until it suffices for the small ones, on a machine that is busy
            [result] = run_checks(conn, [CORRUPTION.id], limits=limits, statement_timeout_s=time_s).results
            if len(targets(result)) > 1:
                break
        assert targets(result) == ['"sch.ema %"."i""dx %s {x}"', "public.t_a"]
        [late] = result.unseen
        assert "the time did not suffice for the 1 largest" in late.reason
        assert conn.execute("SELECT 1").fetchone() == (1,)


def test_the_same_on_asyncio(any_database: ScratchDatabase) -> None:
    async def ask_async():
        async with await psycopg.AsyncConnection.connect(any_database.conninfo(), autocommit=True) as conn:
            return (await run_checks_async(conn, [CORRUPTION.id])).results[0]

    with any_database.connect() as conn:
        plant(conn, "indexes/corruption/bad")
    assert targets(asyncio.run(ask_async())) == ['"sch.ema %"."i""dx %s {x}"', "public.t_a"]


def test_without_the_right_the_cure_names_the_functions_schema(database: ScratchDatabase) -> None:
    with database.connect() as conn, role(database.server, "bare_amcheck") as bare:
        plant(conn, "indexes/corruption/good")
        with database.connect(user=bare) as looker:
            result = ask(looker, CORRUPTION)
            assert result.outcome is Outcome.SKIPPED
            assert result.cure.startswith('GRANT EXECUTE ON FUNCTION "ext %s".bt_index_check(regclass, boolean) TO')
            conn.execute(sql.SQL('GRANT USAGE ON SCHEMA "ext %s" TO {}').format(sql.Identifier(bare)))
            conn.execute(result.cure.encode())
            assert ask(looker, CORRUPTION).outcome is Outcome.CLEAN
            conn.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(bare)))


# --- estimates --------------------------------------------------------------------------------------------------------


def test_without_statistics_nothing_is_said(database: ScratchDatabase) -> None:
    with database.connect() as conn, role(database.server, "bare_contents") as bare:
        plant(conn, "indexes/mostly_null_index/bad")
        conn.execute(sql.SQL('GRANT USAGE ON SCHEMA "sch.ema %" TO {}').format(sql.Identifier(bare)))
        with database.connect(user=bare) as looker:
            nulls = ask(looker, MOSTLY_NULL, min_bytes=100_000)
            assert nulls.outcome is Outcome.SKIPPED
            assert len(nulls.unseen) == 3
            assert nulls.unseen[0].cure.startswith("GRANT SELECT ON ")
            bloat = ask(looker, ESTIMATED, min_wasted_bytes=100_000)
            assert bloat.outcome is Outcome.SKIPPED
            conn.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(bare)))


@pytest.mark.parametrize(
    ("check", "case", "limits"),
    [(BRIN, "brin_uncorrelated", {"min_pages": 50}), (HASH, "hash_repeated_values", {})],
    ids=["brin", "hash"],
)
def test_scattered_or_repeated_values_are_unseen_without_statistics(database, check, case, limits) -> None:
    with database.connect() as conn, role(database.server, "bare_values") as bare:
        plant(conn, f"indexes/{case}/bad")
        with database.connect(user=bare) as looker:
            result = ask(looker, check, **limits)
            assert result.outcome is Outcome.SKIPPED
            assert "may not be read" in result.unseen[0].reason


def test_row_security_hides_statistics_and_the_cure_cures(database: ScratchDatabase) -> None:
    fill(
        database,
        "CREATE TABLE t (a int, b int, c text)",
        "INSERT INTO t SELECT NULL, hashint4(g), g % 3 FROM generate_series(1, 30000) AS g",
    )
    with database.connect() as conn, role(database.server, "bound_by_rows") as bound:
        conn.execute("CREATE INDEX t_a ON t (a); CREATE INDEX t_b ON t USING brin (b)")
        conn.execute("CREATE INDEX t_c ON t USING hash (c); ANALYZE t")
        conn.execute("ALTER TABLE t ENABLE ROW LEVEL SECURITY")
        conn.execute(sql.SQL("GRANT SELECT ON t TO {}").format(sql.Identifier(bound)))
        asked = [(MOSTLY_NULL, {"min_bytes": 1}), (BRIN, {"min_pages": 1}), (HASH, {})]
        asked += [(ESTIMATED, {"min_wasted_bytes": 1})]
        with database.connect(user=bound) as looker:
            for check, limits in asked:
                result = ask(looker, check, **limits)
                assert result.outcome is Outcome.SKIPPED, check.id
                assert "row security" in result.reason
            conn.execute(result.cure.encode())
        with database.connect(user=bound) as looker:
            assert {ask(looker, check, **limits).outcome for check, limits in asked[:3]} == {Outcome.FOUND}
            assert ask(looker, ESTIMATED, min_wasted_bytes=1).unseen == ()
        conn.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(bound)))


def test_statistics_of_an_expression_are_the_indexs_own(database: ScratchDatabase) -> None:
    with database.connect() as conn, role(database.server, "reads_tables") as reader:
        conn.execute("CREATE TABLE t (a int); INSERT INTO t SELECT generate_series(1, 30000)")
        conn.execute("CREATE INDEX t_next ON t ((a + 1)); ANALYZE t")
        conn.execute(sql.SQL("GRANT SELECT ON t TO {}").format(sql.Identifier(reader)))
        with database.connect(user=reader) as looker:
            [unseen] = ask(looker, ESTIMATED, min_wasted_bytes=1).unseen
            assert "of its expressions" in unseen.reason
            conn.execute(unseen.cure.encode())
            assert ask(looker, ESTIMATED, min_wasted_bytes=1).unseen == ()
        conn.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(reader)))


def test_what_a_boolean_index_says_without_statistics(database: ScratchDatabase) -> None:
    with database.connect() as conn:
        plant(conn, "indexes/boolean_index/bad")
        said = {finding.target.name: finding for finding in ask(conn, BOOLEAN, min_bytes=100_000).findings}
        assert "WHERE rare would hold only those" in said["t_rare"].message
        assert "WHERE NOT mostly would hold only those" in said["t_mostly"].message
        assert "neither value is rare" in said["t_half"].message
        assert said["unknown_b"].confidence == 0.5


def test_estimates_agree_with_measurements(database: ScratchDatabase) -> None:
    """The estimate of each index is held against what pgstatindex measures."""
    with database.connect() as conn:
        conn.execute("CREATE EXTENSION pgstattuple")
        plant(conn, "indexes/estimated_bloat/bad")
        limits = {"min_wasted_bytes": 1, "info_pct": 0.0, "warn_pct": 100.0}
        measured = {
            (row.schema, row.index): row.wasted_pct for row in ask(conn, MEASURED, **limits).rows if row.index_bytes
        }
        estimated = {
            (finding.target.schema, finding.target.name): finding.details["wasted_pct"]
            for finding in ask(conn, ESTIMATED, **limits).findings
        }
        assert len(estimated) == 5
        assert {name: pct for name, pct in estimated.items() if abs(pct - measured[name]) > 12} == {}


def test_after_mass_changes_nothing_is_estimated(any_database: ScratchDatabase) -> None:
    with any_database.connect() as conn:
        conn.execute("CREATE TABLE t (a int PRIMARY KEY) WITH (autovacuum_enabled = false)")
        conn.execute("INSERT INTO t SELECT generate_series(1, 30000)")
        assert "never analysed" in ask(conn, ESTIMATED, min_wasted_bytes=1).unseen[0].reason
        conn.execute("ANALYZE t")
        conn.execute("INSERT INTO t SELECT generate_series(30001, 60000)")
        conn.execute("SELECT pg_sleep(1.1)")
        conn.execute("SELECT pg_sleep(0.5)")
        assert "have changed since" in ask(conn, ESTIMATED, min_wasted_bytes=1).unseen[0].reason


def test_what_is_locked_is_not_measured(any_database: ScratchDatabase) -> None:
    with any_database.connect() as conn, any_database.connect() as other:
        plant(conn, "indexes/measured_bloat/bad")
        with other.transaction():
            other.execute("LOCK TABLE emptied")
            result = ask(conn, MEASURED, min_wasted_bytes=200_000)
            assert [unseen.target.sql for unseen in result.unseen] == ["public.emptied_a"]
            assert targets(result) == ['"sch.ema %"."i""dx %s {x}"']


# --- the listing, and pgvector ----------------------------------------------------------------------------------------


def test_the_listing_shows_what_each_is(database: ScratchDatabase) -> None:
    with database.connect() as conn:
        conn.execute("CREATE TABLE t (a int PRIMARY KEY, b text, c int)")
        conn.execute("CREATE INDEX t_some ON t (lower(b), c) INCLUDE (a) WHERE c > 5")
        conn.execute("CREATE INDEX t_hash ON t USING hash (c)")
        rows = {row.index: row for row in ask(conn, OVERVIEW).rows}
        assert set(rows) == {"t_pkey", "t_some", "t_hash"}
        assert len(ask(conn, OVERVIEW, top=2).rows) == 2
        assert (rows["t_pkey"].primary, rows["t_pkey"].unique) == (True, True)
        assert rows["t_some"].columns == ("(expression)", "c")
        assert rows["t_some"].partial
        assert rows["t_hash"].method == "hash"


def test_vector_columns() -> None:
    with start_server(embedded_binaries(18)) as server, fresh_database(server) as database, database.connect() as conn:
        assert ask(conn, VECTOR).outcome is Outcome.CLEAN  # no extension, no such column
        conn.execute('CREATE SCHEMA "ext %s"; CREATE EXTENSION vector SCHEMA "ext %s"')
        conn.execute('SET search_path = public, "ext %s"')
        conn.execute('CREATE TABLE found (id int, "em bed" vector(3), half halfvec(3), kept text)')
        conn.execute("CREATE TABLE indexed (a vector(3), b vector(3), c vector)")
        conn.execute("CREATE TABLE small (a vector(3))")
        conn.execute("INSERT INTO found SELECT g, '[1,2,3]', '[1,2,3]' FROM generate_series(1, 200) AS g")
        conn.execute("INSERT INTO indexed SELECT '[1,2,3]', '[1,2,3]', '[1,2,3]' FROM generate_series(1, 200) AS g")
        conn.execute("INSERT INTO small VALUES ('[1,2,3]')")
        conn.execute("CREATE INDEX ON indexed USING hnsw (a vector_l2_ops)")
        conn.execute("CREATE INDEX ON indexed USING ivfflat (b vector_cosine_ops) WITH (lists = 2)")
        conn.execute("CREATE INDEX ON indexed USING hnsw ((c::halfvec(3)) halfvec_l2_ops)")
        conn.execute("CREATE INDEX ON found (id)")
        conn.execute("ANALYZE")
        result = ask(conn, VECTOR, min_rows=100)
        assert targets(result) == ['public.found."em bed"', "public.found.half"]
        assert ask(conn, VECTOR).outcome is Outcome.CLEAN
