-- limits: min_wasted_bytes=50000
CREATE EXTENSION pgstattuple;
CREATE TABLE dense (a int, b text) WITH (autovacuum_enabled = false);
INSERT INTO dense SELECT g, repeat('x', 50) FROM generate_series(1, 40000) AS g;
VACUUM dense;
CREATE TABLE fillfactored (a int, b text) WITH (autovacuum_enabled = false, fillfactor = 40);
INSERT INTO fillfactored SELECT g, repeat('x', 30) FROM generate_series(1, 40000) AS g;
VACUUM fillfactored;
CREATE TABLE small (a int) WITH (autovacuum_enabled = false);
INSERT INTO small SELECT generate_series(1, 100);
DELETE FROM small;
CREATE TABLE partitioned (a int) PARTITION BY LIST (a);
CREATE VIEW view AS SELECT 1 AS a;
