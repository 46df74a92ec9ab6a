"""What statements on rows say, and what they say to the session: no object is made, changed or dropped by them."""

from __future__ import annotations

import attrs

from pgops.sql.parts import Name


@attrs.frozen(kw_only=True)
class Lock:
    """LOCK TABLE; `mode` is PostgreSQL's number of the mode, 1 to 8."""

    tables: tuple[Name, ...]
    mode: int
    nowait: bool = False
    only: tuple[Name, ...] = ()
    """Those with ONLY before the name."""


@attrs.frozen(kw_only=True)
class Change:
    """INSERT, UPDATE, DELETE or MERGE."""

    verb: str
    table: Name
    has_where: bool = False
    from_constants: bool = False
    """INSERT ... VALUES: as many rows as were written down."""
    reads: tuple[Name, ...] = ()
    columns: tuple[str, ...] = ()
    is_plain: bool = True
    """UPDATE of a table with SET and WHERE and no more: no WITH, FROM, RETURNING or CURRENT OF."""
    equals: tuple[str, ...] = ()
    """The columns that WHERE holds equal to a constant: if they are a key, it is about one row."""
    changes: tuple[Change, ...] = ()
    """What its WITH changes besides."""


@attrs.frozen(kw_only=True)
class Select:
    """SELECT, VALUES, TABLE; EXPLAIN and SHOW too."""

    reads: tuple[Name, ...] = ()
    functions: tuple[Name, ...] = ()
    locks_rows: bool = False
    changes: tuple[Change, ...] = ()
    """What its WITH changes, or what EXPLAIN ANALYZE carries out."""


@attrs.frozen(kw_only=True)
class Copy:
    """COPY; `from_stdin` where rows should follow in the file."""

    table: Name | None
    is_from: bool
    from_stdin: bool = False
    with_client: bool = False
    """Whether rows come from the client or go to it: neither a file of the server's nor a program."""


@attrs.frozen(kw_only=True)
class Call:
    """CALL of a procedure, which may do anything."""

    procedure: Name


@attrs.frozen(kw_only=True)
class TransactionControl:
    """BEGIN, COMMIT, ROLLBACK, SAVEPOINT ...: `verb` in lower case."""

    verb: str
    chain: bool = False
    """AND CHAIN: the next transaction begins at once."""


@attrs.frozen(kw_only=True)
class SetVariable:
    """SET or RESET (`value` None); SELECT set_config() with constants is SET under another name."""

    name: str
    value: str | None
    is_local: bool = False


@attrs.frozen(kw_only=True)
class NoTransaction:
    """What allows no transaction and is not one of the above: CREATE DATABASE, ALTER SYSTEM, DROP TABLESPACE ..."""

    what: str
    name: str | None = None
    """Of the database, tablespace or subscription."""


@attrs.frozen(kw_only=True)
class Other:
    """A statement that pgops has no knowledge of, by the parser's name of it."""

    what: str
