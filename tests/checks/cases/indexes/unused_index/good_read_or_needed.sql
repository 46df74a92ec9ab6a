-- limits: min_window_days=0.0
CREATE TABLE t (a int PRIMARY KEY, b int UNIQUE, c int, d int, e int NOT NULL, f int, g int);
INSERT INTO t SELECT n, n, n, n, n, n, n FROM generate_series(1, 80000) AS n;
CREATE UNIQUE INDEX ON t (c);
CREATE UNIQUE INDEX identity ON t (e);
ALTER TABLE t REPLICA IDENTITY USING INDEX identity;
CREATE INDEX clustered ON t (f);
ALTER TABLE t CLUSTER ON clustered;
CREATE INDEX broken ON t (g);
UPDATE pg_index SET indisvalid = FALSE WHERE indexrelid = 'broken'::regclass;
ALTER TABLE t ADD EXCLUDE USING btree (d WITH =);
CREATE TABLE busy (a int);
INSERT INTO busy SELECT n FROM generate_series(1, 80000) AS n;
CREATE INDEX ON busy (a);
SET enable_seqscan = off;
SELECT count(*) FROM busy WHERE a = 7;
SELECT pg_sleep(0.7);  -- 14 sends its counters to a collector, at most twice a second
