-- finds: "sche.ma"."lar""ge %s {x}"
-- finds: public.toasted
-- finds: public.large_index
-- finds: public.beyond_16_tib
-- A size can be planted: relpages is what the last VACUUM wrote.
CREATE SCHEMA "sche.ma";
CREATE TABLE "sche.ma"."lar""ge %s {x}" (a int) WITH (autovacuum_enabled = false);
UPDATE pg_class SET relpages = -1200000000 WHERE oid = '"sche.ma"."lar""ge %s {x}"'::regclass;
CREATE TABLE beyond_16_tib (a int) WITH (autovacuum_enabled = false);
UPDATE pg_class SET relpages = -2 WHERE oid = 'beyond_16_tib'::regclass;
CREATE TABLE toasted (a text) WITH (autovacuum_enabled = false);
UPDATE pg_class SET relpages = -1100000000
 WHERE oid = (SELECT reltoastrelid FROM pg_class WHERE oid = 'toasted'::regclass);
CREATE TABLE t (a int) WITH (autovacuum_enabled = false);
CREATE INDEX large_index ON t (a);
UPDATE pg_class SET relpages = -300000000 WHERE oid = 'large_index'::regclass;
