"""What stands in a database before a statement, which locks one session holds, and what it has read.

Only users' relations count: whatever was made after initdb has an oid of 16384 or more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from pgops.migrations.asking import plain_cursor
from pgops.migrations.effects.locks import LockMode
from pgops.sql.statements import Name

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import LiteralString

    import psycopg

KINDS = {
    "r": "table",
    "p": "partitioned table",
    "i": "index",
    "I": "partitioned index",
    "m": "materialized view",
    "v": "view",
    "S": "sequence",
    "t": "toast table",
    "f": "foreign table",
    "c": "composite type",
}

# The oid's owner: an index's table, a TOAST table's table, the table of a serial or identity column's sequence.
_STANDING = """
SELECT c.oid::bigint, n.nspname, c.relname, c.relkind, c.relfilenode::bigint,
       COALESCE(i.indrelid, t.oid, d.refobjid)::bigint AS owner,
       COALESCE(i.indisvalid, true) AS valid,
       pg_catalog.pg_stat_get_xact_numscans(c.oid) AS scans
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_index AS i ON i.indexrelid = c.oid
  LEFT JOIN pg_catalog.pg_class AS t ON c.relkind = 't' AND t.reltoastrelid = c.oid
  LEFT JOIN pg_catalog.pg_depend AS d
         ON c.relkind = 'S'
        AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
        AND d.objid = c.oid
        AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
        AND d.deptype IN ('a', 'i')
 WHERE c.oid >= 16384
"""

_LOCKS = """
SELECT l.relation::bigint, l.mode
  FROM pg_catalog.pg_locks AS l
 WHERE l.pid = pg_catalog.pg_backend_pid()
   AND l.locktype = 'relation'
   AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
   AND l.relation >= 16384
"""

_EMPTY = """
SELECT c.oid::bigint
  FROM pg_catalog.pg_class AS c
 WHERE c.oid >= 16384
   AND c.relkind IN ('r', 'm')
   AND pg_catalog.pg_relation_size(c.oid) = 0
"""

_RESOLVED = """
SELECT written, pg_catalog.to_regclass(written)::oid::bigint
  FROM pg_catalog.unnest(%(names)s::text[]) AS written
 WHERE pg_catalog.to_regclass(written) IS NOT NULL
"""


@attrs.frozen
class Relation:
    """One relation as it stood."""

    oid: int
    name: Name
    kind: str
    file: int
    """pg_class.relfilenode: another one means that it was written anew."""
    owner: int | None
    valid: bool
    scans: int
    """How often this session has read it in this transaction, or since it last told the statistics."""


@attrs.frozen
class Standing:
    """Every relation of users', by oid."""

    relations: Mapping[int, Relation]

    def rewritten(self, oid: int, later: Standing) -> bool:
        """Whether the relation stands in another file later; an index that was made anew keeps its name at most."""
        before, after = self.relations[oid], later.relations.get(oid)
        if after is None:
            after = next((each for each in later.relations.values() if each.name == before.name), None)
        return after is not None and before.file not in {0, after.file}

    def scanned(self, oid: int, later: Standing) -> bool:
        """Whether the session has read the table meanwhile, or an index of it."""
        own = [oid, *(each.oid for each in self.relations.values() if each.owner == oid and each.kind == "i")]
        return any(self._read(each, later) for each in own)

    def _read(self, oid: int, later: Standing) -> bool:
        before, after = self.relations.get(oid), later.relations.get(oid)
        return after is not None and after.scans > (before.scans if before is not None else 0)

    def new_invalid(self, later: Standing) -> tuple[Name, ...]:
        """Indexes that are invalid later and were not before."""
        return tuple(
            each.name
            for oid, each in later.relations.items()
            if not each.valid and (oid not in self.relations or self.relations[oid].valid)
        )


def read_standing(conn: psycopg.Connection[Any]) -> Standing:
    """What stands as `conn`'s session sees it, and how often that session has read each."""
    rows = _ask(conn, _STANDING)
    return Standing(
        {
            oid: Relation(oid, Name(name, schema), kind, file, owner, valid, scans)
            for oid, schema, name, kind, file, owner, valid, scans in rows
        }
    )


def read_empty(conn: psycopg.Connection[Any]) -> frozenset[int]:
    """The tables that hold no row."""
    return frozenset(oid for (oid,) in _ask(conn, _EMPTY))


def read_locks(conn: psycopg.Connection[Any]) -> dict[int, frozenset[LockMode]]:
    """The modes in which `conn`'s own session holds each relation."""
    return modes_by_relation(_ask(conn, _LOCKS))


def modes_by_relation(rows: Iterable[tuple[int, str]]) -> dict[int, frozenset[LockMode]]:
    """Rows of pg_locks, gathered."""
    found: dict[int, set[LockMode]] = defaultdict(set)
    for oid, mode in rows:
        if mode != "SIReadLock":  # predicate locks block nobody
            found[oid].add(LockMode.of(mode))
    return {oid: frozenset(modes) for oid, modes in found.items()}


def resolve(conn: psycopg.Connection[Any], names: Iterable[Name]) -> dict[Name, int]:
    """The oid of each name that means a relation to `conn`'s session."""
    by_text = {each.sql: each for each in names}
    if not by_text:
        return {}
    return {by_text[text]: oid for text, oid in _ask(conn, _RESOLVED, names=list(by_text))}


def _ask(conn: psycopg.Connection[Any], query: LiteralString, **parameters: Any) -> list[Any]:

    with plain_cursor(conn) as cursor:
        return cursor.execute(query, parameters or None, prepare=False).fetchall()
