"""The hash of a table's rows: one aggregate on the server, the same in whatever order rows and columns are stored.

A row's hash is a chain over its columns, in the order of their names (a restore may store those of an inheriting table
in another order than the original has them): each value is hashed, 64 bits, as the text that its type's own output
function writes, never by a cast that somebody may have made, with the hash so far as its seed. Values stay apart that
way, no row is ever written as a whole, and NULL is a text that no value has. It is a third of the cost of hashing the
text of a record.

The rows' hashes are summed up. It is a sum and no XOR, so two equal rows don't cancel: a row that is there twice, or
lost, changes it. Two different contents have the same sum with a chance of 1 in 2^64, and somebody who tries can make
such: it proves a restore against accidents, not against forgers. Nothing is sorted or kept, so memory is flat.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg import sql
from psycopg.rows import tuple_row

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

    from pgops.dump.counting.countable import CountableTable

SETTINGS = {
    "search_path": "",  # a regclass writes its schema
    "row_security": "off",  # an error, where rows would be hidden
    "standard_conforming_strings": "on",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "TimeZone": "UTC",
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "extra_float_digits": "3",
    "bytea_output": "hex",
    "xmlbinary": "base64",
    "xmloption": "content",
    "lc_monetary": "C",
    "quote_all_identifiers": "on",  # each version has keywords of its own, which a regclass quotes
    "max_parallel_workers_per_gather": "0",  # the output function of somebody's type may not be fit for it
    "jit": "off",
}
"""Set for the transaction alone: what the text of a value depends on, and what could get in the way."""

UTF8, SQL_ASCII = "UTF8", "SQL_ASCII"
_NULL = "NULL, and no text 5b0c1c1e-9f0e-4a52-8d3e-7d7f0a3c6f1b"
_CHAIN = 80
"""Columns in a chain: their calls are nested, and 1,600 would be too deep for the server's stack."""

# The output function, where it is PostgreSQL's own and of a type of its own, and takes a value of it without a cast
# (that of refcursor is declared for text); other schemas may be closed to us. A virtual column (18) is no content: it
# is computed when it is read, may fail then, and is in no dump.
_COLUMNS = """
SELECT a.attname::pg_catalog.text,
       t.typname::pg_catalog.text,
       CASE WHEN t.typnamespace = 'pg_catalog'::pg_catalog.regnamespace
             AND p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace
             AND (taken.oid = t.oid OR taken.typtype = 'p')
            THEN p.proname::pg_catalog.text END
  FROM pg_catalog.pg_attribute AS a
  JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
  JOIN pg_catalog.pg_proc AS p ON p.oid = t.typoutput
  JOIN pg_catalog.pg_type AS taken ON taken.oid = p.proargtypes[0]
 WHERE a.attrelid = %s::pg_catalog.int8::pg_catalog.oid
   AND a.attnum > 0
   AND NOT a.attisdropped
   AND a.attgenerated <> 'v'
"""


def pin(session: psycopg.Connection[Any]) -> None:
    """Give the session's transaction the settings in which a value is written one way only."""
    for name, value in SETTINGS.items():
        session.execute("SELECT pg_catalog.set_config(%s, %s, true)", [name, value])


def encoding_of(session: psycopg.Connection[Any]) -> tuple[str, bool]:
    """The database's encoding, and whether each character is one byte."""
    with session.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(
            "SELECT pg_catalog.pg_encoding_to_char(d.encoding)::pg_catalog.text,"
            "       pg_catalog.pg_encoding_max_length(d.encoding) = 1"
            "  FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database()"
        ).fetchone()
    assert row is not None  # noqa: S101  the database one is connected to is in pg_database
    return row[0], row[1]


def hash_rows(session: psycopg.Connection[Any], table: CountableTable, encoding: tuple[str, bool]) -> tuple[int, str]:
    """How many rows the table has, and the sum of their hashes.

    Text is hashed as UTF-8 whatever the database's encoding, where PostgreSQL can do that: else the encoding stands
    before the sum (`EUC_JP:123`), which then can be compared with one of the same encoding only.
    """
    with session.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(_COLUMNS, [table.oid])
        columns = sorted(cursor.fetchall(), key=lambda column: column[0].encode())
        texts = [_as_utf8(_text(*column), encoding) for column in columns]
        query = sql.SQL(
            "SELECT pg_catalog.count(*), coalesce(pg_catalog.sum({}), 0)::pg_catalog.text FROM ONLY {} AS t"
        ).format(_row_hash(texts), table.sql)
        row = cursor.execute(query).fetchone()
    assert row is not None  # noqa: S101  an aggregate gives a row
    return row[0], tagged(row[1], encoding)


def tagged(total: str, encoding: tuple[str, bool]) -> str:
    """The sum, with the encoding where it depends on that."""
    name, is_single_byte = encoding
    return total if name == UTF8 or (is_single_byte and name != SQL_ASCII) else f"{name}:{total}"


def are_comparable(one: str, other: str) -> bool:
    """Whether two hashes were made of the same bytes for the same rows.

    >>> are_comparable("12", "13"), are_comparable("12", "EUC_JP:12")
    (True, False)
    """
    return one.rpartition(":")[0] == other.rpartition(":")[0]


def _text(name: str, type_name: str, output: str | None) -> sql.Composable:
    # The alias can't be mistaken: t.x is looked for among tables before a column that is called t.
    column: sql.Composable = sql.Identifier("t", name)
    if output is None:
        return sql.SQL("pg_catalog.textin(pg_catalog.record_out(ROW({})))").format(column)
    if type_name in {"text", "varchar"}:
        return column
    if type_name == "char":  # since 16 one beyond ASCII is written in octal; its number is the same in every version
        column, output = sql.SQL("pg_catalog.int4({})").format(column), "int4out"
    return sql.SQL("pg_catalog.textin({}({}))").format(sql.Identifier("pg_catalog", output), column)


def _row_hash(texts: Sequence[sql.Composable]) -> sql.Composable:
    chains = [_chain(texts[first : first + _CHAIN]) for first in range(0, len(texts), _CHAIN)]
    if len(chains) <= 1:
        return chains[0] if chains else sql.SQL("0::pg_catalog.int8")
    together = sql.SQL("pg_catalog.concat_ws(' ', {})").format(sql.SQL(", ").join(chains))
    return _hashed(together, sql.SQL("0"))


def _chain(texts: Sequence[sql.Composable]) -> sql.Composable:
    so_far: sql.Composable = sql.SQL("0")
    for text in texts:
        so_far = _hashed(sql.SQL("coalesce({}, {})").format(text, sql.Literal(_NULL)), so_far)
    return so_far


def _hashed(text: sql.Composable, seed: sql.Composable) -> sql.Composable:
    return sql.SQL('pg_catalog.hashtextextended({} COLLATE pg_catalog."C", {})').format(text, seed)


def _as_utf8(text: sql.Composable, encoding: tuple[str, bool]) -> sql.Composable:
    name, is_single_byte = encoding
    if name in {UTF8, SQL_ASCII} or not is_single_byte:
        return text
    # From SQL_ASCII nothing is converted, and in an encoding of single bytes any bytes are text.
    return sql.SQL("pg_catalog.convert_from(pg_catalog.convert_to({}, 'UTF8'), 'SQL_ASCII')").format(text)
