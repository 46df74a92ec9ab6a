-- finds: public.orders
-- finds: public.customers
-- finds: public.events
-- finds: legacy.orders
-- A table without a comment, one with a comment on a column only, one whose comment is white space, a partitioned one.
CREATE TABLE orders (id bigint PRIMARY KEY);
CREATE TABLE customers (id bigint PRIMARY KEY);
COMMENT ON COLUMN customers.id IS 'As in the register of customers.';
CREATE TABLE events (at timestamptz, what text) PARTITION BY RANGE (at);
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE SCHEMA legacy;
CREATE TABLE legacy.orders (id bigint);
COMMENT ON TABLE legacy.orders IS E' \t\n';
-- The same name in two schemas, and only one of them described.
CREATE TABLE legacy.customers (id bigint);
COMMENT ON TABLE legacy.customers IS 'As of the old shop, until 2024.';
