-- What was committed asynchronously is visible to all only once its WAL is on the disk.
SET synchronous_commit = on;
CREATE TABLE vacuumed (a int) WITH (autovacuum_enabled = false);
INSERT INTO vacuumed SELECT generate_series(1, 20000);
SELECT pg_sleep(1.1);
VACUUM vacuumed;
-- Vacuumed, and what knew of it is lost.
CREATE TABLE forgotten (a int) WITH (autovacuum_enabled = false);
INSERT INTO forgotten SELECT generate_series(1, 20000);
SELECT pg_sleep(1.1);
VACUUM forgotten;
SELECT pg_stat_reset_single_table_counters('forgotten'::regclass);
INSERT INTO forgotten SELECT generate_series(1, 20000);
CREATE TABLE small (a int) WITH (autovacuum_enabled = false);
INSERT INTO small SELECT generate_series(1, 5000);
SELECT pg_sleep(1.1);
SELECT pg_sleep(0.7);
