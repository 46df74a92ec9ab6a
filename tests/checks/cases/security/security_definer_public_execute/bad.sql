-- finds: public.plain
-- finds: public.granted
-- finds: public.work
-- finds: hidden.inside
-- finds: "sch.ema ""q"" 100%"."f n; {} %s"
CREATE FUNCTION plain(a int, b text DEFAULT 'x') RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = '' AS 'SELECT 1';
CREATE FUNCTION granted() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
REVOKE ALL ON FUNCTION granted() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION granted() TO PUBLIC;
CREATE PROCEDURE work(INOUT a int) LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN a := 1; END';
CREATE SCHEMA hidden;
CREATE FUNCTION hidden.inside() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
CREATE SCHEMA "sch.ema ""q"" 100%";
CREATE FUNCTION "sch.ema ""q"" 100%"."f n; {} %s"("a b" int) RETURNS SETOF int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
