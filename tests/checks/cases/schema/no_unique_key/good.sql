CREATE TABLE keyed (a int PRIMARY KEY);
CREATE TABLE unique_null (a int UNIQUE);
CREATE TABLE expression (a text);
CREATE UNIQUE INDEX ON expression (lower(a));
CREATE TABLE excluded (area box, EXCLUDE USING gist (area WITH &&));
CREATE UNLOGGED TABLE passing (a int);
CREATE TEMPORARY TABLE t (a int);
-- equal rows lie in the same partition
CREATE TABLE by_parts (a int, b int) PARTITION BY RANGE (a);
CREATE TABLE by_parts_1 PARTITION OF by_parts (PRIMARY KEY (b)) FOR VALUES FROM (0) TO (9);
CREATE TABLE by_parts_2 PARTITION OF by_parts FOR VALUES FROM (9) TO (19) PARTITION BY RANGE (b);
CREATE TABLE by_parts_2_1 PARTITION OF by_parts_2 (UNIQUE (a)) FOR VALUES FROM (0) TO (9);
CREATE TABLE by_parts_3 PARTITION OF by_parts DEFAULT PARTITION BY LIST (b);
CREATE UNIQUE INDEX ON by_parts_3 (b);
