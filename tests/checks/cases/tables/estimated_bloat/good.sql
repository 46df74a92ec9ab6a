-- limits: min_wasted_bytes=50000
-- Dense tables of many shapes: whatever makes rows larger than their columns is no bloat.
CREATE TABLE narrow (a bool) WITH (autovacuum_enabled = false);
INSERT INTO narrow SELECT true FROM generate_series(1, 60000);
CREATE TABLE padded (a bool, b bigint, c bool, d bigint, e bool, f timestamptz, g "char", h int)
  WITH (autovacuum_enabled = false);
INSERT INTO padded SELECT true, g, false, g, true, clock_timestamp(), 'x', g FROM generate_series(1, 40000) AS g;
CREATE TABLE varying (a text, b bigint, c text, d int, e numeric, f smallint, g jsonb) WITH (autovacuum_enabled = false);
INSERT INTO varying SELECT repeat('x', (random() * 60)::int), g, repeat('y', (random() * 200)::int), g, g * 1.5, 1,
  jsonb_build_object('k', g) FROM generate_series(1, 40000) AS g;
CREATE TABLE sparse (a int, b int, c int, d int, e int, f int, g int, h int, i text, j text, k uuid)
  WITH (autovacuum_enabled = false);
INSERT INTO sparse (a, k) SELECT g, CASE WHEN g % 3 = 0 THEN gen_random_uuid() END FROM generate_series(1, 60000) AS g;
-- A third of each page is left free on purpose.
CREATE TABLE fillfactored (a int, b text) WITH (autovacuum_enabled = false, fillfactor = 40);
INSERT INTO fillfactored SELECT g, repeat('x', 30) FROM generate_series(1, 40000) AS g;
CREATE TABLE wide (a int, b text) WITH (autovacuum_enabled = false);
ALTER TABLE wide ALTER b SET STORAGE PLAIN;
INSERT INTO wide SELECT g, repeat('x', 2500) FROM generate_series(1, 1000) AS g;
CREATE TABLE toasted (a int, b text, c text) WITH (autovacuum_enabled = false);
ALTER TABLE toasted ALTER b SET STORAGE EXTERNAL;
INSERT INTO toasted SELECT g, repeat('x', 5000), repeat('y', 300) FROM generate_series(1, 4000) AS g;
CREATE TABLE compressed (a int, b text) WITH (autovacuum_enabled = false);
INSERT INTO compressed SELECT g, repeat('x', 6000) FROM generate_series(1, 20000) AS g;
CREATE TABLE with_dropped (a int, b text, c int) WITH (autovacuum_enabled = false);
ALTER TABLE with_dropped DROP b;
INSERT INTO with_dropped SELECT g, g FROM generate_series(1, 40000) AS g;
CREATE TABLE parent (a int, b text) WITH (autovacuum_enabled = false);
CREATE TABLE child (c int) INHERITS (parent) WITH (autovacuum_enabled = false);
INSERT INTO parent SELECT g, 'x' FROM generate_series(1, 30000) AS g;
INSERT INTO child SELECT g, repeat('x', 100), g FROM generate_series(1, 30000) AS g;
CREATE DOMAIN dom AS numeric(10, 2);
CREATE TYPE pair AS (x int, y text);
CREATE TABLE typed (a dom, b pair, c int[], d tsvector, e inet, f name) WITH (autovacuum_enabled = false);
INSERT INTO typed SELECT g::int, ROW(g, 'z')::pair, ARRAY[g, g + 1], to_tsvector('simple', 'some words ' || g), '10.0.0.1', 'name'
  FROM generate_series(1, 20000) AS g;
SELECT pg_sleep(1.1);
VACUUM ANALYZE;
SELECT pg_sleep(0.7);
