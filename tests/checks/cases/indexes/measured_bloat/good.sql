-- limits: min_wasted_bytes=200000
CREATE EXTENSION pgstattuple;
CREATE TABLE t (a int, b uuid) WITH (autovacuum_enabled = false);
CREATE INDEX t_random ON t (b);
INSERT INTO t SELECT g, md5(g::text)::uuid FROM generate_series(1, 60000) AS g;
CREATE INDEX t_fresh ON t (a);
CREATE INDEX t_loose ON t (a) WITH (fillfactor = 50);
CREATE TABLE empty (a int PRIMARY KEY);
