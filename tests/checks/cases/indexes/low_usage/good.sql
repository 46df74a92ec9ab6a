-- limits: min_bytes=100000 min_window_days=0.0
-- Never read (another check's), read often enough, unique, behind a foreign key, built after the writes came.
CREATE TABLE owner (id int PRIMARY KEY);
INSERT INTO owner VALUES (1);
CREATE TABLE t (a int PRIMARY KEY, b int, c int UNIQUE, d int REFERENCES owner, e int);
CREATE INDEX t_b ON t (b);
CREATE INDEX t_d ON t (d);
CREATE INDEX t_e ON t (e);
INSERT INTO t SELECT g, g, g, 1, g FROM generate_series(1, 30000) AS g;
ANALYZE;
SET enable_seqscan = off;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SELECT count(*) FROM t WHERE c = 5;
SELECT count(*) FROM t WHERE d = 5;
SELECT count(*) FROM generate_series(1, 100) AS g CROSS JOIN LATERAL (SELECT a FROM t WHERE b = g OFFSET 0) AS s;
SELECT pg_sleep(1.1);
SELECT pg_sleep(0.7);
