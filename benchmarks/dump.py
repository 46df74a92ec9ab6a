"""What a dump through pgops costs: against pg_dump called by hand, in turns, custom format; and a verified one.

Run it as `python benchmarks/dump.py [rounds] [megabytes]`; it starts a throwaway server of the newest version that has
a pg_dump beside it, and fills one database (1,000 MB) with tables as applications have them: numbers, times, texts and
JSON. Ratios of medians of whole calls are what counts. `verified` counts and hashes each table in pg_dump's snapshot,
while pg_dump reads it.
"""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from pgops.dump import dump_database
from pgops.programs import PG_DUMP, ChildConnection, find_program
from pgops.scratch import embedded_binaries, fresh_database, start_server

if TYPE_CHECKING:
    from collections.abc import Callable

    from pgops.scratch import ScratchDatabase

BOUND, BOUND_VERIFIED = 1.05, 2.0

FILL = """
CREATE TABLE customers (id bigint PRIMARY KEY, name text, mail text, since timestamptz, settings jsonb);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint, placed_at timestamptz, total numeric(12, 2), note text);
CREATE TABLE events (id bigint, at timestamptz, kind text, payload jsonb);
INSERT INTO customers SELECT g, 'Customer ' || g, md5(g::text) || '@example.com', now() - g * interval '1 minute',
       jsonb_build_object('language', 'en', 'tags', ARRAY[md5(g::text), md5((g + 1)::text)])
  FROM generate_series(1, {each} / 4) AS g;
INSERT INTO orders SELECT g, g % 100000, now() - g * interval '1 second', g % 99999 / 7.0, repeat(md5(g::text), 2)
  FROM generate_series(1, {each}) AS g;
INSERT INTO events SELECT g, now() - g * interval '1 second', 'kind ' || g % 20,
       jsonb_build_object('user', g % 1000, 'path', '/' || md5(g::text), 'agent', repeat(md5((g % 100)::text), 4))
  FROM generate_series(1, {each}) AS g;
VACUUM ANALYZE;
"""
ROWS_PER_MB = 2_150


def filled(database: ScratchDatabase, megabytes: int) -> int:
    """Fill it, and give its size in bytes."""
    with database.connect() as conn:
        for statement in FILL.format(each=megabytes * ROWS_PER_MB).split(";"):
            if statement.strip():
                conn.execute(statement)
        return conn.execute("SELECT pg_database_size(current_database())").fetchone()[0]


def in_turns(rounds: int, contenders: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name in random.sample(list(contenders), len(contenders)):
            began = time.perf_counter()
            contenders[name]()
            taken[name].append(time.perf_counter() - began)
    return taken


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    megabytes = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    with (
        start_server(embedded_binaries(18), settings={"max_wal_size": "8GB"}) as server,
        fresh_database(server) as database,
        tempfile.TemporaryDirectory() as folder,
    ):
        size = filled(database, megabytes)
        with database.connect() as conn:
            child = ChildConnection.like(conn, application="by hand")
            program = find_program(PG_DUMP, server=child.server_major, target=child.target)
            target = Path(folder) / "shop.dump"

            def by_hand() -> None:
                argv = [program.path, "--format=custom", f"--file={target}", f"--dbname={child.argument}"]
                subprocess.run(argv, check=True, capture_output=True)

            taken = in_turns(
                rounds,
                {
                    "pg_dump": by_hand,
                    "pgops": lambda: dump_database(conn, target, overwrite=True),
                    "pgops, verified": lambda: dump_database(conn, target, overwrite=True, verify=True),
                },
            )
        base = statistics.median(taken["pg_dump"])
        print(f"A database of {size / 1e6:,.0f} MB, {program}, custom format, {rounds} rounds in turns")
        print(f"{'':20}{'median s':>10}{'min s':>10}{'ratio':>8}{'bound':>8}")
        for name, times in taken.items():
            bound = {"pgops": BOUND, "pgops, verified": BOUND_VERIFIED}.get(name)
            shown = f"{bound:8.2f}" if bound else ""
            middle = statistics.median(times)
            print(f"{name:20}{middle:10.2f}{min(times):10.2f}{middle / base:8.2f}{shown}")


if __name__ == "__main__":
    main()
