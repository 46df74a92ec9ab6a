-- Not due, just due, few rows, inserts that do not count, and a TOAST table that goes by its table's parameters.
CREATE TABLE not_due (a int) WITH (autovacuum_enabled = false, autovacuum_vacuum_insert_threshold = -1);
INSERT INTO not_due SELECT generate_series(1, 100000);
VACUUM not_due;
DELETE FROM not_due WHERE a <= 15000;
CREATE TABLE just_due (a int) WITH (autovacuum_enabled = false, autovacuum_vacuum_insert_threshold = -1);
INSERT INTO just_due SELECT generate_series(1, 100000);
VACUUM just_due;
DELETE FROM just_due WHERE a <= 25000;
CREATE TABLE few (a int) WITH (autovacuum_enabled = false);
INSERT INTO few SELECT generate_series(1, 9000);
DELETE FROM few;
CREATE TABLE append_only (a int) WITH (autovacuum_enabled = false, autovacuum_vacuum_insert_threshold = -1);
INSERT INTO append_only SELECT generate_series(1, 50000);
CREATE TABLE patient (a int, b text)
  WITH (autovacuum_enabled = false, autovacuum_vacuum_threshold = 1000000, autovacuum_vacuum_insert_threshold = -1);
ALTER TABLE patient ALTER b SET STORAGE EXTERNAL;
INSERT INTO patient SELECT g, repeat('x', 12000) FROM generate_series(1, 2500) AS g;
DELETE FROM patient;
SELECT pg_sleep(1.1);
SELECT pg_sleep(0.7);
