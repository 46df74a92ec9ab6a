-- finds: "sche.ma"."docu""ments %s {x}"
-- finds: public.unvacuumed
-- limits: min_toast_bytes=1000000
CREATE SCHEMA "sche.ma";
CREATE TABLE "sche.ma"."docu""ments %s {x}" (a int, b text) WITH (autovacuum_enabled = false);
ALTER TABLE "sche.ma"."docu""ments %s {x}" ALTER b SET STORAGE EXTERNAL;
INSERT INTO "sche.ma"."docu""ments %s {x}" SELECT g, repeat('x', 20000) FROM generate_series(1, 100) AS g;
VACUUM (ANALYZE) "sche.ma"."docu""ments %s {x}";
CREATE TABLE unvacuumed (a int, b text) WITH (autovacuum_enabled = false);
ALTER TABLE unvacuumed ALTER b SET STORAGE EXTERNAL;
INSERT INTO unvacuumed SELECT g, repeat('x', 20000) FROM generate_series(1, 100) AS g;
SELECT pg_sleep(1.1);
SELECT pg_sleep(0.7);
