-- finds: public.m
-- finds: "sch.ema ""q"" 100%"."m v; {} %s"
CREATE TABLE guarded (a int);
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE MATERIALIZED VIEW m AS SELECT * FROM guarded;
GRANT SELECT ON m TO PUBLIC;
CREATE SCHEMA "sch.ema ""q"" 100%";
CREATE MATERIALIZED VIEW "sch.ema ""q"" 100%"."m v; {} %s" AS SELECT count(*) FROM guarded;
