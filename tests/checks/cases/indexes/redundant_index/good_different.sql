CREATE TABLE t (a int, b int, c text, d int);
CREATE INDEX ON t (a, b);
CREATE INDEX ON t (b, a);
CREATE INDEX ON t (a DESC);
CREATE INDEX ON t (a NULLS FIRST);
CREATE INDEX ON t USING hash (a);
CREATE INDEX ON t USING brin (a);
CREATE INDEX ON t (a) WHERE b > 0;
CREATE INDEX ON t (d) INCLUDE (c);
CREATE INDEX ON t (d) INCLUDE (a, b);
CREATE INDEX ON t (c COLLATE "C");
CREATE INDEX ON t (c, a);
CREATE INDEX ON t (lower(c));
CREATE INDEX ON t (lower(c || 'x'), a);
CREATE INDEX ON t USING gin (to_tsvector('simple', c));

-- a unique index also enforces something
CREATE TABLE enforced (a int, b int, c int);
CREATE UNIQUE INDEX ON enforced (a) INCLUDE (b);
CREATE UNIQUE INDEX ON enforced (a, b);
CREATE UNIQUE INDEX ON enforced (b);
CREATE INDEX ON enforced (b, c);
CREATE TABLE keyed (a int PRIMARY KEY, b int);
CREATE INDEX ON keyed (a, b);

-- INCLUDE is not key: (a) INCLUDE (b) can't stand for (a, b)
CREATE TABLE covering (a int, b int);
CREATE INDEX ON covering (a, b);
CREATE UNIQUE INDEX ON covering (a) INCLUDE (b);

-- an equal index is a duplicate, not this check's business
CREATE TABLE twice (a int);
CREATE INDEX ON twice (a);
CREATE INDEX ON twice (a);

-- clustered on, not valid
CREATE TABLE clustered (a int, b int);
CREATE INDEX clustered_a ON clustered (a);
CREATE INDEX ON clustered (a, b);
ALTER TABLE clustered CLUSTER ON clustered_a;
CREATE TABLE broken (a int, b int);
CREATE INDEX ON broken (a);
CREATE INDEX broken_a_b ON broken (a, b);
UPDATE pg_index SET indisvalid = FALSE WHERE indexrelid = 'broken_a_b'::regclass;

-- numbers 1 and 10 begin alike, names id and id_type too
CREATE TABLE many (id int, id_type int, c3 int, c4 int, c5 int, c6 int, c7 int, c8 int, c9 int, c10 int, c11 int);
CREATE INDEX ON many (id);
CREATE INDEX ON many (id_type);
CREATE INDEX ON many (c10, c11);
CREATE INDEX ON many (c11, id);
