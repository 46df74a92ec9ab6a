-- finds: public.plain
-- finds: public.plain
-- finds: public.secret
-- finds: public.work
-- finds: public.fired
-- finds: public.timed_out
-- finds: "sch.ema ""q"" 100%"."f n; {} %s"
CREATE FUNCTION plain() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
CREATE FUNCTION plain(a int, VARIADIC b text[]) RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
CREATE FUNCTION secret() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
REVOKE ALL ON FUNCTION secret() FROM PUBLIC;
CREATE PROCEDURE work(INOUT a int) LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN a := 1; END';
CREATE FUNCTION fired() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN NEW; END';
CREATE FUNCTION timed_out() RETURNS int LANGUAGE sql SECURITY DEFINER SET statement_timeout = '1s' AS 'SELECT 1';
CREATE SCHEMA "sch.ema ""q"" 100%";
CREATE TYPE "sch.ema ""q"" 100%"."t.y" AS (a int);
CREATE FUNCTION "sch.ema ""q"" 100%"."f n; {} %s"("a b" "sch.ema ""q"" 100%"."t.y") RETURNS int
  LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN 1; END';
