"""What tests of `propose` and `apply` share: a table of some rows, and a proposal carried out with ann's consent."""

from __future__ import annotations

from pgops.migrations.applying.proposing import propose

TABLES = """
CREATE TABLE orders (id bigint PRIMARY KEY, day date, amount numeric);
INSERT INTO orders SELECT g, '2026-01-01', g FROM generate_series(1, 5000) AS g;
ANALYZE orders;
"""
ADD = "ALTER TABLE orders ADD COLUMN c int"
SQL = """\
CREATE TABLE customers (id bigint PRIMARY KEY, name text NOT NULL);
ALTER TABLE orders ADD COLUMN customer_id bigint,
    ADD CONSTRAINT amount_positive CHECK (amount > 0) NOT VALID;
CREATE INDEX CONCURRENTLY orders_day ON orders (day);
ALTER TABLE orders VALIDATE CONSTRAINT amount_positive;
UPDATE orders SET amount = amount + 1 WHERE id <= 10;
"""


def apply(conn, sql, **how):
    proposal = propose(conn, sql)
    return proposal.apply(conn, approval=proposal.approve(by="ann", note="ticket 7"), **how)
