-- Few dead rows, a small share, and a table that was vacuumed.
CREATE TABLE few (a int) WITH (autovacuum_enabled = false);
INSERT INTO few SELECT generate_series(1, 9000);
DELETE FROM few;
CREATE TABLE small_share (a int) WITH (autovacuum_enabled = false);
INSERT INTO small_share SELECT generate_series(1, 80000);
DELETE FROM small_share WHERE a <= 12000;
CREATE TABLE vacuumed (a int) WITH (autovacuum_enabled = false);
INSERT INTO vacuumed SELECT generate_series(1, 20000);
DELETE FROM vacuumed;
SELECT pg_sleep(1.1);
VACUUM vacuumed;
SELECT pg_sleep(0.7);
