-- finds: public.t
-- finds: public.v
-- finds: public.by_column
-- finds: public.guarded
-- finds: "sch.ema ""q"" 100%"."ta ble"
CREATE TABLE t (a int);
GRANT SELECT ON t TO PUBLIC;
CREATE VIEW v AS SELECT * FROM t;
GRANT ALL ON v TO PUBLIC;
CREATE TABLE by_column (a int, b int);
GRANT SELECT (a), UPDATE (b) ON by_column TO PUBLIC;
CREATE TABLE guarded (a int);
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
GRANT INSERT ON guarded TO PUBLIC;
CREATE SCHEMA "sch.ema ""q"" 100%";
CREATE TABLE "sch.ema ""q"" 100%"."ta ble" (a int) PARTITION BY LIST (a);
GRANT SELECT, DELETE ON "sch.ema ""q"" 100%"."ta ble" TO PUBLIC;
