-- since: 16
-- finds: public.moving
-- finds: "sche.ma"."mo""ving %s {x}"
-- fix: runs
CREATE TABLE moving (id int PRIMARY KEY, b int) WITH (autovacuum_enabled = false);
INSERT INTO moving SELECT g, 0 FROM generate_series(1, 12000) AS g;
UPDATE moving SET b = 1;
CREATE SCHEMA "sche.ma";
CREATE TABLE "sche.ma"."mo""ving %s {x}" (id int PRIMARY KEY, b text) WITH (autovacuum_enabled = false, fillfactor = 95);
INSERT INTO "sche.ma"."mo""ving %s {x}" SELECT g, 'a' FROM generate_series(1, 12000) AS g;
UPDATE "sche.ma"."mo""ving %s {x}" SET b = repeat('b', 200);
SELECT pg_sleep(1.1);
