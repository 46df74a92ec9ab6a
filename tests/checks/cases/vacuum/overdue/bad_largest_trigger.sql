-- From PostgreSQL 18 autovacuum_vacuum_max_threshold bounds the trigger of large tables.
-- since: 18
-- finds: public.large
-- fix: runs
CREATE TABLE large (a int)
  WITH (autovacuum_enabled = false, autovacuum_vacuum_insert_threshold = -1, autovacuum_vacuum_max_threshold = 5000);
INSERT INTO large SELECT generate_series(1, 200000);
VACUUM large;
DELETE FROM large WHERE a <= 12000;
CREATE TABLE unbounded (a int)
  WITH (autovacuum_enabled = false, autovacuum_vacuum_insert_threshold = -1, autovacuum_vacuum_max_threshold = -1);
INSERT INTO unbounded SELECT generate_series(1, 200000);
VACUUM unbounded;
DELETE FROM unbounded WHERE a <= 12000;
SELECT pg_sleep(1.1);
SELECT pg_sleep(0.7);
