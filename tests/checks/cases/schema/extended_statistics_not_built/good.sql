CREATE TABLE t (a int, b int, c int);
INSERT INTO t SELECT g, g, g FROM generate_series(1, 1000) AS g;
CREATE STATISTICS of_both ON a, b FROM t;
ANALYZE t;
CREATE STATISTICS unwanted ON b, c FROM t;
ALTER STATISTICS unwanted SET STATISTICS 0;
CREATE TABLE empty (a int, b int);
CREATE STATISTICS of_nothing ON a, b FROM empty;
