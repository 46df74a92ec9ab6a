CREATE TABLE orders (id int, day int) PARTITION BY RANGE (day);
CREATE TABLE orders_1 PARTITION OF orders FOR VALUES FROM (0) TO (10);
COMMENT ON TABLE orders IS 'What was ordered';
CREATE VIEW seen AS SELECT id FROM orders;
COMMENT ON VIEW seen IS 'What may be seen';
CREATE TEMPORARY TABLE t (id int);
CREATE SEQUENCE uncommented;
