-- finds: public.t
-- finds: public.p
-- finds: "sch.ema %"."ta""ble %s {x}"
-- limits: info_count=3
CREATE TABLE t (a int PRIMARY KEY, b int UNIQUE, c int, d int);
CREATE INDEX ON t (c);
CREATE INDEX ON t (d);
CREATE TABLE p (a int, b int, c int) PARTITION BY RANGE (a);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
CREATE INDEX ON p (a);
CREATE INDEX ON p (b);
CREATE INDEX ON p (c);
CREATE SCHEMA "sch.ema %";
CREATE MATERIALIZED VIEW "sch.ema %"."ta""ble %s {x}" AS SELECT 1 AS a, 2 AS b, 3 AS c;
CREATE INDEX ON "sch.ema %"."ta""ble %s {x}" (a);
CREATE INDEX ON "sch.ema %"."ta""ble %s {x}" (b);
CREATE INDEX ON "sch.ema %"."ta""ble %s {x}" (c);
