-- limits: min_bytes=100000 min_reads=20000
-- Vacuumed, written as much as it is read, hardly read, and small.
-- What was committed asynchronously is visible to all only once its WAL is on the disk.
SET synchronous_commit = on;
CREATE TABLE vacuumed (id int PRIMARY KEY, b text) WITH (autovacuum_enabled = false);
INSERT INTO vacuumed SELECT g, repeat('x', 100) FROM generate_series(1, 5000) AS g;
CREATE TABLE written (id int PRIMARY KEY, b text) WITH (autovacuum_enabled = false);
INSERT INTO written SELECT g, repeat('x', 100) FROM generate_series(1, 20000) AS g;
ANALYZE written;
CREATE TABLE hardly_read (id int PRIMARY KEY, b text) WITH (autovacuum_enabled = false);
INSERT INTO hardly_read SELECT g, repeat('x', 100) FROM generate_series(1, 5000) AS g;
ANALYZE hardly_read;
CREATE TABLE small (id int PRIMARY KEY, b text) WITH (autovacuum_enabled = false);
INSERT INTO small SELECT g, repeat('x', 10) FROM generate_series(1, 500) AS g;
ANALYZE small;
VACUUM (ANALYZE) vacuumed;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SELECT count(id) FROM generate_series(1, 12) AS g, LATERAL (SELECT id FROM vacuumed WHERE id > g OFFSET 0) AS s;
SELECT count(id) FROM generate_series(1, 2) AS g, LATERAL (SELECT id FROM written WHERE id > g OFFSET 0) AS s;
SELECT count(id) FROM generate_series(1, 60) AS g, LATERAL (SELECT id FROM small WHERE id > g OFFSET 0) AS s;
SELECT pg_sleep(1.1);
SELECT pg_sleep(0.7);
