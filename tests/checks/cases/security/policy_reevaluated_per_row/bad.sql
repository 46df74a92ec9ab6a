-- finds: public.t.by_setting
-- finds: public.t.by_function
-- finds: public.t.in_check
-- finds: public.t.twice
-- finds: public.t.nested
-- finds: "sch.ema ""q"" 100%"."ta {ble}"."p o; {} %s"
CREATE SCHEMA auth;
CREATE FUNCTION auth.uid() RETURNS int STABLE LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION auth.plus(int) RETURNS int STABLE LANGUAGE sql AS 'SELECT $1';
CREATE TABLE t (a int, owner int);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY by_setting ON t USING (owner = current_setting('app.user', true)::int);
CREATE POLICY by_function ON t FOR SELECT USING (owner = auth.uid());
CREATE POLICY in_check ON t FOR INSERT WITH CHECK (owner = auth.uid());
CREATE POLICY twice ON t USING ((SELECT auth.uid()) = owner OR auth.uid() = a);
CREATE POLICY nested ON t USING (auth.plus(auth.uid()) = owner);
CREATE SCHEMA "sch.ema ""q"" 100%";
CREATE TABLE "sch.ema ""q"" 100%"."ta {ble}" ("c}o{l \ x" int);
ALTER TABLE "sch.ema ""q"" 100%"."ta {ble}" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "p o; {} %s" ON "sch.ema ""q"" 100%"."ta {ble}"
  USING (EXISTS (SELECT FROM "sch.ema ""q"" 100%"."ta {ble}" AS "x}" WHERE "x}"."c}o{l \ x" = 1) OR "c}o{l \ x" = auth.uid());
