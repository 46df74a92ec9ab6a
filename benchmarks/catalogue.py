"""What the catalogue costs on a large schema, against `pg_dump --schema-only` of it, in turns on one machine.

    python benchmarks/catalogue.py [--tables 10000] [--rounds 3] [--only CHECK] [--at CONNINFO] [--top 15]

It builds large_schema.sql twice on a throwaway server, with a tenth of the tables (`small`) and with all (`large`), and
prints medians as ratios to pg_dump's:

- all checks on one connection (at most 0.75 x), and over a pool of four (at most 0.5 x);
- each check alone, the slowest first (at most 8 % of pg_dump's time);
- how each grows from `small` to `large`: time ~ tables ** exponent (at most 1, linear).

`--at` takes a server where an earlier `--keep` left the two databases, so that trying a query costs no building.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import conninfo, sql

import pgops
from pgops.scratch import embedded_binaries, find_binaries, start_server

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMA = Path(__file__).with_name("large_schema.sql")
SETTINGS = {"shared_buffers": "1GB", "autovacuum": "off", "max_locks_per_transaction": "1024"}
ONE_BOUND, POOL_BOUND, EACH_BOUND = 0.75, 0.5, 0.08
POOL = 4
NOISE_S = 0.02
"""A check under this time on the large schema has no exponent that means anything."""


def build(server: str, name: str, tables: int) -> str:
    """A database of that many tables; gives its connection string."""
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    place = conninfo.make_conninfo(server, dbname=name)
    began = time.perf_counter()
    with psycopg.connect(place, autocommit=True) as conn:
        conn.execute(sql.SQL("SET bench.tables = {}").format(sql.Literal(str(tables))))
        pgops.testing.run_script(conn, SCHEMA.read_text(encoding="utf-8"))
        conn.execute("CHECKPOINT")
    print(f"built {name}: {tables} tables in {time.perf_counter() - began:.0f} s", flush=True)
    return place


def dump(place: str) -> None:
    program = embedded_binaries().bindir / "pg_dump"
    target = conninfo.conninfo_to_dict(place)
    environment = {**os.environ, "PGPASSWORD": str(target.pop("password", ""))}
    argv = [program, "--schema-only", "--file", os.devnull, "--dbname", conninfo.make_conninfo(**target)]
    subprocess.run(argv, check=True, env=environment)


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def own_checks() -> list[pgops.Check]:
    """pgops' own that run unasked: a plugin that happens to be installed is timed by its author."""
    return [entry.check for entry in pgops.default_registry() if entry.trusted and not entry.check.opt_in]


def each_check(place: str, chosen: list[str] | list[pgops.Check], rounds: int) -> dict[str, float]:
    """The median seconds of every check, in a run of all."""
    taken: dict[str, list[float]] = {}
    with psycopg.connect(place, autocommit=True) as conn:
        for _ in range(rounds + 1):  # the first fills the caches
            report = pgops.run_checks(conn, chosen)
            for result in report:
                taken.setdefault(result.check, []).append(result.seconds)
    for result in report.failed:
        print(f"FAILED {result.check}: {result.reason}")
    return {check: statistics.median(times[1:]) for check, times in taken.items()}


def whole(place: str, rounds: int) -> None:
    """All checks on one connection and over a pool, against pg_dump, in turns."""
    own = own_checks()
    taken: dict[str, list[float]] = {"pg_dump": [], "one connection": [], f"pool of {POOL}": []}
    with (
        psycopg.connect(place, autocommit=True) as conn,
        pgops.open_pool(url=place, min_size=POOL, max_size=POOL) as pool,
    ):
        pool.wait()
        for _ in range(rounds):
            taken["pg_dump"].append(seconds(lambda: dump(place)))
            taken["one connection"].append(seconds(lambda: pgops.run_checks(conn, own)))
            taken[f"pool of {POOL}"].append(seconds(lambda: pgops.run_checks(pool, own)))
    bounds = {"one connection": ONE_BOUND, f"pool of {POOL}": POOL_BOUND}
    for name, times in taken.items():
        ratio = statistics.median(mine / other for mine, other in zip(times, taken["pg_dump"], strict=True))
        bound = f"at most {bounds[name]} x" if name in bounds else ""
        print(f"  {name:16} {statistics.median(times):7.2f} s  {ratio:5.2f} x  {bound}")


def show_each(
    small: dict[str, float], large: dict[str, float], pg_dump_s: float, times_larger: float, top: int
) -> None:
    print(f"  {'check':44} {'large':>9} {'of pg_dump':>11} {'exponent':>9}")
    for check, taken in sorted(large.items(), key=lambda item: -item[1])[:top]:
        exponent = math.log(taken / small[check]) / math.log(times_larger)
        grows = f"{exponent:9.2f}" if taken >= NOISE_S else f"{'-':>9}"
        over = "  over" if taken > EACH_BOUND * pg_dump_s or (taken >= NOISE_S and exponent > 1.05) else ""
        print(f"  {check:44} {taken * 1e3:6.0f} ms {taken / pg_dump_s:10.1%} {grows}{over}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tables", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", action="append", help="a check, topic or glob; pg_dump and each of these are timed")
    parser.add_argument("--top", type=int, default=20, help="so many of the slowest")
    parser.add_argument("--at", help="a server that holds the databases small and large")
    parser.add_argument("--keep", action="store_true", help="wait with the server until Ctrl-C")
    given = parser.parse_args()
    with ExitStack() as stack:
        if given.at:
            small, large = (conninfo.make_conninfo(given.at, dbname=name) for name in ("small", "large"))
        else:
            server = stack.enter_context(start_server(find_binaries(), settings=SETTINGS)).conninfo()
            small, large = build(server, "small", given.tables // 10), build(server, "large", given.tables)
        if given.keep:
            print(f"--at '{conninfo.make_conninfo(large, dbname='postgres')}'", flush=True)
            try:
                sys.stdin.read() if sys.stdin.isatty() else time.sleep(10**6)
            except KeyboardInterrupt:
                return
        pg_dump_s = statistics.median(seconds(lambda: dump(large)) for _ in range(given.rounds))
        print(f"pg_dump --schema-only of the large one: {pg_dump_s:.2f} s")
        if not given.only:
            print("All checks, in turns with pg_dump")
            whole(large, given.rounds)
        print(f"Each check (at most {EACH_BOUND:.0%} of pg_dump, exponent at most 1)")
        chosen = given.only or own_checks()
        show_each(
            each_check(small, chosen, given.rounds), each_check(large, chosen, given.rounds), pg_dump_s, 10, given.top
        )


if __name__ == "__main__":
    main()
