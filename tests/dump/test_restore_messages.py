"""What pg_restore and psql say, as they said it, read by object and cause."""

import pytest

from pgops.dump.reading.toc import Entry
from pgops.dump.restoring.messages import Cause, cause_of, read_messages

PG_RESTORE = """\
pg_restore: connecting to database for restore
pg_restore: while PROCESSING TOC:
pg_restore: from TOC entry 215; 1259 16385 TABLE t; x ann
pg_restore: error: could not execute query: ERROR:  relation "t; x" already exists
Command was: CREATE TABLE public."t; x" (
    a integer
);


pg_restore: from TOC entry 216; 1255 16390 FUNCTION f() ann
pg_restore: error: could not execute query: ERROR:  role "ann" does not exist
Command was: ALTER FUNCTION public.f() OWNER TO ann;


pg_restore: processing data for table "public.t; x"
pg_restore: from TOC entry 3332; 0 16385 TABLE DATA t; x ann
pg_restore: error: COPY failed for table "t; x": ERROR:  invalid input syntax for type integer: "x"
CONTEXT:  COPY t; x, line 1, column a: "x"
pg_restore: warning: errors ignored on restore: 3
""".splitlines()

PSQL = """\
psql:<stdin>:20: NOTICE:  00000: schema "public" already exists, skipping
psql:<stdin>:31: ERROR:  42P07: relation "t" already exists
LOCATION:  heap_create_with_catalog, heap.c:1159
psql:<stdin>:44: WARNING:  55000: wal_level is insufficient
HINT:  Set wal_level.
psql:<stdin>:50: FEHLER:  irgendetwas
psql:<stdin>:52: ERROR:  23514: new row for relation "t" violates check constraint "c"
DETAIL:  Failing row contains (1).
CONTEXT:  COPY t, line 1: "1"
SCHEMA NAME:  public
psql:<stdin>:60: FATAL:  57P01: terminating connection due to administrator command
psql:<stdin>:60: server closed the connection unexpectedly
\tThis probably means the server terminated abnormally
psql:<stdin>:60: error: connection to server was lost
""".splitlines()


def test_pg_restore_by_object():
    exact = Entry(kind="TABLE", schema="public", name="t; x", id=215)
    first, second, third = read_messages(PG_RESTORE, entries=[exact])
    assert (first.kind, first.schema, first.name, first.cause) == ("TABLE", "public", "t; x", Cause.ALREADY_EXISTS)
    assert first.statement == 'CREATE TABLE public."t; x" (\n    a integer\n);'
    assert (second.kind, second.name, second.cause) == ("FUNCTION", "f()", Cause.MISSING_ROLE)
    assert "without owners" in second.cure
    assert (third.kind, third.name, third.cause) == ("TABLE DATA", "t; x", Cause.BAD_DATA)
    assert third.details == ('CONTEXT: COPY t; x, line 1, column a: "x"',)
    assert {each.severity for each in (first, second, third)} == {"error"}


def test_psql_by_the_line_of_its_input():
    tables = {31: "t", 52: "u"}
    said = read_messages(PSQL, entry_at_line=lambda line: Entry(kind="TABLE", schema=None, name=tables.get(line, "?")))
    assert [(each.severity, each.sqlstate, each.name, each.cause) for each in said] == [
        ("error", "42P07", "t", Cause.ALREADY_EXISTS),
        ("warning", "55000", "?", Cause.OTHER),
        ("error", "23514", "u", Cause.VIOLATED),
        ("error", "57P01", "?", Cause.CONNECTION_LOST),
        ("error", None, "?", Cause.CONNECTION_LOST),
    ]
    assert said[2].details[:1] == ("DETAIL: Failing row contains (1).",)


CAUSES = [
    ('relation "t" already exists', None, Cause.ALREADY_EXISTS),
    ("Relation »t« existiert bereits", "42P07", Cause.ALREADY_EXISTS),
    ('role "ann" does not exist', None, Cause.MISSING_ROLE),
    ('extension "postgis" is not available', None, Cause.MISSING_EXTENSION),
    ('extension "postgis" is not available', "0A000", Cause.MISSING_EXTENSION),
    ('type "public.geometry" does not exist', None, Cause.MISSING_OBJECT),
    ("permission denied for schema public", None, Cause.PRIVILEGE),
    ("must be owner of extension plpgsql", None, Cause.PRIVILEGE),
    ('permission denied to create event trigger "e"', "42501", Cause.PRIVILEGE),
    ('could not create unique index "i"', "23505", Cause.VIOLATED),
    ('insert or update on table "b" violates foreign key constraint "fk"', None, Cause.FOREIGN_KEY),
    ('invalid byte sequence for encoding "UTF8": 0xff', "22021", Cause.BAD_DATA),
    ("server closed the connection unexpectedly", None, Cause.CONNECTION_LOST),
    ('could not extend file "base/5/1": No space left on device', "53100", Cause.DISK_FULL),
    ('invalid value for parameter "default_tablespace": "t"', None, Cause.MISSING_TABLESPACE),
    ('invalid value for parameter "default_tablespace": "t"', "22023", Cause.MISSING_TABLESPACE),
    ('too many connections for role "ann"', None, Cause.TOO_MANY_CONNECTIONS),
    ("sorry, too many clients already", "53300", Cause.TOO_MANY_CONNECTIONS),
    ("out of shared memory", "53200", Cause.LOCKS),
    ('unrecognized configuration parameter "transaction_timeout"', "42704", Cause.VERSION),
    ("unsupported version (1.16) in file header", None, Cause.VERSION),
    ('syntax error at or near "VIRTUAL"', "42601", Cause.VERSION),
    ("could not read from input file: end of file", None, Cause.DAMAGED),
    ("something new", "XX000", Cause.OTHER),
]


@pytest.mark.parametrize(("words", "sqlstate", "cause"), CAUSES)
def test_causes(words, sqlstate, cause):
    assert cause_of(words, sqlstate) is cause


def test_nothing_said_is_nothing():
    assert read_messages([]) == ()
    assert read_messages(['pg_restore: creating TABLE "public.t"', "pg_restore: processing item 1 ENCODING"]) == ()
