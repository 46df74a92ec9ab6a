-- since: 16
-- finds: public.read_once
-- limits: min_window_days=0.0 idle_days=0.0
CREATE TABLE t (a int);
INSERT INTO t SELECT n FROM generate_series(1, 80000) AS n;
CREATE INDEX read_once ON t (a);
SET enable_seqscan = off;
SELECT count(*) FROM t WHERE a = 7;
SELECT pg_sleep(0.7);  -- 14 sends its counters to a collector, at most twice a second
