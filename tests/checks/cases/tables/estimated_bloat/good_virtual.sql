-- since: 18
-- limits: min_wasted_bytes=50000
-- A virtual column is not stored, and has no statistics.
CREATE TABLE virtual (a int, b int GENERATED ALWAYS AS (a * 2) VIRTUAL, c text) WITH (autovacuum_enabled = false);
INSERT INTO virtual (a, c) SELECT g, 'x' FROM generate_series(1, 40000) AS g;
SELECT pg_sleep(1.1);
VACUUM (ANALYZE) virtual;
