-- finds: public.german
-- fix: not run
CREATE COLLATION german (provider = icu, locale = 'de-DE');
CREATE TABLE p (a text COLLATE german) PARTITION BY RANGE (a);
UPDATE pg_catalog.pg_collation SET collversion = '0.1' WHERE collname = 'german';
