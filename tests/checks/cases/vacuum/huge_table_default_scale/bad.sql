-- finds: "sche.ma"."hu""ge %s {x}"
-- finds: public.larger
-- finds: public.matview
-- A size can be planted: reltuples is what the last ANALYZE wrote.
CREATE SCHEMA "sche.ma";
CREATE TABLE "sche.ma"."hu""ge %s {x}" (a int);
UPDATE pg_class SET reltuples = 30000000 WHERE oid = '"sche.ma"."hu""ge %s {x}"'::regclass;
CREATE TABLE larger (a int) WITH (autovacuum_analyze_scale_factor = 0.01);
UPDATE pg_class SET reltuples = 5e9 WHERE oid = 'larger'::regclass;
CREATE MATERIALIZED VIEW matview AS SELECT 1 AS a;
UPDATE pg_class SET reltuples = 30000000 WHERE oid = 'matview'::regclass;
