CREATE EXTENSION pg_trgm;
CREATE TABLE t (a int, b int, c text, d text, e point, f int4range);
CREATE INDEX ON t (a);
CREATE INDEX ON t USING hash (a);
CREATE INDEX ON t USING brin (a);
CREATE INDEX ON t USING brin (a) WITH (pages_per_range = 8);
CREATE INDEX ON t (a DESC);
CREATE INDEX ON t (a NULLS FIRST);
CREATE UNIQUE INDEX ON t (a);
CREATE INDEX ON t (a) WHERE b > 0;
CREATE INDEX ON t (a) WHERE b > 1;
CREATE INDEX ON t (a) INCLUDE (b);
CREATE INDEX ON t (a, b);
CREATE INDEX ON t (b, a);
CREATE INDEX ON t (c);
CREATE INDEX ON t (c COLLATE "C");
CREATE INDEX ON t (c text_pattern_ops);
CREATE INDEX ON t (lower(c));
CREATE INDEX ON t (upper(c));
CREATE INDEX ON t (lower(d));
CREATE INDEX ON t USING gist (c gist_trgm_ops (siglen = 32));
CREATE INDEX ON t USING gist (c gist_trgm_ops (siglen = 64));
CREATE INDEX ON t USING gist (c gist_trgm_ops);
CREATE INDEX ON t USING gin (c gin_trgm_ops);
-- a check at commit is not one at once
CREATE TABLE deferred (a int);
ALTER TABLE deferred ADD UNIQUE (a) DEFERRABLE;
CREATE UNIQUE INDEX ON deferred (a);
-- not valid: invalid_index tells of it
CREATE INDEX broken_1 ON t (d);
CREATE INDEX broken_2 ON t (d);
UPDATE pg_index SET indisvalid = FALSE WHERE indexrelid = 'broken_2'::regclass;
-- columns 1 and 11, 1 2 and 12
CREATE TABLE many (c1 int, c2 int, c3 int, c4 int, c5 int, c6 int, c7 int, c8 int, c9 int, c10 int, c11 int, c12 int);
CREATE INDEX ON many (c1);
CREATE INDEX ON many (c11);
CREATE INDEX ON many (c1, c2);
CREATE INDEX ON many (c12);
-- the same names in two schemas
CREATE SCHEMA a;
CREATE SCHEMA b;
CREATE TABLE a.t (id int);
CREATE TABLE b.t (id int);
CREATE INDEX same ON a.t (id);
CREATE INDEX same ON b.t (id);
CREATE TEMPORARY TABLE passing (a int);
CREATE INDEX ON passing (a);
CREATE INDEX ON passing (a);
