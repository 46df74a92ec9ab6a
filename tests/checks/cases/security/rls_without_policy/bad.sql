-- finds: public.t
-- finds: "sch.ema ""q"" 100%"."ta ble"
CREATE TABLE t (a int);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE SCHEMA "sch.ema ""q"" 100%";
CREATE TABLE "sch.ema ""q"" 100%"."ta ble" (a int) PARTITION BY LIST (a);
ALTER TABLE "sch.ema ""q"" 100%"."ta ble" ENABLE ROW LEVEL SECURITY;
