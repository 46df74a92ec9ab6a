-- finds: public.uncleaned
-- finds: "sche.ma"."toast""uncleaned %s {x}"
-- finds: public.matview
-- finds: public.distant
-- finds: public.high_scale
CREATE TABLE uncleaned (a int PRIMARY KEY) WITH (vacuum_index_cleanup = off);
CREATE SCHEMA "sche.ma";
CREATE TABLE "sche.ma"."toast""uncleaned %s {x}" (a text) WITH (toast.vacuum_index_cleanup = FALSE);
CREATE MATERIALIZED VIEW matview WITH (vacuum_index_cleanup = 0) AS SELECT 1 AS a;
CREATE TABLE distant (a int) WITH (autovacuum_vacuum_threshold = 2000000000);
INSERT INTO distant SELECT generate_series(1, 20000);
CREATE TABLE high_scale (a int) WITH (autovacuum_vacuum_scale_factor = 2.5);
INSERT INTO high_scale SELECT generate_series(1, 20000);
ANALYZE;
