-- As recorded; changed and used by no index; changed and used for equality alone.
CREATE COLLATION as_it_was (provider = icu, locale = 'und');
CREATE COLLATION changed (provider = icu, locale = 'de-DE');
CREATE COLLATION hashed (provider = icu, locale = 'fr-FR');
CREATE TABLE t (a text COLLATE as_it_was, b text COLLATE changed, c text COLLATE hashed);
CREATE INDEX ON t (a);
CREATE INDEX ON t USING hash (c);
UPDATE pg_catalog.pg_collation SET collversion = '0.1' WHERE collname IN ('changed', 'hashed');
-- Lists go by equality.
CREATE COLLATION listed (provider = icu, locale = 'es-ES');
CREATE TABLE p (a text COLLATE listed) PARTITION BY LIST (a);
UPDATE pg_catalog.pg_collation SET collversion = '0.1' WHERE collname = 'listed';
