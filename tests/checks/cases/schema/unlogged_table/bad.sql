-- finds: public.cache
-- finds: public."Ca che ""q"" %s {x}"
CREATE UNLOGGED TABLE cache (id int GENERATED ALWAYS AS IDENTITY, "serial" serial);
CREATE UNLOGGED TABLE "Ca che ""q"" %s {x}" (id int);
INSERT INTO cache SELECT FROM generate_series(1, 100);
