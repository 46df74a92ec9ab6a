"""SQL that changes something: shown whole, carried out once approved, and what becomes of it where it fails."""

from __future__ import annotations

import datetime as dt
import io
import json

import attrs
import psycopg
import pytest

from pgops.errors import (
    MigrationTextError,
    NotApprovedError,
    PoolerError,
    SqlRefusedError,
    StaleProposalError,
    StatementFailedError,
    UnreadableSqlError,
    WrongConnectionError,
)
from pgops.findings import as_json
from pgops.migrations.workspace import Workspace
from pgops.render.text import to_text
from pgops.scratch import fresh_database
from pgops.scripting import propose_sql, save_to
from pgops.scripting.sources import SqlText, whole_script
from tests.db.poolers import start_pgbouncer
from tests.scripting.conftest import TABLES, state


@pytest.fixture
def conn(any_database):
    with any_database.connect() as conn:
        conn.execute(TABLES)
        yield conn


def apply(conn, source, *, in_transaction=None, **how):
    proposal = propose_sql(conn, source, in_transaction=in_transaction)
    return proposal.apply(conn, approval=proposal.approve(by="ann"), **how)


def texts(conn) -> list[str]:
    return [text for (text,) in conn.execute("SELECT text FROM notes ORDER BY id")]


ATOMIC = """\
CREATE FUNCTION bump(n int) RETURNS int BEGIN ATOMIC
  SELECT $1 + 1;
END;
DO $$BEGIN INSERT INTO notes VALUES (3, 'do; $a$'); END$$;
UPDATE notes SET text = text || '%s' WHERE id = 3 RETURNING id, text, 'infinity'::date;
"""


def test_what_is_proposed_is_what_is_carried_out(conn):
    before = state(conn)
    proposal = propose_sql(conn, ATOMIC)
    assert state(conn) == before
    assert [each.splitlines()[0] for each in proposal.statements] == [
        "CREATE FUNCTION bump(n int) RETURNS int BEGIN ATOMIC",
        "DO $$BEGIN INSERT INTO notes VALUES (3, 'do; $a$'); END$$",
        "UPDATE notes SET text = text || '%s' WHERE id = 3 RETURNING id, text, 'infinity'::date",
    ]
    assert (proposal.mode, proposal.in_transaction) == ("one transaction", True)
    heard, kept = [], []
    record = proposal.apply(conn, approval=proposal.approve(by="ann"), on_progress=heard.append, record=kept.append)
    assert [(each.number, each.of, each.place) for each in heard] == [(1, 3, "SQL:1"), (2, 3, "SQL:4"), (3, 3, "SQL:5")]
    assert kept == [record]
    assert (record.outcome, record.statements, record.approval.by) == ("applied", proposal.statements, "ann")
    assert [each["tag"] for each in record.details["statements"]] == ["CREATE FUNCTION", "DO", "UPDATE 1"]
    assert record.details["statements"][2]["returned"] == [[3, "do; $a$%s", "infinity"]]
    assert texts(conn) == ["one", "two", "do; $a$%s"]
    json.dumps(as_json(attrs.asdict(record)))


MODES = {
    "rows": ("INSERT INTO notes VALUES (3, 'x'); DELETE FROM notes WHERE id = 3", "one transaction"),
    "VACUUM": ("DELETE FROM notes WHERE id = 99; VACUUM notes", "each statement by itself"),
    "an index beside work": ("CREATE INDEX CONCURRENTLY i ON notes (text)", "each statement by itself"),
    "its end beside work": ("DROP INDEX CONCURRENTLY IF EXISTS i", "each statement by itself"),
    "REINDEX beside work": ("REINDEX TABLE CONCURRENTLY notes", "each statement by itself"),
    "REINDEX": ("REINDEX TABLE notes", "one transaction"),
    "REINDEX of a schema": ("REINDEX SCHEMA public", "each statement by itself"),
    "ANALYZE": ("ANALYZE notes", "one transaction"),
    "CLUSTER of all": ("CLUSTER", "each statement by itself"),
    "ALTER SYSTEM": ("ALTER SYSTEM RESET work_mem", "each statement by itself"),
    "DISCARD": ("DISCARD ALL", "each statement by itself"),
    "its own transactions": ("BEGIN; DELETE FROM notes; ROLLBACK; VACUUM notes", "the script's own transactions"),
    "a savepoint in them": ("BEGIN; SAVEPOINT a; ROLLBACK TO a; COMMIT", "the script's own transactions"),
    "what the session keeps": ("SET work_mem = '8MB'; CREATE TEMP TABLE x AS TABLE notes", "one transaction"),
}


def test_how_each_is_run(conn):
    """PostgreSQL agrees: everything here is carried out without an error, in the way that was proposed."""
    for name, (sql, mode) in MODES.items():
        proposal = propose_sql(conn, sql)
        assert proposal.mode == mode, name
        assert any("stays" in risk for risk in proposal.risks) == (mode != "one transaction"), name
        proposal.apply(conn, approval=proposal.approve(by="ann"))
    assert texts(conn) == ["one", "two"]


def test_what_to_look_at_twice(conn):
    sql = "DELETE FROM notes;\nUPDATE notes SET text = '' WHERE id = 1;\nDROP TABLE notes CASCADE;\nSELECT writes()"
    assert propose_sql(conn, sql).risks == (
        "SQL:1: DELETE without WHERE: every row of notes",
        "SQL:3: drops a table and whatever depends on it (CASCADE)",
        "SQL:4: calls functions, which may change something: writes",
    )


REFUSED = {
    "rows from the client": ("COPY notes FROM STDIN", None, SqlRefusedError, "come from the client"),
    "rows to the client": ("COPY notes TO STDOUT", None, SqlRefusedError, "come from the client"),
    "a parameter": ("UPDATE notes SET text = $1", None, SqlRefusedError, "value of its parameter"),
    "an open end": ("BEGIN; DELETE FROM notes", None, SqlRefusedError, "begun and not ended"),
    "an open end by CHAIN": ("BEGIN; COMMIT AND CHAIN", None, SqlRefusedError, "begun and not ended"),
    "VACUUM in one transaction": ("VACUUM", True, SqlRefusedError, "can't be part of one transaction"),
    "COMMIT in one transaction": ("BEGIN; COMMIT", True, SqlRefusedError, "can't be part of one transaction"),
    "a command of psql's": ("\\copy notes from x", None, UnreadableSqlError, "is a command of psql"),
    "nothing": ("", None, UnreadableSqlError, "there is no statement"),
}


@pytest.mark.parametrize(("sql", "wanted", "error", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_not_proposed(any_server, sql, wanted, error, words):
    with any_server.connect() as conn, pytest.raises(error, match=words):
        propose_sql(conn, sql, in_transaction=wanted)


def test_an_error_takes_all_of_it_back(conn):
    before = state(conn)
    with pytest.raises(StatementFailedError) as caught:
        apply(conn, "INSERT INTO notes VALUES (3, 'x');\nINSERT INTO notes\n  VALUES (4, nothing)")
    assert str(caught.value).startswith('SQL:3:14: statement 2 failed: column "nothing" does not exist [42703]')
    assert "All of it was rolled back." in str(caught.value)
    assert state(conn) == before


def test_an_error_at_the_commit(conn):
    conn.execute("CREATE TABLE part (id int REFERENCES notes DEFERRABLE INITIALLY DEFERRED)")
    with pytest.raises(StatementFailedError, match="could not be committed, and was rolled back") as caught:
        apply(conn, "INSERT INTO part VALUES (99)")
    assert caught.value.sqlstate == "23503"


def test_without_a_transaction_what_was_done_stays(conn):
    with pytest.raises(StatementFailedError, match="statement 1 is committed"):
        apply(conn, "INSERT INTO notes VALUES (3, 'kept'); SELECT 1/0", in_transaction=False)
    assert texts(conn) == ["one", "two", "kept"]


def test_the_scripts_own_transaction_is_honoured(conn):
    with pytest.raises(StatementFailedError, match="What the script had committed stays"):
        apply(
            conn,
            "BEGIN; INSERT INTO notes VALUES (3, 'kept'); COMMIT;"
            "BEGIN; INSERT INTO notes VALUES (4, 'lost'); SELECT 1/0; COMMIT",
        )
    assert texts(conn) == ["one", "two", "kept"]


def test_a_procedure_that_commits(conn):
    with pytest.raises(StatementFailedError) as caught:
        apply(conn, "CALL commits()")
    assert "in_transaction=False" in caught.value.cure
    apply(conn, "CALL commits()", in_transaction=False)
    assert texts(conn) == ["one", "two", "eight"]


def test_a_lock_is_not_waited_for_long(conn, any_database):
    with any_database.connect(autocommit=False) as other:
        other.execute("LOCK TABLE notes")
        with pytest.raises(StatementFailedError, match="lock timeout") as caught:
            apply(conn, "DROP TABLE notes", lock_timeout_s=0.05)
    assert "lock_timeout_s" in caught.value.cure
    with pytest.raises(StatementFailedError, match="statement timeout"):
        apply(conn, "SELECT pg_sleep(30)", timeout_s=0.05)


def test_nothing_is_done_without_consent(conn, any_server, tmp_path):
    before = state(conn)
    file = tmp_path / "fix.sql"
    file.write_text("DELETE FROM notes")
    proposal = propose_sql(conn, file)
    approval = proposal.approve(by="ann")
    with pytest.raises(NotApprovedError):
        proposal.apply(conn, approval=None)
    with pytest.raises(NotApprovedError):
        proposal.apply(conn, approval=propose_sql(conn, "DELETE FROM notes").approve(by="ann"))
    with (
        fresh_database(any_server) as elsewhere,
        elsewhere.connect() as other,
        pytest.raises(StaleProposalError, match="another database_oid, database"),
    ):
        proposal.apply(other, approval=approval)
    conn.execute("BEGIN")
    with pytest.raises(WrongConnectionError, match="in a transaction"):
        proposal.apply(conn, approval=approval)
    conn.execute("ROLLBACK")
    file.write_text("DELETE FROM notes WHERE false")
    with pytest.raises(StaleProposalError, match="has changed"):
        proposal.apply(conn, approval=approval)
    file.unlink()
    with pytest.raises(StaleProposalError, match="is gone"):
        proposal.apply(conn, approval=approval)
    assert state(conn) == before
    with pytest.raises(NotApprovedError):  # another way of running it is another proposal
        propose_sql(conn, "SELECT 1", in_transaction=False).apply(
            conn, approval=propose_sql(conn, "SELECT 1").approve(by="ann")
        )


CHANGES = {
    "other statements": {"script": whole_script(SqlText(text="DELETE FROM notes", name="SQL")).statements},
    "another way": {"mode": "each statement by itself"},
    "another session": {"keeps_session": True},
    "no file to look at": {"source": SqlText(text="SELECT 1", name="SQL", path=None)},
}


def test_what_is_run_is_what_was_agreed_to(conn, tmp_path):
    before = state(conn)
    file = tmp_path / "fix.sql"
    file.write_text("SELECT 1")
    proposal = propose_sql(conn, file)
    for name, change in CHANGES.items():
        other = attrs.evolve(proposal, **change)
        assert other.digest == proposal.digest, name
        with pytest.raises(StaleProposalError, match="not those of its statements and parameters"):
            other.apply(conn, approval=proposal.approve(by="ann"))
    assert state(conn) == before


def test_names_are_looked_for_where_they_were_when_it_was_proposed(conn):
    conn.execute("CREATE SCHEMA one; CREATE SCHEMA two; SET search_path = one")
    proposal = propose_sql(conn, "CREATE TABLE here ()")
    conn.execute("SET search_path = two")
    with pytest.raises(StaleProposalError, match="the search path was one when this was proposed, and is two"):
        proposal.apply(conn, approval=proposal.approve(by="ann"))
    conn.execute("SET search_path = one")
    proposal.apply(conn, approval=proposal.approve(by="ann"))
    assert conn.execute("SELECT to_regclass('one.here') IS NOT NULL").fetchone() == (True,)


def test_for_how_long_an_approval_holds(conn):
    proposal = propose_sql(conn, "SELECT 1")
    for days in (-1, 0, 31, 99_999):
        with pytest.raises(NotApprovedError, match="can't hold for"):
            proposal.approve(by="ann", valid_for=dt.timedelta(days=days))
    approval = proposal.approve(by="ann", valid_for=dt.timedelta(days=30))
    with pytest.raises(NotApprovedError, match="held until"):
        proposal.apply(conn, approval=attrs.evolve(approval, until=approval.at + dt.timedelta(days=31)))
    proposal.apply(conn, approval=approval)


def test_limits_that_are_no_time(conn):
    proposal = propose_sql(conn, "SELECT 1")
    for limits in ({"timeout_s": 0}, {"lock_timeout_s": -1}, {"timeout_s": float("nan")}):
        with pytest.raises(ValueError, match="more than 0 seconds"):
            proposal.apply(conn, approval=proposal.approve(by="ann"), **limits)
    proposal.apply(conn, approval=proposal.approve(by="ann"), lock_timeout_s=None)


WITH_PASSWORD = """\
CREATE ROLE pgops_masked LOGIN PASSWORD /* ! */ 'hunter2' VALID UNTIL '2099-01-01';
ALTER ROLE pgops_masked PASSWORD $a$hunter2$a$;
DO $$BEGIN EXECUTE 'ALTER ROLE pgops_masked PASSWORD ''hunter2'''; ALTER ROLE pgops_masked PASSWORD 'hunter2'; END$$;
SELECT 'host=a password=hunter2 user=b', 'postgresql://a:hunter2@b/c';
DROP ROLE pgops_masked"""


def test_a_password_is_carried_out_and_not_shown(conn, tmp_path):
    proposal = propose_sql(conn, WITH_PASSWORD)
    changed = propose_sql(conn, WITH_PASSWORD.replace("hunter2", "hunter3"))
    assert changed.statements == proposal.statements
    assert changed.digest != proposal.digest
    assert proposal.statements[0].endswith("PASSWORD /* ! */ '********' VALID UNTIL '2099-01-01'")
    assert proposal.with_password == ("SQL:1", "SQL:2", "SQL:3", "SQL:4")
    hashed = propose_sql(conn, "ALTER ROLE pgops_masked PASSWORD NULL; SET password_encryption = 'md5'")
    assert hashed.with_password == ()
    record = proposal.apply(conn, approval=proposal.approve(by="ann"))
    said = attrs.evolve(record, details={**record.details, "statements": record.details["statements"][:3]})
    for shown in (repr(proposal), to_text(proposal.to_document()), json.dumps(as_json(attrs.asdict(said)))):
        assert "hunter2" not in shown
        assert "********" in shown
    with pytest.raises(MigrationTextError, match=r"a password is in SQL:1, SQL:2.* does not belong into a file"):
        save_to(record, Workspace.open(tmp_path, path="db/migrations"), summary="no")
    assert list(tmp_path.iterdir()) == []


def test_the_callers_connection_and_role(conn):
    conn.execute("CREATE ROLE pgops_writer; GRANT INSERT ON notes TO pgops_writer")
    try:
        conn.execute(
            "SET ROLE pgops_writer; SET search_path = pg_catalog, public; SET default_transaction_read_only = on"
        )
        apply(conn, "INSERT INTO notes SELECT 3, current_user || current_setting('search_path')")
        with pytest.raises(StatementFailedError, match="permission denied"):
            apply(conn, "DELETE FROM notes")
        assert conn.execute("SELECT current_user").fetchone() == ("pgops_writer",)
        conn.execute("RESET ROLE; RESET default_transaction_read_only")
        assert texts(conn)[2] == "pgops_writerpg_catalog, public"
    finally:
        conn.execute(
            "RESET ROLE; RESET default_transaction_read_only; DROP OWNED BY pgops_writer; DROP ROLE pgops_writer"
        )


def test_behind_a_transaction_pooler(any_database):
    with (
        start_pgbouncer(any_database.server) as pooler,
        psycopg.connect(pooler.conninfo(any_database.name), autocommit=True, prepare_threshold=None) as conn,
    ):
        apply(conn, "CREATE TABLE kept (a int); SET LOCAL work_mem = '8MB'")
        with pytest.raises(PoolerError):
            apply(conn, "CREATE TEMP TABLE x (a int)")
        with pytest.raises(PoolerError):
            apply(conn, "VACUUM kept")
        assert conn.execute("SHOW lock_timeout").fetchone() == ("0",)
        assert conn.execute("SELECT count(*) FROM kept").fetchone() == (0,)


# --- into the migrations ----------------------------------------------------------------------------------------------


def test_what_was_done_is_saved_as_a_migration(conn, tmp_path):
    workspace = Workspace.open(tmp_path, path="db/migrations")
    record = apply(conn, io.StringIO('ALTER TABLE notes ADD COLUMN "%s" int -- why\n;\nCREATE INDEX ON notes (text);'))
    saved = save_to(record, workspace, summary="A column for %s")
    text = (tmp_path / "db/migrations/prerelease.sql").read_text()
    assert saved.file.text == text
    assert 'ALTER TABLE notes ADD COLUMN "%s" int -- why\n;\nCREATE INDEX ON notes (text);' in text
    assert "A column for %s" in (tmp_path / "db/migrations/CHANGELOG.md").read_text()
    conn.execute('ALTER TABLE notes DROP COLUMN "%s"; DROP INDEX notes_text_idx')
    apply(conn, workspace.pending()[0].path)  # what was saved can be carried out
    assert conn.execute("SELECT to_regclass('notes_text_idx')::text").fetchone() == ("notes_text_idx",)


def test_what_is_not_saved(conn, tmp_path):
    workspace = Workspace.open(tmp_path, path="db/migrations")
    record = apply(conn, "DELETE FROM notes")
    for other in (attrs.evolve(record, kind="terminate sessions"), attrs.evolve(record, outcome="failed")):
        with pytest.raises(MigrationTextError):
            save_to(other, workspace, summary="no")
    with pytest.raises(MigrationTextError):
        save_to(record, workspace, summary="two\nlines")
    assert list(tmp_path.iterdir()) == []
