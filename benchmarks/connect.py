"""What `pgops.connect` costs: against `psycopg.connect` to the same server, in turns, over a socket and over TCP.

Run it as `python benchmarks/connect.py [rounds]`; it starts a throwaway server. Medians; the ratios are what counts.

- `psycopg, url` and `psycopg, profile` are the bases: psycopg.connect of the same conninfo, for a profile that of
  `pgops.resolve(...).conninfo()`, which says every keyword so that libpq asks no environment.
- `pgops, url` and `pgops, profile` are `pgops.connect`. `config loaded` is given a config that was read before; else
  the reading of postgres.toml is part of it. `planning` is the share before anything connects: which database is
  meant, and with which settings.
- `psycopg, settings` says what the server's side of our session costs: psycopg with the startup options, name and
  keepalives that pgops sends, against psycopg without. What `pgops, url` takes above that line is our own Python. A
  URL without a password is parsed once in a process; one with a password each time, a tenth of a millisecond, as the
  lines over TCP have it.
- There is no further round trip on this route: a server of PostgreSQL 14 or later reports
  default_transaction_read_only by itself, so the proof that the session is read-only comes with the greeting. The last
  block counts it: statements that the server saw from a connection that was opened and closed.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

import pgops
from pgops.db.planning import plan
from pgops.scratch import find_binaries, start_server

if TYPE_CHECKING:
    from collections.abc import Callable

    from pgops.scratch import ScratchServer

BOUND = 1.1
ENV: dict[str, str] = {}

PROFILE = """\
[configuration]
schema_version = 1
[database.local]
url = '''{conninfo}'''
"""


def in_turns(rounds: int, contenders: dict[str, Callable[[], object]]) -> dict[str, float]:
    """The median seconds of each. In every round in another order: the server still clears up after the one before."""
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name in random.sample(list(contenders), len(contenders)):
            began = time.perf_counter()
            contenders[name]()
            taken[name].append(time.perf_counter() - began)
    return {name: statistics.median(times) for name, times in taken.items()}


def measure(title: str, conninfo: str, rounds: int, folder: Path) -> None:
    config = folder / "postgres.toml"
    config.write_text(PROFILE.format(conninfo=conninfo))
    loaded = pgops.load_config(config)
    session = plan(url=conninfo, env=ENV).first.target.reveal()
    stated = pgops.resolve("local", config=loaded, env=ENV).conninfo()
    taken = in_turns(
        rounds,
        {
            "psycopg, url": lambda: psycopg.connect(conninfo).close(),
            "psycopg, settings": lambda: psycopg.connect(session).close(),
            "pgops, url": lambda: pgops.connect(url=conninfo, env=ENV).close(),
            "  planning, url": lambda: plan(url=conninfo, env=ENV).first,
            "psycopg, profile": lambda: psycopg.connect(stated).close(),
            "pgops, config loaded": lambda: pgops.connect("local", config=loaded, env=ENV).close(),
            "pgops, profile": lambda: pgops.connect("local", config=config, env=ENV).close(),
            "  planning, loaded": lambda: plan("local", config=loaded, env=ENV).first,
            "  planning, profile": lambda: plan("local", config=config, env=ENV).first,
        },
    )
    print(title)
    for name, seconds in taken.items():
        base = taken["psycopg, profile" if name.endswith(("profile", "loaded")) else "psycopg, url"]
        bound = f"  at most {BOUND} x" if name in {"pgops, url", "pgops, config loaded"} else ""
        print(f"  {name:20} {seconds * 1e6:7.0f} us  {seconds / base:5.2f} x{bound}")


def count_statements(server: ScratchServer) -> None:
    with server.connect() as conn:
        conn.execute("ALTER SYSTEM SET log_statement = 'all'")
        conn.execute("SELECT pg_reload_conf()")
        before = server.log.read_text().count("statement: ")
        pgops.connect(url=server.conninfo(), env=ENV).close()
        conn.execute("SELECT 1")  # comes behind whatever that connection said
        seen = server.log.read_text().count("statement: ") - before - 1
    print(f"statements that the server saw from pgops.connect: {seen}")


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with start_server(find_binaries(), tcp=True) as server, tempfile.TemporaryDirectory() as folder:
        measure("over a Unix socket, trust", server.conninfo(), rounds, Path(folder))
        measure("over TCP, scram-sha-256", server.conninfo(host="127.0.0.1"), rounds, Path(folder))
        count_statements(server)


if __name__ == "__main__":
    main()
