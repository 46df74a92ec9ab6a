-- Far from the end; bigint; no key; of a sequence; hashes; small; never analysed.
CREATE TABLE t (id int PRIMARY KEY, a int, b bigint UNIQUE, c serial UNIQUE);
INSERT INTO t SELECT 1000 + g, 2000000000 + g, 2000000000 + g, 2000000000 + g FROM generate_series(1, 2000) AS g;
CREATE TABLE hashed (id int PRIMARY KEY);
INSERT INTO hashed SELECT hashint4(g) FROM generate_series(1, 2000) AS g;
CREATE SEQUENCE shared;
CREATE TABLE by_default (id int PRIMARY KEY DEFAULT nextval('shared'));
INSERT INTO by_default SELECT 2000000000 + g FROM generate_series(1, 2000) AS g;
CREATE TABLE small (id int PRIMARY KEY);
INSERT INTO small SELECT 2000000000 + g FROM generate_series(1, 20) AS g;
ANALYZE;
CREATE TABLE fresh (id int PRIMARY KEY);
INSERT INTO fresh SELECT 2000000000 + g FROM generate_series(1, 2000) AS g;
-- Before PostgreSQL 17 a partition does not know that its root has an identity.
CREATE TABLE p (id int GENERATED ALWAYS AS IDENTITY, d int, PRIMARY KEY (id, d)) PARTITION BY RANGE (d);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
INSERT INTO p (id, d) OVERRIDING SYSTEM VALUE SELECT 2000000000 + g, 1 FROM generate_series(1, 2000) AS g;
ANALYZE p1;
