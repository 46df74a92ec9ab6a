-- finds: public.t_state
-- finds: public.t_skewed
-- finds: "sch.ema %"."i""dx %s {x}"
-- fix: runs
CREATE TABLE t (state text, skewed int);
INSERT INTO t SELECT 'state ' || g % 5, CASE WHEN g % 3 = 0 THEN 0 ELSE g END FROM generate_series(1, 30000) AS g;
CREATE INDEX t_state ON t USING hash (state);
CREATE INDEX t_skewed ON t USING hash (skewed) WHERE state <> 'state 3';
CREATE SCHEMA "sch.ema %";
CREATE TABLE "sch.ema %"."ta""ble %s {x}" ("co l" int);
INSERT INTO "sch.ema %"."ta""ble %s {x}" SELECT g % 5 FROM generate_series(1, 30000) AS g;
CREATE INDEX "i""dx %s {x}" ON "sch.ema %"."ta""ble %s {x}" USING hash ("co l");
ANALYZE;
