-- finds: public.t
-- finds: public.for_all
-- finds: public.to_public
-- finds: "sch.ema ""q"" 100%"."ta ble"
CREATE TABLE t (a int);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY one ON t FOR SELECT USING (a = 1);
CREATE POLICY two ON t FOR SELECT USING (a = 2);
CREATE TABLE for_all (a int);
ALTER TABLE for_all ENABLE ROW LEVEL SECURITY;
CREATE POLICY one ON for_all FOR ALL USING (a = 1);
CREATE POLICY two ON for_all FOR INSERT WITH CHECK (a = 2);
CREATE TABLE to_public (a int);
ALTER TABLE to_public ENABLE ROW LEVEL SECURITY;
CREATE POLICY one ON to_public TO pg_monitor USING (a = 1);
CREATE POLICY two ON to_public USING (a = 2);
CREATE SCHEMA "sch.ema ""q"" 100%";
CREATE TABLE "sch.ema ""q"" 100%"."ta ble" (a int);
ALTER TABLE "sch.ema ""q"" 100%"."ta ble" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "o ne" ON "sch.ema ""q"" 100%"."ta ble" TO pg_monitor, pg_signal_backend USING (a = 1);
CREATE POLICY "t wo" ON "sch.ema ""q"" 100%"."ta ble" TO pg_signal_backend USING (a = 1);
