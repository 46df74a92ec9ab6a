-- limits: min_wasted_bytes=200000
-- Fresh; filled in random order; as full as its fillfactor; deduplicated; with NULL; wide; of numbers that vary.
CREATE TABLE t (a int, b text, c uuid, d int, e bool, f numeric, g timestamptz, h text) WITH (autovacuum_enabled = false);
CREATE INDEX t_random ON t (c);
CREATE INDEX t_in_order ON t (a);
INSERT INTO t SELECT g, 'text ' || g, md5(g::text)::uuid, CASE WHEN g % 2 = 0 THEN g END, g % 2 = 0, g * 1.5,
                     clock_timestamp(), repeat('x', g % 100)
  FROM generate_series(1, 60000) AS g;
CREATE INDEX t_fresh ON t (b);
CREATE INDEX t_loose ON t (a) WITH (fillfactor = 50);
CREATE INDEX t_with_nulls ON t (d);
CREATE INDEX t_deduplicated ON t (e);
CREATE INDEX t_not_deduplicated ON t (e) WITH (deduplicate_items = off);
CREATE INDEX t_numbers ON t (f, g);
CREATE INDEX t_wide ON t (h, b, c) INCLUDE (d);
CREATE INDEX t_part ON t (b) WHERE a > 30000;
CREATE UNIQUE INDEX t_unique ON t (lower(b), a);
-- Nearly all is NULL, and the index holds the rest.
CREATE TABLE sparse (a text) WITH (autovacuum_enabled = false);
INSERT INTO sparse SELECT CASE WHEN g % 20 = 0 THEN repeat('x', 60) || g END FROM generate_series(1, 400000) AS g;
CREATE INDEX sparse_a ON sparse (a) WHERE a IS NOT NULL;
SELECT pg_sleep(1.1);
VACUUM ANALYZE;
SELECT pg_sleep(0.7);
