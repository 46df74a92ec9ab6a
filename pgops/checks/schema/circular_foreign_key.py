"""Foreign keys that go round in a circle.

Where orders refers to customers and customers to orders, there is no order in which rows can be inserted, deleted or
loaded one table after the other: tests, imports and archiving have to set a key to NULL first and fill it in later,
or defer the constraints. pg_restore --data-only needs --disable-triggers for it. Mostly one of the keys is better
replaced by a flag (`is_default`) or a table in between.

INFO for each circle, told once, of the first of its tables by name. A table that refers to itself is a tree, and no
circle. Tables that are in several circles are told together. Partitions count to their parent. It is a false alarm
where the circle is meant and the application knows.

Manual: section 5.5.5, "Foreign Keys"; SET CONSTRAINTS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query, Seen
from pgops.checks.relations import OF_USERS
from pgops.findings import Finding, Severity, Target, as_tuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pgops.checks.api import NoLimits


@attrs.frozen(kw_only=True)
class Row:
    """A table that others refer to and that refers to others which do so too."""

    schema: str
    table: str
    oid: int
    refers_to: tuple[int, ...] = attrs.field(converter=as_tuple)
    """The oids of the tables that it refers to, itself left out."""


# A table in a circle is referred to and refers: what only does one, most tables, is left out here.
SQL = """
WITH edge AS MATERIALIZED (
  SELECT k.conrelid AS source, k.confrelid AS target
    FROM pg_catalog.pg_constraint AS k
   WHERE k.contype = 'f'
     AND k.conparentid = 0
     AND k.conrelid <> k.confrelid
), inner_edge AS MATERIALIZED (
  SELECT e.source, pg_catalog.array_agg(e.target) AS targets
    FROM edge AS e
   WHERE e.target IN (SELECT o.source FROM edge AS o)
     AND e.source IN (SELECT o.target FROM edge AS o)
   GROUP BY e.source
)
SELECT n.nspname::text       AS schema,
       c.relname::text       AS "table",
       c.oid::bigint         AS oid,
       e.targets::bigint[]   AS refers_to
  FROM inner_edge AS e
  JOIN pg_catalog.pg_class AS c ON c.oid = e.source
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE <of users>
 ORDER BY n.nspname, c.relname
""".replace("<of users>", OF_USERS)


def judge(rows: Sequence[Row], seen: Seen[NoLimits]) -> Iterator[Finding]:
    tables = {row.oid: row for row in rows}
    order = {row.oid: place for place, row in enumerate(rows)}
    for circle in circles({row.oid: row.refers_to for row in rows}):
        members = [target_of(tables[oid]) for oid in sorted(circle, key=order.__getitem__)[:100]]
        more = f" and {len(circle) - 8:,} more" if len(circle) > 8 else ""
        yield Finding(
            Severity.INFO,
            members[0],
            f"{len(circle):,} tables refer to each other in a circle: {', '.join(map(str, members[:8]))}{more}.",
            details={"tables": [str(member) for member in members]},
        )


def circles(edges: Mapping[int, Sequence[int]]) -> Iterator[list[int]]:
    """The strongly connected components of more than one table (Tarjan's algorithm, without recursion)."""
    number: dict[int, int] = {}
    lowest: dict[int, int] = {}
    path: list[int] = []
    on_path: set[int] = set()
    for root in edges:
        if root in number:
            continue
        ahead: list[tuple[int, Iterator[int]]] = []
        following: int | None = root
        while following is not None or ahead:
            if following is not None:
                number[following] = lowest[following] = len(number)
                path.append(following)
                on_path.add(following)
                ahead.append((following, iter(edges[following])))
                following = None
            table, left = ahead[-1]
            for reached in left:
                if reached in on_path:
                    lowest[table] = min(lowest[table], number[reached])
                elif reached in edges and reached not in number:
                    following = reached
                    break
            if following is not None:
                continue
            ahead.pop()
            if ahead:
                lowest[ahead[-1][0]] = min(lowest[ahead[-1][0]], lowest[table])
            if lowest[table] == number[table]:
                component: list[int] = []
                while not component or component[-1] != table:
                    component.append(path.pop())
                on_path.difference_update(component)
                if len(component) > 1:
                    yield component


def target_of(row: Row) -> Target:
    return Target("table", row.schema, row.table)


CHECK = Check(
    id="schema.circular_foreign_key",
    doc=__doc__,
    row=Row,
    judge=judge,
    target=target_of,
    queries=[Query(since=14, sql=SQL)],
)
