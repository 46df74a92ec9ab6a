CREATE EXTENSION btree_gin;
CREATE TABLE t (a int, tags text[], body jsonb);
CREATE INDEX ON t USING gin (a, tags);
CREATE INDEX ON t USING gin (body);
CREATE INDEX ON t (a);
