-- finds: public.grown
-- finds: "sche.ma"."up""dated %s {x}"
-- finds: public.own_trigger
-- finds: public.refilled
-- finds: public.at_once
-- fix: runs
-- Analysed and updated in one go.
CREATE TABLE at_once (a int, b int) WITH (autovacuum_enabled = false);
INSERT INTO at_once SELECT g, 0 FROM generate_series(1, 20000) AS g;
ANALYZE at_once;
UPDATE at_once SET b = 1;
-- TRUNCATE makes reltuples -1, as if it had never been analysed.
CREATE TABLE refilled (a int) WITH (autovacuum_enabled = false);
INSERT INTO refilled VALUES (1), (2);
ANALYZE refilled;
TRUNCATE refilled;
INSERT INTO refilled SELECT generate_series(1, 50000);
CREATE TABLE grown (a int) WITH (autovacuum_enabled = false);
INSERT INTO grown SELECT generate_series(1, 1000);
ANALYZE grown;
SELECT pg_sleep(1.1);
INSERT INTO grown SELECT generate_series(1, 30000);
CREATE SCHEMA "sche.ma";
CREATE TABLE "sche.ma"."up""dated %s {x}" (a int, b int) WITH (autovacuum_enabled = false);
INSERT INTO "sche.ma"."up""dated %s {x}" SELECT g, 0 FROM generate_series(1, 40000) AS g;
ANALYZE "sche.ma"."up""dated %s {x}";
SELECT pg_sleep(1.1);
UPDATE "sche.ma"."up""dated %s {x}" SET b = 1 WHERE a <= 12000;
CREATE TABLE own_trigger (a int)
  WITH (autovacuum_enabled = false, autovacuum_analyze_threshold = 5000, autovacuum_analyze_scale_factor = 0);
INSERT INTO own_trigger SELECT generate_series(1, 200000);
ANALYZE own_trigger;
SELECT pg_sleep(1.1);
DELETE FROM own_trigger WHERE a <= 11000;
SELECT pg_sleep(1.1);
SELECT pg_sleep(0.7);
