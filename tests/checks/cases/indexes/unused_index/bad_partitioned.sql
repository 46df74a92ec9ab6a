-- finds: public.t_a_idx
-- limits: min_window_days=0.0 min_bytes=1000000
-- Each part is smaller than the limit, their sum is not; the other index was read in one partition.
CREATE TABLE t (a int, b int, day int) PARTITION BY RANGE (day);
CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (0) TO (10);
CREATE TABLE t_2 PARTITION OF t FOR VALUES FROM (10) TO (20) PARTITION BY RANGE (day);
CREATE TABLE t_2_1 PARTITION OF t_2 FOR VALUES FROM (10) TO (20);
INSERT INTO t SELECT n, n, n % 20 FROM generate_series(1, 60000) AS n;
CREATE INDEX t_a_idx ON t (a);
CREATE INDEX t_b_idx ON t (b);
SET enable_seqscan = off;
SELECT count(*) FROM t_2_1 WHERE b = 7;
SELECT pg_sleep(0.7);  -- 14 sends its counters to a collector, at most twice a second
