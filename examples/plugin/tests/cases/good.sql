-- Described tables, and what is no table of ours to describe.
CREATE TABLE orders (id bigint PRIMARY KEY);
COMMENT ON TABLE orders IS 'What customers have ordered, one row an order.';
CREATE TABLE short (id bigint);
COMMENT ON TABLE short IS '?';
CREATE TABLE events (at timestamptz, what text) PARTITION BY RANGE (at);
COMMENT ON TABLE events IS 'Everything that happened, by year.';
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE VIEW open_orders AS SELECT id FROM orders;
CREATE TEMPORARY TABLE scratch (id bigint);
CREATE SEQUENCE numbers;
