-- finds: public.t_id
-- limits: min_bytes=200000
-- VACUUM gives the end of the table back, of the index nothing: rebuilt it is small.
CREATE TABLE t (id int) WITH (autovacuum_enabled = false);
INSERT INTO t SELECT g FROM generate_series(1, 60000) AS g;
CREATE INDEX t_id ON t (id);
DELETE FROM t WHERE id > 5000;
VACUUM ANALYZE t;
