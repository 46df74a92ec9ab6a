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
