-- fix: runs
-- finds: public.alike
-- finds: "sch ema %s".alike
-- finds: public.granted
CREATE FUNCTION alike(text, text) RETURNS real LANGUAGE c AS '$libdir/pg_trgm', 'similarity';
CREATE SCHEMA "sch ema %s";
CREATE FUNCTION "sch ema %s".alike(a text, b text) RETURNS real LANGUAGE c AS '$libdir/pg_trgm', 'similarity';
CREATE FUNCTION granted(text, text) RETURNS real LANGUAGE c AS '$libdir/pg_trgm', 'similarity';
REVOKE EXECUTE ON FUNCTION granted FROM PUBLIC;
