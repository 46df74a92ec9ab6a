"""What counting and hashing rows costs: memory at three sizes of a table, and time beside `count(*)` and COPY.

Run it as `python benchmarks/row_hashing.py [rows ...]` (default 100,000 1,000,000 5,000,000); it starts a throwaway
server. Memory is by how much the server process that hashes, and this one, grew at most while it was done (Linux:
RssAnon, so without shared buffers, looked at every 5 ms). It has to be flat: neither side keeps or sorts a row.
"""

from __future__ import annotations

import operator
import os
import statistics
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from pgops.dump.counting.running import count_tables, exported_snapshot
from pgops.scratch import find_binaries, fresh_database, start_server

if TYPE_CHECKING:
    import psycopg

ROUNDS = 3
SETTINGS = {"shared_buffers": "512MB", "fsync": "off", "autovacuum": "off", "max_wal_size": "4GB"}

FILL = """
CREATE TABLE sales AS
SELECT i AS id, i % 1000 AS customer, (i * 1.25)::numeric(12, 2) AS price,
       '2026-01-01'::timestamptz + i * interval '1 second' AS at, md5(i::text) AS note
  FROM generate_series(1, {rows}) AS i
"""


class Memory:
    """The most that a process had of its own during the block, beyond what it had before: RssAnon, in kB."""

    def __init__(self, pid: int) -> None:
        self.status = Path(f"/proc/{pid}/status")
        self.stop = threading.Event()
        self.most = 0

    def now(self) -> int:
        (line,) = (line for line in self.status.read_text().splitlines() if line.startswith("RssAnon:"))
        return int(line.split()[1])

    def watch(self) -> None:
        while not self.stop.wait(0.005):
            self.most = max(self.most, self.now())

    def __enter__(self) -> Memory:
        self.before = self.now()
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join()
        self.grown = max(self.most, self.now()) - self.before


def counted_alone(session: psycopg.Connection) -> float:
    session.execute("SET LOCAL max_parallel_workers_per_gather = 0")
    began = time.perf_counter()
    session.execute("SELECT count(*) FROM public.sales").fetchone()
    return time.perf_counter() - began


def copied(session: psycopg.Connection) -> float:
    """What pg_dump does with it, without a file."""
    began = time.perf_counter()
    with session.cursor() as cursor, cursor.copy("COPY public.sales TO STDOUT") as rows:
        for _ in rows:
            pass
    return time.perf_counter() - began


def main() -> None:
    sizes = [int(each.replace(",", "")) for each in sys.argv[1:]] or [100_000, 1_000_000, 5_000_000]
    heads = ("rows", "table MB", "count(*) s", "hashed s", "COPY s", "x count(*)", "x COPY", "server kB", "client kB")
    print(" ".join(f"{each:>11}" for each in heads))
    with start_server(find_binaries(), settings=SETTINGS) as server:
        for rows in sizes:
            with fresh_database(server) as database, database.connect() as conn:
                conn.execute(FILL.format(rows=rows))
                conn.execute("VACUUM ANALYZE sales")
                size = conn.execute("SELECT pg_table_size('sales')").fetchone()[0]
                with exported_snapshot(conn) as (session, _):
                    alone, hashed, by_copy, server_kb, client_kb = [], [], [], [], []
                    counted_alone(session)
                    copied(session)
                    for _ in range(ROUNDS):  # in turns
                        alone.append(counted_alone(session))
                        by_copy.append(copied(session))
                        with Memory(session.info.backend_pid) as theirs, Memory(os.getpid()) as ours:
                            began = time.perf_counter()
                            assert count_tables(session).tables[0].rows == rows
                            hashed.append(time.perf_counter() - began)
                        server_kb.append(theirs.grown)
                        client_kb.append(ours.grown)
                times = [statistics.median(each) for each in (alone, hashed, by_copy)]
                ratios = [statistics.median(map(operator.truediv, hashed, each)) for each in (alone, by_copy)]
                cells = [f"{rows:,}", f"{size / 2**20:.0f}", *(f"{each:.2f}" for each in (*times, *ratios))]
                print(" ".join(f"{each:>11}" for each in [*cells, f"{max(server_kb):+,}", f"{max(client_kb):+,}"]))


if __name__ == "__main__":
    main()
