-- finds: public.loaded
-- finds: "sche.ma"."ind""exed %s {x}"
-- finds: public.vacuumed_only
-- finds: public.partitioned
-- finds: public.upgraded
CREATE TABLE loaded (a int) WITH (autovacuum_enabled = false);
INSERT INTO loaded SELECT generate_series(1, 5000);
-- CREATE INDEX writes the number of rows, and no statistics.
CREATE SCHEMA "sche.ma";
CREATE TABLE "sche.ma"."ind""exed %s {x}" (a int) WITH (autovacuum_enabled = false);
INSERT INTO "sche.ma"."ind""exed %s {x}" SELECT generate_series(1, 5000);
CREATE INDEX ON "sche.ma"."ind""exed %s {x}" (a);
CREATE TABLE vacuumed_only (a int) WITH (autovacuum_enabled = false);
INSERT INTO vacuumed_only SELECT generate_series(1, 5000);
VACUUM vacuumed_only;
-- Autovacuum looks after partitions, never after the whole.
CREATE TABLE partitioned (a int) PARTITION BY RANGE (a);
CREATE TABLE part1 PARTITION OF partitioned FOR VALUES FROM (0) TO (3000) WITH (autovacuum_enabled = false);
CREATE TABLE part2 PARTITION OF partitioned FOR VALUES FROM (3000) TO (6000) WITH (autovacuum_enabled = false);
INSERT INTO partitioned SELECT generate_series(1, 5000);
ANALYZE part1;
ANALYZE part2;
SELECT pg_sleep(1.1);
-- After pg_upgrade nobody has counted anything.
CREATE TABLE upgraded (a int) WITH (autovacuum_enabled = false);
INSERT INTO upgraded SELECT generate_series(1, 50000);
SELECT pg_sleep(1.1);
SELECT pg_stat_reset_single_table_counters('upgraded'::regclass);
SELECT pg_sleep(0.7);
