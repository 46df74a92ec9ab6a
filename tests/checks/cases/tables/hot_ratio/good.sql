-- Mostly HOT, or too few updates to say.
CREATE TABLE roomy (id int PRIMARY KEY, b int) WITH (autovacuum_enabled = false, fillfactor = 40);
INSERT INTO roomy SELECT g, 0 FROM generate_series(1, 12000) AS g;
UPDATE roomy SET b = 1;
CREATE TABLE few (id int PRIMARY KEY, b int) WITH (autovacuum_enabled = false);
CREATE INDEX ON few (b);
INSERT INTO few SELECT g, 0 FROM generate_series(1, 5000) AS g;
UPDATE few SET b = 1;
CREATE TABLE never (id int PRIMARY KEY, b int) WITH (autovacuum_enabled = false);
INSERT INTO never SELECT g, 0 FROM generate_series(1, 20000) AS g;
SELECT pg_sleep(1.1);
SELECT pg_sleep(0.7);
