-- finds: public.of_both
-- finds: public."sta ts %s {x}"
CREATE TABLE t (a int, b int, c int);
INSERT INTO t SELECT g, g, g FROM generate_series(1, 1000) AS g;
ANALYZE t;
CREATE STATISTICS of_both ON a, b FROM t;
CREATE TABLE parted (a int, b int) PARTITION BY RANGE (a);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (10000);
INSERT INTO parted SELECT g, g FROM generate_series(1, 1000) AS g;
ANALYZE parted;
CREATE STATISTICS "sta ts %s {x}" (ndistinct) ON a, b FROM parted;
