-- finds: public.t_scattered.scattered
-- finds: public.t_both.scattered
-- finds: "sch.ema %"."i""dx %s {x}"."co l"
-- limits: min_pages=50
CREATE TABLE t (ordered int, scattered int);
INSERT INTO t SELECT g, hashint4(g) FROM generate_series(1, 30000) AS g;
CREATE INDEX t_scattered ON t USING brin (scattered);
CREATE INDEX t_both ON t USING brin (ordered, scattered int4_minmax_multi_ops);
CREATE SCHEMA "sch.ema %";
CREATE TABLE "sch.ema %"."ta""ble %s {x}" ("co l" text);
INSERT INTO "sch.ema %"."ta""ble %s {x}" SELECT md5(g::text) FROM generate_series(1, 30000) AS g;
CREATE INDEX "i""dx %s {x}" ON "sch.ema %"."ta""ble %s {x}" USING brin ("co l");
ANALYZE;
