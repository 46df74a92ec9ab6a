"""The hash of a table's rows: one aggregate on the server, the same in whatever order rows and columns are stored.

Each row becomes text as PostgreSQL writes a record, its columns in the order of their names (a restore may store those
of an inheriting table in another order than the original has them). The text's 64-bit hash is summed up over all rows.
It is a sum and no XOR, so two equal rows don't cancel: a row that is there twice, or lost, changes it. Two different
contents have the same sum with a chance of 1 in 2^64, and somebody who tries can make such; it proves a restore against
accidents, not against forgers.

NULL and an empty string differ in a record's text. Nothing is sorted or kept, so memory is flat on both sides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg import sql
from psycopg.rows import tuple_row

if TYPE_CHECKING:
    import psycopg

    from pgops.dump.countable import CountableTable

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
_CHAR = 18  # the oid of "char"

_COLUMNS = """
SELECT a.attname::pg_catalog.text, a.atttypid::pg_catalog.int8
  FROM pg_catalog.pg_attribute AS a
 WHERE a.attrelid = %s::pg_catalog.int8::pg_catalog.oid
   AND a.attnum > 0
   AND NOT a.attisdropped
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
        # The alias can't be mistaken: t.x is looked for among tables before a column that is called t.
        text = sql.SQL("pg_catalog.textin(pg_catalog.record_out(ROW({})))").format(
            sql.SQL(", ").join(_value(name, type_oid) for name, type_oid in columns)
        )
        query = sql.SQL(
            "SELECT pg_catalog.count(*),"
            ' coalesce(pg_catalog.sum(pg_catalog.hashtextextended({} COLLATE pg_catalog."C", 0)), 0)::pg_catalog.text'
            " FROM ONLY {} AS t"
        ).format(_as_utf8(text, encoding), table.sql)
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


def _value(name: str, type_oid: int) -> sql.Composable:
    column = sql.Identifier("t", name)
    # Since 16 a "char" beyond ASCII is written in octal; its number is the same in every version.
    return sql.SQL("pg_catalog.int4({})").format(column) if type_oid == _CHAR else column


def _as_utf8(text: sql.Composable, encoding: tuple[str, bool]) -> sql.Composable:
    name, is_single_byte = encoding
    if name in {UTF8, SQL_ASCII} or not is_single_byte:
        return text
    # From SQL_ASCII nothing is converted, and in an encoding of single bytes any bytes are text.
    return sql.SQL("pg_catalog.convert_from(pg_catalog.convert_to({}, 'UTF8'), 'SQL_ASCII')").format(text)
