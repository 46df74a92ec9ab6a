-- finds: public.deleted
-- finds: "sche.ma"."upd""ated %s {x}"
-- fix: runs
-- (PostgreSQL 14 shows new statistics half a second late: a test of its own sees that VACUUM cures.)
CREATE TABLE deleted (a int) WITH (autovacuum_enabled = false);
INSERT INTO deleted SELECT generate_series(1, 40000);
DELETE FROM deleted WHERE a <= 15000;
CREATE SCHEMA "sche.ma";
CREATE TABLE "sche.ma"."upd""ated %s {x}" (a int, b int) WITH (autovacuum_enabled = false);
INSERT INTO "sche.ma"."upd""ated %s {x}" SELECT g, 0 FROM generate_series(1, 20000) AS g;
UPDATE "sche.ma"."upd""ated %s {x}" SET b = 1;
-- Statistics are sent after a second at the latest, and read half a second later.
SELECT pg_sleep(1.1);
SELECT pg_sleep(0.7);
