-- finds: public.emptied
-- finds: public.dead
-- finds: "sche.ma"."toa""sted %s {x}"
-- limits: min_wasted_bytes=500000
CREATE EXTENSION pgstattuple;
CREATE TABLE emptied (a int, b text) WITH (autovacuum_enabled = false);
INSERT INTO emptied SELECT g, repeat('x', 50) FROM generate_series(1, 40000) AS g;
DELETE FROM emptied WHERE a % 5 <> 0;
VACUUM emptied;
-- Nobody vacuumed it, and nobody analysed it.
CREATE TABLE dead (a int, b text) WITH (autovacuum_enabled = false);
INSERT INTO dead SELECT g, repeat('x', 50) FROM generate_series(1, 40000) AS g;
DELETE FROM dead WHERE a % 5 <> 0;
CREATE SCHEMA "sche.ma";
CREATE TABLE "sche.ma"."toa""sted %s {x}" (a int, b text) WITH (autovacuum_enabled = false);
ALTER TABLE "sche.ma"."toa""sted %s {x}" ALTER b SET STORAGE EXTERNAL;
INSERT INTO "sche.ma"."toa""sted %s {x}" SELECT g, repeat('x', 8000) FROM generate_series(1, 300) AS g;
DELETE FROM "sche.ma"."toa""sted %s {x}" WHERE a % 3 <> 0;
VACUUM "sche.ma"."toa""sted %s {x}";
