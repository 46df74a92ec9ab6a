-- finds: public.emptied
-- finds: "sche.ma"."half""empty %s {x}"
-- finds: public.with_nulls
-- finds: public.vacuumed_since
-- finds: public.matview
-- finds: public.at_once
-- limits: min_wasted_bytes=500000
-- All in one go: the session's own report of its changes comes after the ANALYZE that saw them.
CREATE TABLE at_once (a int, b text) WITH (autovacuum_enabled = false);
INSERT INTO at_once SELECT g, repeat('x', 50) FROM generate_series(1, 40000) AS g;
DELETE FROM at_once WHERE a % 5 <> 0;
VACUUM (ANALYZE) at_once;
-- Most rows are gone, and VACUUM has found out.
CREATE TABLE emptied (a int, b text) WITH (autovacuum_enabled = false);
INSERT INTO emptied SELECT g, repeat('x', 50) FROM generate_series(1, 40000) AS g;
DELETE FROM emptied WHERE a % 5 <> 0;
-- VACUUM has counted its rows, and ANALYZE was there before.
CREATE TABLE vacuumed_since (a int, b text) WITH (autovacuum_enabled = false);
INSERT INTO vacuumed_since SELECT g, repeat('x', 50) FROM generate_series(1, 40000) AS g;
ANALYZE vacuumed_since;
DELETE FROM vacuumed_since WHERE a % 5 <> 0;
CREATE SCHEMA "sche.ma";
CREATE TABLE "sche.ma"."half""empty %s {x}" (a int, b text, c numeric) WITH (autovacuum_enabled = false, fillfactor = 90);
INSERT INTO "sche.ma"."half""empty %s {x}" SELECT g, repeat('x', 40), g FROM generate_series(1, 40000) AS g;
DELETE FROM "sche.ma"."half""empty %s {x}" WHERE a % 2 = 0;
CREATE TABLE with_nulls (a int, b bigint, c text, d timestamptz, e bool, f jsonb, "g %s" uuid)
  WITH (autovacuum_enabled = false);
INSERT INTO with_nulls SELECT g, CASE WHEN g % 2 = 0 THEN g END, 'some text', clock_timestamp(), true, '{"a": 1}'
  FROM generate_series(1, 40000) AS g;
DELETE FROM with_nulls WHERE a % 10 > 3;
-- Refreshed concurrently it changes in place.
CREATE TABLE source (a int, b int);
INSERT INTO source SELECT g, 0 FROM generate_series(1, 60000) AS g;
CREATE MATERIALIZED VIEW matview AS SELECT a, b, repeat('x', 20) AS c FROM source;
CREATE UNIQUE INDEX ON matview (a);
DELETE FROM source WHERE a % 4 <> 0;
VACUUM FULL source;
ANALYZE source;
REFRESH MATERIALIZED VIEW CONCURRENTLY matview;
-- A session reports what it changed after a second at the latest; ANALYZE is to come after that.
SELECT pg_sleep(1.1);
VACUUM vacuumed_since;
VACUUM (ANALYZE) emptied;
VACUUM (ANALYZE) "sche.ma"."half""empty %s {x}";
VACUUM (ANALYZE) with_nulls;
VACUUM (ANALYZE) matview;
SELECT pg_sleep(0.7);
