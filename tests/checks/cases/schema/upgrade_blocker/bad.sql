-- finds: public.calls.function
-- finds: public.calls.functions
-- finds: public.calls.wrapped
-- finds: public.calls.pair
-- finds: public.calls.system
-- finds: public."ca lls %s {x}"."con.fig"
-- finds: public.calls_function_idx.function
CREATE DOMAIN wrapped AS regprocedure;
CREATE TYPE inner_pair AS (a int, b regoper);
CREATE TYPE pair AS (a int, b inner_pair[]);
CREATE TABLE calls (id int, function regproc, functions regproc[], wrapped wrapped, pair pair, system pg_catalog.pg_class);
CREATE INDEX ON calls (function);
CREATE TABLE "ca lls %s {x}" ("con.fig" regconfig);
