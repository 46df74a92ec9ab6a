"""What the runner costs: the same SQL asked through pgops and through plain psycopg, in turns, on one connection.

Run it as `python benchmarks/runner.py [rounds]`; it starts a throwaway server. Medians; the ratios are what counts.

- A check that returns no row: the runner brings a read-only transaction, timeouts and an empty search path along, in
  the same message as the query. `asked apart` shows what separate statements would cost.
- 10,000 rows: fetched, judged, and put into a report, against the fetch of the same rows with psycopg's `class_row`.
"""

from __future__ import annotations

import statistics
import sys
import time
from typing import TYPE_CHECKING

import attrs
import psycopg
from psycopg.rows import class_row

import pgops
from pgops.db.server import FACTS_SQL, Server
from pgops.scratch import find_binaries, start_server

if TYPE_CHECKING:
    from collections.abc import Callable

COPIES = 200
"""So many checks in a run, so that what a run costs once (the server's facts, a thread that watches) hardly counts."""


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    name: str
    pages: int
    share_ratio: float


NOTHING = """
SELECT n.nspname::text AS schema, c.relname::text AS name, c.relpages::bigint AS pages, 0.5::float8 AS share_ratio
  FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND n.nspname = 'nowhere'
"""
MANY = """
SELECT 'public'::text AS schema, ('table_' || i)::text AS name, i::bigint AS pages, i / 10000.0::float8 AS share_ratio
  FROM pg_catalog.generate_series(1, 10000) AS i
"""


def check(slug: str, sql: str) -> pgops.Check:
    return pgops.Check(
        id=f"bench.{slug}",
        doc="Made for the benchmark.",
        row=Row,
        queries=[pgops.Query(since=14, sql=sql)],
        judge=pgops.each_row(
            severity=pgops.Severity.WARNING,
            target=lambda row: pgops.Target("table", row.schema, row.name),
            message="{target} has {pages} pages, {share_ratio} of all.",
            fix="ANALYZE {target};",
        ),
    )


def in_turns(rounds: int, **contenders: Callable[[], object]) -> dict[str, list[float]]:
    """The seconds that each took in each round: whatever slows the machine down slows all of a round."""
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, contender in contenders.items():
            began = time.perf_counter()
            contender()
            taken[name].append(time.perf_counter() - began)
    return taken


def show(title: str, taken: dict[str, list[float]], base: str, unit: float = 1.0) -> None:
    """Medians, and the median of the ratios of each round."""
    print(title)
    for name, seconds in taken.items():
        ratio = statistics.median(mine / other for mine, other in zip(seconds, taken[base], strict=True))
        print(f"  {name.replace('_', ' '):24} {statistics.median(seconds) / unit * 1e6:9.0f} us  {ratio:5.2f} x")


def no_rows(conn: psycopg.Connection, rounds: int, title: str, sql: str, one: pgops.Check) -> None:
    """`one` many times over in a run, against its SQL through plain psycopg, and against statements sent one by one."""
    copies = [attrs.evolve(one, id=f"bench.copy{number}", aliases=()) for number in range(COPIES)]
    registry = pgops.Registry.of(copies, origin="pgops")

    def plain_psycopg() -> None:
        for _ in range(COPIES):
            assert not conn.execute(sql, {}, prepare=False).fetchall()

    def asked_apart() -> None:
        for _ in range(COPIES):
            conn.execute("BEGIN READ ONLY")
            conn.execute("SET LOCAL statement_timeout = 30000")
            conn.execute("SET LOCAL lock_timeout = 1000")
            conn.execute("SET LOCAL search_path = ''")
            conn.execute("SET LOCAL jit = off")
            conn.execute(sql, {}, prepare=False).fetchall()
            conn.execute("ROLLBACK")

    taken = in_turns(
        rounds,
        plain_psycopg=plain_psycopg,
        pgops=lambda: pgops.run_checks(conn, registry=registry),
        asked_apart=asked_apart,
        alone=lambda: pgops.run_checks(conn, copies[:1], registry=registry),
    )
    alone_ms = statistics.median(taken.pop("alone")) * 1e3
    show(f"{title}, no row ({COPIES} of them, each; at most 1.3 x)", taken, "plain_psycopg", COPIES)
    print(f"  a run of just one: {alone_ms:.1f} ms, with the server's facts, the plan and the watchdog")


def many_rows(conn: psycopg.Connection, rounds: int) -> None:
    registry = pgops.Registry.of([check("many", MANY)], origin="pgops")

    def through_pgops() -> None:
        report = pgops.run_checks(conn, registry=registry)
        assert len(report.results[0].findings) == 10_000

    def class_rows() -> None:
        with conn.cursor(row_factory=class_row(Row)) as cursor:
            assert len(cursor.execute(MANY).fetchall()) == 10_000

    taken = in_turns(rounds, class_row=class_rows, pgops=through_pgops)
    show("10,000 rows fetched, judged and reported (at most 4 x)", taken, "class_row")


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    with start_server(find_binaries()) as server, psycopg.connect(server.conninfo(), autocommit=True) as conn:
        trifle, real = check("trifle", NOTHING), pgops.get_check("invalid_indexes")
        sql = str(real.query_for(Server.from_row(conn.execute(FACTS_SQL).fetchone())).sql)
        no_rows(conn, rounds, "A look-up in pg_class", NOTHING, trifle)
        no_rows(conn, max(3, rounds // 3), f"The check {real.id}", sql, real)
        many_rows(conn, rounds)


if __name__ == "__main__":
    main()
