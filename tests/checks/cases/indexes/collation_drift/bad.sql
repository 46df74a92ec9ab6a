-- finds: public.insensitive
-- finds: "sch.ema %"."co ll %s"
-- finds: public.german
CREATE SCHEMA "sch.ema %";
CREATE COLLATION "sch.ema %"."co ll %s" (provider = icu, locale = 'und');
CREATE COLLATION german (provider = icu, locale = 'de-DE');
CREATE TABLE t (id int, a text COLLATE "sch.ema %"."co ll %s", b text, c text);
CREATE INDEX "i""dx %s {x}" ON t (a);
CREATE INDEX t_b ON t (b COLLATE german) WHERE b > 'a';
CREATE COLLATION insensitive (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE h (c text COLLATE insensitive);
CREATE INDEX h_c ON h USING hash (c);
CREATE EXTENSION btree_gist;
ALTER TABLE t ADD CONSTRAINT t_exclusive EXCLUDE USING gist (c COLLATE german WITH =);
UPDATE pg_catalog.pg_collation SET collversion = '0.1' WHERE collname IN ('co ll %s', 'german', 'insensitive');
