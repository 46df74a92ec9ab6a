CREATE TABLE analyzed (a int) WITH (autovacuum_enabled = false);
INSERT INTO analyzed SELECT generate_series(1, 5000);
ANALYZE analyzed;
CREATE TABLE small (a int) WITH (autovacuum_enabled = false);
INSERT INTO small SELECT generate_series(1, 500);
CREATE TABLE empty (a int) WITH (autovacuum_enabled = false);
CREATE TABLE partitioned (a int) PARTITION BY LIST (a);
CREATE TABLE part PARTITION OF partitioned FOR VALUES IN (1) WITH (autovacuum_enabled = false);
INSERT INTO partitioned SELECT 1 FROM generate_series(1, 5000);
ANALYZE partitioned;
CREATE TABLE nearly_empty (a int) PARTITION BY LIST (a);
CREATE TABLE its_part PARTITION OF nearly_empty FOR VALUES IN (1) WITH (autovacuum_enabled = false);
INSERT INTO nearly_empty VALUES (1);
-- Analysed, and the counters that knew when are lost.
CREATE TABLE forgotten (a int) WITH (autovacuum_enabled = false);
INSERT INTO forgotten SELECT generate_series(1, 5000);
ANALYZE forgotten;
SELECT pg_sleep(1.1);
SELECT pg_stat_reset_single_table_counters('forgotten'::regclass);
-- Analysed, emptied and filled again: its statistics are old, and there are some.
CREATE TABLE refilled (a int) WITH (autovacuum_enabled = false);
INSERT INTO refilled VALUES (1), (2);
ANALYZE refilled;
TRUNCATE refilled;
INSERT INTO refilled SELECT generate_series(1, 50000);
CREATE TEMPORARY TABLE of_session (a int);
INSERT INTO of_session SELECT generate_series(1, 5000);
SELECT pg_sleep(0.7);
