CREATE TABLE usual (a text);
CREATE TABLE explicitly_on (a text) WITH (autovacuum_enabled = on, toast.autovacuum_enabled = true);
CREATE TABLE other_parameters (a text) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.1);
CREATE TEMPORARY TABLE of_session (a int) WITH (autovacuum_enabled = false);
CREATE VIEW view WITH (security_barrier) AS SELECT 1 AS a;
