-- finds: public.emptied_a
-- finds: "sch.ema %"."i""dx %s {x}"
-- limits: min_wasted_bytes=200000
CREATE EXTENSION pgstattuple;
CREATE TABLE emptied (a int, b text) WITH (autovacuum_enabled = false);
INSERT INTO emptied SELECT g, 'text ' || g FROM generate_series(1, 60000) AS g;
CREATE INDEX emptied_a ON emptied (a);
DELETE FROM emptied WHERE a % 10 <> 0;
VACUUM emptied;
CREATE SCHEMA "sch.ema %";
CREATE TABLE "sch.ema %"."ta""ble %s {x}" ("co l" uuid) WITH (autovacuum_enabled = false);
INSERT INTO "sch.ema %"."ta""ble %s {x}" SELECT md5(g::text)::uuid FROM generate_series(1, 60000) AS g;
CREATE INDEX "i""dx %s {x}" ON "sch.ema %"."ta""ble %s {x}" ("co l");
DELETE FROM "sch.ema %"."ta""ble %s {x}" WHERE "co l"::text < 'c';
VACUUM "sch.ema %"."ta""ble %s {x}";
