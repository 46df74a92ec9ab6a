-- finds: public.emptied_a
-- finds: public.emptied_both
-- finds: public.emptied_lower
-- finds: public.repeated_b
-- finds: "sch.ema %"."i""dx %s {x}"
-- limits: min_wasted_bytes=200000
CREATE TABLE emptied (a int, b text) WITH (autovacuum_enabled = false);
INSERT INTO emptied SELECT g, 'text ' || g FROM generate_series(1, 60000) AS g;
CREATE INDEX emptied_a ON emptied (a);
CREATE INDEX emptied_both ON emptied (b, a);
CREATE INDEX emptied_lower ON emptied (lower(b)) WITH (fillfactor = 80);
DELETE FROM emptied WHERE a % 10 <> 0;
-- Few values: deduplication would make it small.
CREATE TABLE repeated (a int, b int) WITH (autovacuum_enabled = false);
INSERT INTO repeated SELECT g, g % 10 FROM generate_series(1, 200000) AS g;
CREATE INDEX repeated_b ON repeated (b);
DELETE FROM repeated WHERE a % 10 <> 3 AND a > 20000;
CREATE SCHEMA "sch.ema %";
CREATE TABLE "sch.ema %"."ta""ble %s {x}" ("co l" uuid) WITH (autovacuum_enabled = false);
INSERT INTO "sch.ema %"."ta""ble %s {x}" SELECT md5(g::text)::uuid FROM generate_series(1, 60000) AS g;
CREATE INDEX "i""dx %s {x}" ON "sch.ema %"."ta""ble %s {x}" ("co l");
DELETE FROM "sch.ema %"."ta""ble %s {x}" WHERE "co l"::text < 'c';
SELECT pg_sleep(1.1);
VACUUM ANALYZE;
SELECT pg_sleep(0.7);
