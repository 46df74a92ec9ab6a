-- finds: public.t_a
-- finds: public.t_c
-- finds: "sch.ema %"."i""dx %s {x}"
-- limits: min_bytes=100000
CREATE TABLE t (id int, a int, c text, e int);
INSERT INTO t SELECT g, CASE WHEN g % 20 = 0 THEN g END, CASE WHEN g % 50 = 0 THEN g::text END, g FROM generate_series(1, 30000) AS g;
CREATE INDEX t_a ON t (a DESC) WITH (fillfactor = 70);
CREATE INDEX t_c ON t (c text_pattern_ops) INCLUDE (e);
CREATE SCHEMA "sch.ema %";
CREATE TABLE "sch.ema %"."ta""ble %s {x}" ("co l" text);
INSERT INTO "sch.ema %"."ta""ble %s {x}" SELECT CASE WHEN g % 20 = 0 THEN g::text END FROM generate_series(1, 30000) AS g;
CREATE INDEX "i""dx %s {x}" ON "sch.ema %"."ta""ble %s {x}" ("co l" COLLATE "C");
ANALYZE;
