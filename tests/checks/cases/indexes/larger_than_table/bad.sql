-- finds: public.t_id
-- finds: public.t_trigrams
-- finds: "sch.ema %"."i""dx %s {x}"
-- limits: min_bytes=200000
-- fix: not run
CREATE TABLE t (id int, b text) WITH (autovacuum_enabled = false);
INSERT INTO t SELECT g, 'x' FROM generate_series(1, 40000) AS g;
CREATE INDEX t_id ON t (id) WITH (fillfactor = 30);
CREATE EXTENSION pg_trgm;
CREATE INDEX t_trigrams ON t USING gist ((md5(id::text)) gist_trgm_ops);
CREATE SCHEMA "sch.ema %";
CREATE TABLE "sch.ema %"."ta""ble %s {x}" ("co l" int) WITH (autovacuum_enabled = false);
INSERT INTO "sch.ema %"."ta""ble %s {x}" SELECT g FROM generate_series(1, 40000) AS g;
CREATE INDEX "i""dx %s {x}" ON "sch.ema %"."ta""ble %s {x}" ("co l", md5("co l"::text));
VACUUM ANALYZE;
