-- finds: public.t
-- finds: "sch.ema ""q"" 100%"."ta ble"
CREATE TABLE t (a int);
CREATE POLICY p ON t USING (a > 0);
CREATE POLICY q ON t FOR SELECT USING (a > 1);
CREATE SCHEMA "sch.ema ""q"" 100%";
CREATE TABLE "sch.ema ""q"" 100%"."ta ble" (a int);
CREATE POLICY "p o" ON "sch.ema ""q"" 100%"."ta ble" USING (a > 0);
ALTER TABLE "sch.ema ""q"" 100%"."ta ble" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "sch.ema ""q"" 100%"."ta ble" DISABLE ROW LEVEL SECURITY;
