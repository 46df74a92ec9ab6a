-- finds: public.t.everything
-- finds: public.t.inserted
-- finds: public.t.updated
-- finds: public.t.deleted
-- finds: public.u.same_number
-- finds: public.u.same_text
-- finds: "sch.ema ""q"" 100%"."ta ble"."p o; {} %s"
CREATE TABLE t (a int);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY everything ON t USING (true);
CREATE POLICY inserted ON t FOR INSERT WITH CHECK (true);
CREATE POLICY updated ON t FOR UPDATE USING (a > 0) WITH CHECK (true);
CREATE POLICY deleted ON t FOR DELETE USING (true);
CREATE TABLE u (a int);
ALTER TABLE u ENABLE ROW LEVEL SECURITY;
CREATE POLICY same_number ON u USING (1 = 1) WITH CHECK (a > 0);
CREATE POLICY same_text ON u FOR DELETE USING ('x'::text = 'x'::text);
CREATE SCHEMA "sch.ema ""q"" 100%";
CREATE TABLE "sch.ema ""q"" 100%"."ta ble" (a int);
ALTER TABLE "sch.ema ""q"" 100%"."ta ble" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "p o; {} %s" ON "sch.ema ""q"" 100%"."ta ble" USING (true);
