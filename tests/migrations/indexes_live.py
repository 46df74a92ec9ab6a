"""Cases of lint that need a catalogue, and the database of each: what both stories about indexes share."""

from __future__ import annotations

from contextlib import contextmanager

import attrs

from pgops.findings import Severity
from pgops.scratch import fresh_database


@attrs.frozen(kw_only=True)
class Live:
    """SQL on a database that `setup` has made and in which no table is small, unless `rows` says so."""

    rule: str
    sql: str
    setup: str
    says: tuple[str, ...] = ()
    severity: Severity | None = None
    no_fix: bool = False
    rows: float = 1e7
    since: int = 14
    until: int = 18
    same: bool = True
    """Whether what is offered leaves the same indexes and constraints as `sql`, which can be carried out too."""


PARTITIONS = """
CREATE SCHEMA "P";
CREATE TABLE customers (id bigint PRIMARY KEY);
INSERT INTO customers VALUES (1);
CREATE TABLE events (day date NOT NULL, customer_id bigint, kind text) PARTITION BY RANGE (day);
CREATE TABLE "P"."events ""2026"" x" PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE events_2027 PARTITION OF events FOR VALUES FROM ('2027-01-01') TO ('2028-01-01') PARTITION BY LIST (kind);
CREATE TABLE events_2027_all PARTITION OF events_2027 DEFAULT;
INSERT INTO events VALUES ('2026-05-05', 1, 'a'), ('2027-05-05', 1, 'b');
"""
ORDERS = """
CREATE TABLE customers (id bigint PRIMARY KEY);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint, day date, state text);
"""
WITH_INDEX = ORDERS + "CREATE INDEX orders_day ON orders (day);"


@contextmanager
def prepared(server, live):
    with fresh_database(server) as database, database.connect(autocommit=True) as conn:
        conn.execute(live.setup)
        conn.execute(
            f"UPDATE pg_catalog.pg_class SET reltuples = {live.rows} WHERE relkind IN ('r', 'm') AND oid >= 16384"
        )
        yield conn
