-- finds: public.never_read
-- finds: public.seen_b
-- finds: public.filtered
-- limits: min_window_days=0.0
CREATE TABLE t (a int PRIMARY KEY, b int, c int UNIQUE, d int);
INSERT INTO t SELECT n, n, n, n FROM generate_series(1, 80000) AS n;
CREATE INDEX never_read ON t (b);
CREATE INDEX filtered ON t (d) WHERE b > 0;
CREATE INDEX small ON t (d) WHERE b > 79990;
CREATE UNIQUE INDEX enforced ON t (d);
CREATE MATERIALIZED VIEW seen AS SELECT * FROM t;
CREATE INDEX seen_b ON seen (b);
