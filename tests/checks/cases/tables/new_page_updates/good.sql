-- since: 16
CREATE TABLE roomy (id int PRIMARY KEY, b int) WITH (autovacuum_enabled = false, fillfactor = 40);
INSERT INTO roomy SELECT g, 0 FROM generate_series(1, 12000) AS g;
UPDATE roomy SET b = 1;
-- Not HOT, but on its page.
CREATE TABLE indexed (id int PRIMARY KEY, b int) WITH (autovacuum_enabled = false, fillfactor = 40);
CREATE INDEX ON indexed (b);
INSERT INTO indexed SELECT g, 0 FROM generate_series(1, 12000) AS g;
UPDATE indexed SET b = 1;
CREATE TABLE few (id int PRIMARY KEY, b int) WITH (autovacuum_enabled = false);
INSERT INTO few SELECT g, 0 FROM generate_series(1, 5000) AS g;
UPDATE few SET b = 1;
SELECT pg_sleep(1.1);
