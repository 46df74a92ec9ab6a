-- finds: "sche.ma"."re""ad %s {x}"
-- limits: min_bytes=100000 min_reads=20000
CREATE SCHEMA "sche.ma";
CREATE TABLE "sche.ma"."re""ad %s {x}" (id int PRIMARY KEY, b text) WITH (autovacuum_enabled = false);
INSERT INTO "sche.ma"."re""ad %s {x}" SELECT g, repeat('x', 100) FROM generate_series(1, 5000) AS g;
ANALYZE "sche.ma"."re""ad %s {x}";
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SELECT count(id) FROM "sche.ma"."re""ad %s {x}", generate_series(1, 40) WHERE id > 0;
SELECT count(id) FROM generate_series(1, 12) AS g, LATERAL (SELECT id FROM "sche.ma"."re""ad %s {x}" WHERE id > g OFFSET 0) AS s;
SELECT pg_sleep(1.1);
SELECT pg_sleep(0.7);
