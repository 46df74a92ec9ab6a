-- Analysed at once: the session's own report of its changes comes after the ANALYZE that saw them.
CREATE TABLE at_once (a int) WITH (autovacuum_enabled = false);
INSERT INTO at_once SELECT generate_series(1, 50000);
ANALYZE at_once;
CREATE TABLE thinned_at_once (a int, b int) WITH (autovacuum_enabled = false);
BEGIN; -- reported together
INSERT INTO thinned_at_once SELECT g, 0 FROM generate_series(1, 50000) AS g;
DELETE FROM thinned_at_once WHERE a % 5 <> 0;
COMMIT;
ANALYZE thinned_at_once;
CREATE TABLE just_due (a int) WITH (autovacuum_enabled = false);
INSERT INTO just_due SELECT generate_series(1, 100000);
CREATE TABLE few (a int) WITH (autovacuum_enabled = false);
INSERT INTO few SELECT generate_series(1, 100);
CREATE TABLE patient (a int) WITH (autovacuum_enabled = false, autovacuum_analyze_scale_factor = 1);
INSERT INTO patient SELECT generate_series(1, 20000);
SELECT pg_sleep(1.1);
ANALYZE just_due;
ANALYZE few;
ANALYZE patient;
DELETE FROM just_due WHERE a <= 15000;
INSERT INTO few SELECT generate_series(1, 9000);
DELETE FROM patient;
-- Never analysed: that is another question.
CREATE TABLE never (a int) WITH (autovacuum_enabled = false);
INSERT INTO never SELECT generate_series(1, 50000);
SELECT pg_sleep(1.1);
SELECT pg_sleep(0.7);
