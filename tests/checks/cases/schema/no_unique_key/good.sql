CREATE TABLE keyed (a int PRIMARY KEY);
CREATE TABLE unique_null (a int UNIQUE);
CREATE TABLE expression (a text);
CREATE UNIQUE INDEX ON expression (lower(a));
CREATE TABLE excluded (area box, EXCLUDE USING gist (area WITH &&));
CREATE UNLOGGED TABLE passing (a int);
CREATE TEMPORARY TABLE t (a int);
