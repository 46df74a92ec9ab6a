-- finds: public.loaded
-- finds: "sche.ma"."up""dated %s {x}"
-- fix: runs
CREATE TABLE loaded (a int) WITH (autovacuum_enabled = false);
INSERT INTO loaded SELECT generate_series(1, 20000);
ANALYZE loaded;
CREATE SCHEMA "sche.ma";
CREATE TABLE "sche.ma"."up""dated %s {x}" (a int, b int) WITH (autovacuum_enabled = false);
INSERT INTO "sche.ma"."up""dated %s {x}" SELECT g, 0 FROM generate_series(1, 6000) AS g;
UPDATE "sche.ma"."up""dated %s {x}" SET b = 1;
SELECT pg_sleep(1.1);
SELECT pg_sleep(0.7);
