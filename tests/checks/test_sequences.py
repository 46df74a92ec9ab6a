"""sequences.exhaustion: what scripts can't plant: other roles, locks, very many sequences, a standby's view."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pgops.checks.api import Seen
from pgops.checks.report import Outcome
from pgops.checks.sequences.exhaustion import CHECK, Row
from pgops.checks.sequences.key_exhaustion import CHECK as KEYS
from pgops.db.server import Server
from pgops.findings import Finding, Severity, Target, Unseen
from tests.checks.sessions import ask, role

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_sequence_that_may_not_be_read_is_unknown_and_the_cure_cures(database):
    with database.connect() as admin, role(database.server, 'it\'s "a" {role} %s') as name:
        admin.execute('CREATE SCHEMA "hid""den"; CREATE SEQUENCE "hid""den"."s %s" AS smallint')
        admin.execute('SELECT setval(\'"hid""den"."s %s"\', 32767)')
        with database.connect(user=name) as bare:
            result = ask(bare, CHECK)
            assert result.outcome is Outcome.SKIPPED
            assert [each.target for each in result.unseen] == [Target("sequence", 'hid"den', "s %s")]
            admin.execute(result.unseen[0].cure.encode())
            assert ask(bare, CHECK).outcome is Outcome.FOUND
        admin.execute('DROP SCHEMA "hid""den" CASCADE')


def test_usage_alone_is_enough_to_read_a_sequence(database):
    with database.connect() as admin, role(database.server, "user_of_sequences") as name:
        admin.execute("CREATE SEQUENCE s AS smallint; SELECT setval('s', 32767)")
        admin.execute("GRANT USAGE ON SEQUENCE s TO user_of_sequences")
        with database.connect(user=name) as bare:
            assert [each.target.sql for each in ask(bare, CHECK).findings] == ["public.s"]
        admin.execute("DROP SEQUENCE s")


def test_a_sequence_that_was_never_called_is_not_unknown(database):
    with database.connect() as conn:
        conn.execute("CREATE SEQUENCE never")
        result = ask(conn, CHECK, list_pct=0.0)
    assert (result.outcome, result.unseen) == (Outcome.CLEAN, ())
    assert [(row.last_value, row.used_pct) for row in result.rows] == [(None, 0.0)]


def test_sequences_that_are_hardly_used_are_no_rows(any_database):
    with any_database.connect() as conn:
        conn.execute("CREATE SEQUENCE hardly MAXVALUE 1000; CREATE SEQUENCE used MAXVALUE 1000")
        conn.execute("SELECT setval('hardly', 9), setval('used', 10)")
        assert [row.sequence for row in ask(conn, CHECK).rows] == ["used"]
        assert len(ask(conn, CHECK, list_pct=0.0).rows) == 2
        assert len(ask(conn, CHECK, warn_pct=0.5).rows) == 2


@pytest.mark.parametrize("change", ["ALTER SEQUENCE s CACHE 10", "DROP SEQUENCE s"])
def test_it_does_not_wait_for_a_sequence_that_is_altered(database, change):
    with database.connect() as conn, database.connect(autocommit=False) as other:
        conn.execute("CREATE SEQUENCE s AS smallint; CREATE SEQUENCE t AS smallint")
        conn.execute("SELECT setval('s', 32767), setval('t', 32767)")
        other.execute(change)
        result = ask(conn, CHECK)
        other.rollback()
    assert [each.target.sql for each in result.findings] == ["public.t"]
    assert [(each.target.sql, "lock" in each.reason) for each in result.unseen] == [("public.s", True)]


def test_a_prepared_transaction_holds_its_locks_too(database):
    with database.connect() as conn:
        conn.execute("CREATE SEQUENCE s AS smallint")
        conn.execute("BEGIN; ALTER SEQUENCE s CACHE 10; PREPARE TRANSACTION 'altering s'")
        try:
            assert [each.target.sql for each in ask(conn, CHECK).unseen] == ["public.s"]
        finally:
            conn.execute("ROLLBACK PREPARED 'altering s'")


def test_locks_of_the_caller_itself_are_no_obstacle(database):
    with database.connect(autocommit=False) as conn:
        conn.execute("CREATE SEQUENCE s AS smallint")
        conn.execute("SELECT setval('s', 32767)")
        conn.execute("ALTER SEQUENCE s CACHE 10")
        assert [each.target.sql for each in ask(conn, CHECK).findings] == ["public.s"]
        conn.rollback()


def test_very_many_sequences_do_not_fill_the_lock_table(database):
    with database.connect() as conn:
        budget = conn.execute(
            """SELECT current_setting('max_locks_per_transaction')::int
                      * (current_setting('max_connections')::int
                         + current_setting('max_prepared_transactions')::int) / 2"""
        ).fetchone()[0]
        conn.execute("CREATE TABLE urgent (id serial); SELECT setval('urgent_id_seq', 2147483647)")
        for first in range(0, budget + 100, 500):  # not all in one transaction, for the same reason
            names = f"SELECT format('CREATE SEQUENCE s%s', i) FROM generate_series({first}, {first + 499}) AS i"
            conn.execute(f"DO $$ DECLARE c text; BEGIN FOR c IN {names} LOOP EXECUTE c; END LOOP; END $$".encode())
        result = ask(conn, CHECK, list_pct=0.0)
        read = [row for row in result.rows if row.unread is None]
        assert [each.target.sql for each in result.findings] == ["public.urgent_id_seq"]
        if database.server.major >= 18:
            assert len(read) == len(result.rows)
        else:
            assert len(read) == budget
            assert f"{len(result.rows) - budget:,} sequences were not read" in result.unseen[0].reason


def test_a_bare_role_in_a_database_without_sequences_has_nothing_to_miss(any_database):
    with role(any_database.server, "nobody_special") as name, any_database.connect(user=name) as bare:
        assert ask(bare, CHECK).outcome is Outcome.CLEAN


# --- what is said of a row --------------------------------------------------------------------------------------------

SERVER = Server(
    version=180001, database="shop", user="app", now=NOW, in_recovery=False, is_superuser=False, encoding="UTF8"
)
ROW = {
    "schema": "public",
    "sequence": "s",
    "sequence_type": "integer",
    "increment": 1,
    "cycles": False,
    "table_schema": "public",
    "table": "t",
    "column": "id",
    "column_type": "bigint",
    "columns": 1,
    "limited_by": "type",
    "limit_value": 2147483647,
    "last_value": 2000000000,
    "left_values": 147483647,
    "used_pct": 93.1,
    "wider_type": "bigint",
    "unread": None,
}


def verdicts(**changed: object) -> list[Finding | Unseen]:
    return list(CHECK.judge([Row(**{**ROW, **changed})], Seen(limits=CHECK.limits(), server=SERVER, now=NOW)))


@pytest.mark.parametrize(
    ("used_pct", "severity"),
    [
        (79.9, None),
        (80.0, Severity.WARNING),
        (89.9, Severity.WARNING),
        (90.0, Severity.CRITICAL),
        (100.0, Severity.CRITICAL),
    ],
)
def test_severity_goes_by_the_share_used(used_pct, severity):
    assert [each.severity for each in verdicts(used_pct=used_pct)] == ([severity] if severity else [])


@pytest.mark.parametrize(
    ("changed", "words", "fix"),
    [
        ({}, "the end of its type integer, though public.t.id is bigint", "ALTER SEQUENCE public.s AS bigint;"),
        ({"wider_type": None, "column_type": "integer"}, "the end of public.t.id (integer)", None),
        ({"limited_by": "column", "column_type": "integer"}, "rewrites the table", None),
        ({"limited_by": "bound"}, "its own MAXVALUE", None),
        ({"limited_by": "bound", "increment": -1}, "its own MINVALUE", None),
        ({"columns": 3}, "feeds 3 columns", "ALTER SEQUENCE public.s AS bigint;"),
        ({"left_values": 0}, "no value left", "ALTER SEQUENCE public.s AS bigint;"),
        ({"left_values": 1}, "1 value left", "ALTER SEQUENCE public.s AS bigint;"),
    ],
)
def test_the_message_says_what_ends_and_a_remedy_is_given_only_where_nothing_is_rewritten(changed, words, fix):
    (finding,) = verdicts(**changed)
    assert words in finding.message
    assert finding.fix == fix


def test_keys_are_unseen_without_their_statistics(database):
    with database.connect() as conn, role(database.server, "bare_keys") as bare:
        conn.execute("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 2000); ANALYZE t")
        with database.connect(user=bare) as looker:
            result = ask(looker, KEYS)
            assert result.outcome is Outcome.SKIPPED
            assert "may not read the statistics of 1 keys" in result.reason
        assert ask(conn, KEYS).outcome is Outcome.CLEAN
