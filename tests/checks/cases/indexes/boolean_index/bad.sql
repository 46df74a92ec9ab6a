-- finds: public.t_rare
-- finds: public.t_mostly
-- finds: public.t_half
-- finds: public.unknown_b
-- finds: public.p_b
-- finds: "sch.ema %"."i""dx %s {x}"
-- limits: min_bytes=100000
CREATE TABLE t (rare bool, mostly bool, half bool);
INSERT INTO t SELECT g % 100 = 0, g % 100 <> 0, g % 2 = 0 FROM generate_series(1, 30000) AS g;
CREATE INDEX t_rare ON t (rare);
CREATE INDEX t_mostly ON t USING hash (mostly);
CREATE INDEX t_half ON t (half);
CREATE SCHEMA "sch.ema %";
CREATE TABLE "sch.ema %"."ta""ble %s {x}" ("co l" bool);
INSERT INTO "sch.ema %"."ta""ble %s {x}" SELECT true FROM generate_series(1, 30000) AS g;
CREATE INDEX "i""dx %s {x}" ON "sch.ema %"."ta""ble %s {x}" ("co l");
CREATE TABLE p (id int, b bool) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (15000);
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (15000) TO (40000);
INSERT INTO p SELECT g, g % 20 = 0 FROM generate_series(1, 30000) AS g;
CREATE INDEX p_b ON p (b);
ANALYZE;
CREATE TABLE unknown (b bool);
INSERT INTO unknown SELECT true FROM generate_series(1, 30000) AS g;
CREATE INDEX unknown_b ON unknown (b);
