"""How far a dump is: pg_stat_progress_copy of pg_dump's own sessions, and its words (since PostgreSQL 14).

The server knows no total of a COPY out of a table, so rows are held against pg_class.reltuples, an estimate.
"""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
import psycopg

from pgops.db.callers_connection import as_found

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@attrs.frozen(kw_only=True)
class DumpProgress:
    """A moment of a dump."""

    phase: str
    """`catalogue`, `rows`, `counting` or `checksums`."""
    tables_done: int = 0
    tables: int = 0
    rows_done: int = 0
    rows_expected: int = 0
    """An estimate: what the tables' statistics say."""
    bytes_done: int = 0
    """Of rows, as the server sends them."""
    current: tuple[str, ...] = ()
    """Tables that are being read at this moment."""

    @property
    def share(self) -> float | None:
        """From 0 to 1, an estimate; None while nothing is known."""
        if self.rows_expected > 0:
            return min(self.rows_done / self.rows_expected, 1.0)
        return self.tables_done / self.tables if self.tables else None


OnDumpProgress: TypeAlias = "Callable[[DumpProgress], object]"

# What pg_dump dumps rows of: tables, with their TOAST and not their indexes counted by reltuples; never analysed is -1.
_EXPECTED = """
SELECT c.oid::bigint, n.nspname::text, c.relname::text, greatest(c.reltuples, 0)::bigint
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r'
   AND c.relpersistence <> 't'
   AND n.nspname NOT IN ('pg_catalog', 'information_schema')
"""

_COPYING = """
SELECT p.relid::bigint, p.tuples_processed, p.bytes_processed
  FROM pg_catalog.pg_stat_progress_copy AS p
  JOIN pg_catalog.pg_stat_activity AS a ON a.pid = p.pid
 WHERE a.application_name = %s
   AND p.datid = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
"""

_BEGUN = re.compile(r'dumping contents of table "(.*?)"?$')  # of a name with line breaks, its first line


@attrs.frozen
class _Table:
    name: str
    rows: int

    @property
    def heard_as(self) -> str:
        """How pg_dump's words have it."""
        return self.name.partition("\n")[0]


@attrs.define
class Watch:
    """Follows one pg_dump. `poll` asks the server, `hear` is given pg_dump's words, from any thread."""

    conn: psycopg.Connection[Any]
    application: str
    tables: dict[int, _Table] = attrs.field(factory=dict)
    seen: dict[int, tuple[int, int]] = attrs.field(factory=dict)
    """Rows and bytes of each table, as last seen."""
    copying: set[int] = attrs.field(factory=set)
    begun: list[str] = attrs.field(factory=list)
    lock: threading.Lock = attrs.field(factory=threading.Lock)

    def expect(self, only: Sequence[tuple[str, str]] = (), schemas: Sequence[str] = ()) -> None:
        """Read what there is to be dumped."""
        with as_found(self.conn), self.conn.cursor() as cursor:
            for oid, schema, name, rows in cursor.execute(_EXPECTED).fetchall():
                if (not only or (schema, name) in only) and (not schemas or schema in schemas):
                    self.tables[oid] = _Table(f"{schema}.{name}", rows)

    def hear(self, line: str) -> None:
        """A line of pg_dump's: it names each table as it begins to read it."""
        begun = _BEGUN.search(line)
        if begun is not None:
            with self.lock:
                self.begun.append(begun[1])

    def poll(self) -> DumpProgress:
        """Where the dump is now."""
        with as_found(self.conn), self.conn.cursor() as cursor:
            now = {oid: (rows, size) for oid, rows, size in cursor.execute(_COPYING, [self.application]).fetchall()}
        self.seen |= now
        self.copying = set(now)
        with self.lock:
            begun = set(self.begun)
        done = [
            oid for oid, each in self.tables.items() if oid not in now and (oid in self.seen or each.heard_as in begun)
        ]
        current = tuple(sorted(self.tables[oid].name for oid in now if oid in self.tables))
        if not current and begun:
            current = (self.begun[-1],)
        # A table that is done counts as what was expected of it, so that the whole comes out as the whole.
        rows = sum(self.tables[oid].rows for oid in done)
        rows += sum(min(now[oid][0], self.tables[oid].rows) for oid in now if oid in self.tables)
        return DumpProgress(
            phase="rows" if begun or self.seen else "catalogue",
            tables_done=len(done),
            tables=len(self.tables),
            rows_done=rows,
            rows_expected=sum(each.rows for each in self.tables.values()),
            bytes_done=sum(size for _, size in self.seen.values()),
            current=current,
        )
