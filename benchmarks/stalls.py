"""How long a plain SELECT is held up by a change of its table: carried out as written, and in the safe form by `apply`.

Run it as `python benchmarks/stalls.py [scale]` (default 20: 2,000,000 rows). pgbench writes all the while, another
session reads in transactions of 1.5 seconds, which is what a waiting ALTER queues behind, and a prober measures the
longest SELECT of one row by key. The bound is the lock timeout, 0.3 s, and what the machine adds to a SELECT while
nothing is changed.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import psycopg

from pgops.migrations.applying.proposing import propose
from pgops.scratch import embedded_binaries, start_server

LOCK_TIMEOUT_S = 0.3
ROUNDS_S = 1.5
"""How long the other session's transactions are."""

# Name, SQL before both forms, as it is written without thought, and the form that the lint rule offers.
CASES = (
    (
        "index",
        "DROP INDEX IF EXISTS by_balance",
        "CREATE INDEX by_balance ON pgbench_accounts (abalance, filler)",
        "CREATE INDEX CONCURRENTLY by_balance ON pgbench_accounts (abalance, filler)",
    ),
    (
        "reindex",
        "",
        "REINDEX INDEX pgbench_accounts_pkey",
        "REINDEX INDEX CONCURRENTLY pgbench_accounts_pkey",
    ),
    (
        "check",
        "ALTER TABLE pgbench_accounts DROP CONSTRAINT IF EXISTS c",
        "ALTER TABLE pgbench_accounts ADD CONSTRAINT c CHECK (length(filler) < 1000)",
        "ALTER TABLE pgbench_accounts ADD CONSTRAINT c CHECK (length(filler) < 1000) NOT VALID; COMMIT;"
        " ALTER TABLE pgbench_accounts VALIDATE CONSTRAINT c",
    ),
    (
        "foreign key",
        "ALTER TABLE pgbench_accounts DROP CONSTRAINT IF EXISTS f",
        "ALTER TABLE pgbench_accounts ADD CONSTRAINT f FOREIGN KEY (bid) REFERENCES pgbench_branches",
        "ALTER TABLE pgbench_accounts ADD CONSTRAINT f FOREIGN KEY (bid) REFERENCES pgbench_branches NOT VALID; COMMIT;"
        " ALTER TABLE pgbench_accounts VALIDATE CONSTRAINT f",
    ),
    (
        "not null",
        "ALTER TABLE pgbench_accounts ALTER bid DROP NOT NULL, DROP CONSTRAINT IF EXISTS n",
        "ALTER TABLE pgbench_accounts ALTER bid SET NOT NULL",
        "ALTER TABLE pgbench_accounts ADD CONSTRAINT n CHECK (bid IS NOT NULL) NOT VALID; COMMIT;"
        " ALTER TABLE pgbench_accounts VALIDATE CONSTRAINT n; COMMIT;"
        " ALTER TABLE pgbench_accounts ALTER bid SET NOT NULL",
    ),
    (
        "unique",
        "ALTER TABLE pgbench_accounts DROP CONSTRAINT IF EXISTS u",
        "ALTER TABLE pgbench_accounts ADD CONSTRAINT u UNIQUE (aid, bid)",
        "CREATE UNIQUE INDEX CONCURRENTLY u ON pgbench_accounts (aid, bid);"
        " ALTER TABLE pgbench_accounts ADD CONSTRAINT u UNIQUE USING INDEX u",
    ),
    (
        "column, volatile default",
        "ALTER TABLE pgbench_accounts DROP COLUMN IF EXISTS r",
        "ALTER TABLE pgbench_accounts ADD COLUMN r float8 DEFAULT random()",
        "ALTER TABLE pgbench_accounts ADD COLUMN r float8; ALTER TABLE pgbench_accounts ALTER r SET DEFAULT random()",
    ),
    (
        "column behind a reader",
        "ALTER TABLE pgbench_accounts DROP COLUMN IF EXISTS q",
        "ALTER TABLE pgbench_accounts ADD COLUMN q int",
        "ALTER TABLE pgbench_accounts ADD COLUMN q int",
    ),
    (
        "drop index",
        "DROP INDEX IF EXISTS d; CREATE INDEX d ON pgbench_accounts (bid)",
        "DROP INDEX d",
        "DROP INDEX CONCURRENTLY d",
    ),
    (
        "materialized view",
        "CREATE MATERIALIZED VIEW IF NOT EXISTS m AS"
        " SELECT aid, bid, abalance FROM pgbench_accounts WHERE aid <= 200000;"
        " CREATE UNIQUE INDEX IF NOT EXISTS m_aid ON m (aid)",
        "REFRESH MATERIALIZED VIEW m",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY m",
    ),
)


class Prober:
    """Longest SELECT since it was last asked, in seconds."""

    def __init__(self, conninfo: str) -> None:
        self.longest = 0.0
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.probe, args=(conninfo,), daemon=True)
        self.thread.start()

    def probe(self, conninfo: str) -> None:
        with psycopg.connect(conninfo, autocommit=True) as conn:
            while not self.stop.wait(0.002):
                for query in ("SELECT abalance FROM pgbench_accounts WHERE aid = 1", self.also):
                    if query:
                        began = time.perf_counter()
                        conn.execute(query)
                        self.longest = max(self.longest, time.perf_counter() - began)

    also = ""

    def during(self, work) -> float:
        time.sleep(0.2)  # a SELECT that waited for what came before has ended by now
        self.longest = 0.0
        work()
        time.sleep(0.1)
        return self.longest


def read_slowly(conninfo: str, stop: threading.Event) -> None:
    """Transactions that keep ACCESS SHARE for a while, as a report does."""
    with psycopg.connect(conninfo) as conn:
        while not stop.is_set():
            conn.execute("SELECT aid FROM pgbench_accounts LIMIT 1")
            stop.wait(ROUNDS_S)
            conn.rollback()
            stop.wait(0.1)


@contextmanager
def at_work(bindir, server, database):
    """pgbench with two clients, and a session that reads in long transactions."""
    conninfo = server.conninfo(database)
    stop = threading.Event()
    reader = threading.Thread(target=read_slowly, args=(conninfo, stop), daemon=True)
    command = [bindir / "pgbench", "-n", "-c", "2", "-T", "3600", "-h", server.host, "-p", str(server.port)]
    command += ["-U", server.superuser, database]
    pgbench = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    reader.start()
    try:
        yield
    finally:
        pgbench.terminate()
        pgbench.wait()
        stop.set()
        reader.join()


def main() -> None:
    scale = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    binaries = embedded_binaries(18)
    with start_server(binaries, settings={"max_wal_size": "4GB", "shared_buffers": "512MB"}) as server:
        options = ["-h", server.host, "-p", str(server.port), "-U", server.superuser]
        initialise = [binaries.bindir / "pgbench", "-i", "-q", "-s", str(scale), *options, "postgres"]
        subprocess.run(initialise, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        prober = Prober(server.conninfo("postgres"))
        with server.connect("postgres", autocommit=True) as conn, at_work(binaries.bindir, server, "postgres"):
            quiet = prober.during(lambda: time.sleep(3))
            print(f"{scale * 100_000:,} rows; the longest SELECT while nothing is changed: {quiet * 1000:.0f} ms")
            print(f"lock timeout {LOCK_TIMEOUT_S * 1000:.0f} ms; longest SELECT of one row, in ms:\n")
            print(f"{'':26}{'as written':>12}{'safe form':>12}{'seconds':>10}{'tries':>8}")
            worst = 0.0
            for name, before, unsafe, safe in CASES:
                run(conn, before)
                prober.also = "SELECT abalance FROM m WHERE aid = 1" if name == "materialized view" else ""
                as_written = prober.during(lambda unsafe=unsafe: conn.execute(unsafe))
                run(conn, before)
                began = time.perf_counter()
                tries: list[int] = []
                held_up = prober.during(lambda safe=safe, tries=tries: tries.append(carried_out(conn, safe)))
                seconds = time.perf_counter() - began
                worst = max(worst, held_up)
                print(f"{name:26}{as_written * 1000:12.0f}{held_up * 1000:12.0f}{seconds:10.1f}{tries[0]:8}")
                prober.also = ""
        prober.stop.set()
        prober.thread.join()
    bound = LOCK_TIMEOUT_S + quiet
    said = f"bound {bound * 1000:.0f} ms (lock timeout and a quiet SELECT)"
    print(f"\nlongest stall of a safe form: {worst * 1000:.0f} ms, {said}")


def run(conn: psycopg.Connection, sql: str) -> None:
    """What clears the ground. It waits for the readers like anybody else."""
    for statement in filter(None, (each.strip() for each in sql.split(";"))):
        conn.execute(statement)


def carried_out(conn: psycopg.Connection, sql: str) -> int:
    conn.execute("DROP SCHEMA IF EXISTS pgops CASCADE")  # each case is carried out anew
    proposal = propose(conn, sql)
    record = proposal.apply(conn, approval=proposal.approve(by="benchmark"), lock_timeout_s=LOCK_TIMEOUT_S)
    return max(each["attempts"] for each in record.details["statements"])


if __name__ == "__main__":
    main()
