-- finds: public.dead
-- finds: public.own_trigger
-- finds: public."inser""ted %s {x}"
-- finds: public.toasted
-- fix: runs
CREATE TABLE dead (a int, b int) WITH (autovacuum_enabled = false);
INSERT INTO dead SELECT g, 0 FROM generate_series(1, 20000) AS g;
UPDATE dead SET b = 1;
-- Its own parameters count: these rows are few for the server's.
CREATE TABLE own_trigger (a int)
  WITH (autovacuum_enabled = false, autovacuum_vacuum_insert_threshold = -1,
        autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);
INSERT INTO own_trigger SELECT generate_series(1, 100000);
VACUUM own_trigger;
DELETE FROM own_trigger WHERE a <= 11000;
CREATE TABLE "inser""ted %s {x}" (a int)
  WITH (autovacuum_enabled = false, autovacuum_vacuum_insert_threshold = 100, autovacuum_vacuum_insert_scale_factor = 0);
INSERT INTO "inser""ted %s {x}" SELECT generate_series(1, 12000);
-- Few rows, and most of them in TOAST.
CREATE TABLE toasted (a int, b text) WITH (autovacuum_enabled = false);
ALTER TABLE toasted ALTER b SET STORAGE EXTERNAL;
INSERT INTO toasted SELECT g, repeat('x', 12000) FROM generate_series(1, 2500) AS g;
DELETE FROM toasted;
SELECT pg_sleep(1.1);
SELECT pg_sleep(0.7);
