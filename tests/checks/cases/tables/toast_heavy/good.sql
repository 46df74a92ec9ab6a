-- limits: min_toast_bytes=1000000
-- Little in TOAST, as much in the table itself, and nothing.
CREATE TABLE little (a int, b text) WITH (autovacuum_enabled = false);
ALTER TABLE little ALTER b SET STORAGE EXTERNAL;
INSERT INTO little SELECT g, repeat('x', 20000) FROM generate_series(1, 10) AS g;
CREATE TABLE mixed (a int, b text, c text) WITH (autovacuum_enabled = false);
ALTER TABLE mixed ALTER b SET STORAGE EXTERNAL;
INSERT INTO mixed SELECT g, repeat('x', 4000), repeat('y', 1800) FROM generate_series(1, 600) AS g;
CREATE TABLE plain (a int) WITH (autovacuum_enabled = false);
INSERT INTO plain SELECT generate_series(1, 50000);
VACUUM ANALYZE;
SELECT pg_sleep(1.1);
SELECT pg_sleep(0.7);
