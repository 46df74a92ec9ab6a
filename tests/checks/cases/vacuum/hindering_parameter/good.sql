CREATE TABLE usual (a text);
CREATE TABLE cleaned (a int PRIMARY KEY) WITH (vacuum_index_cleanup = on);
CREATE TABLE automatic (a int PRIMARY KEY) WITH (vacuum_index_cleanup = auto);
-- Wise where readers suffer from the lock that it takes.
CREATE TABLE untruncated (a int PRIMARY KEY) WITH (vacuum_truncate = off);
CREATE TABLE small (a int) WITH (autovacuum_vacuum_threshold = 100000);
INSERT INTO small SELECT generate_series(1, 5000);
CREATE TABLE eager (a int) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
INSERT INTO eager SELECT generate_series(1, 20000);
ANALYZE;
