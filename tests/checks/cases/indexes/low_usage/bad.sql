-- finds: public.t_b
-- finds: public.p_b
-- finds: "sch.ema %"."i""dx %s {x}"
-- limits: min_bytes=100000 min_window_days=0.0
-- fix: not run
CREATE TABLE t (a int PRIMARY KEY, b int);
CREATE INDEX t_b ON t (b);
INSERT INTO t SELECT g, g FROM generate_series(1, 30000) AS g;
CREATE TABLE p (a int, b int) PARTITION BY RANGE (a);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (15000);
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (15000) TO (40000);
CREATE INDEX p_b ON p (b);
INSERT INTO p SELECT g, g FROM generate_series(1, 30000) AS g;
CREATE SCHEMA "sch.ema %";
CREATE TABLE "sch.ema %"."ta""ble %s {x}" ("co l" int);
CREATE INDEX "i""dx %s {x}" ON "sch.ema %"."ta""ble %s {x}" ("co l");
INSERT INTO "sch.ema %"."ta""ble %s {x}" SELECT g FROM generate_series(1, 30000) AS g;
ANALYZE;
SET enable_seqscan = off;
SELECT count(*) FROM t WHERE b = 5;
SELECT count(*) FROM p WHERE b = 5;
SELECT count(*) FROM "sch.ema %"."ta""ble %s {x}" WHERE "co l" = 5;
SELECT pg_sleep(1.1);
SELECT pg_sleep(0.7);
