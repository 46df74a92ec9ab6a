-- finds: public.indexed
-- finds: "sche.ma"."fu""ll %s {x}"
CREATE TABLE indexed (id int PRIMARY KEY, state int, "at %s" int) WITH (autovacuum_enabled = false, fillfactor = 50);
CREATE INDEX "indexed""state %s" ON indexed (state);
INSERT INTO indexed SELECT g, 0, 0 FROM generate_series(1, 12000) AS g;
UPDATE indexed SET state = 1;
CREATE SCHEMA "sche.ma";
CREATE TABLE "sche.ma"."fu""ll %s {x}" (id int PRIMARY KEY, b int) WITH (autovacuum_enabled = false);
INSERT INTO "sche.ma"."fu""ll %s {x}" SELECT g, 0 FROM generate_series(1, 12000) AS g;
UPDATE "sche.ma"."fu""ll %s {x}" SET b = 1;
SELECT pg_sleep(1.1);
SELECT pg_sleep(0.7);
