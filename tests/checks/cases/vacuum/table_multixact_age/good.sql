CREATE FUNCTION pg_temp.multixact_of_age(age bigint) RETURNS xid LANGUAGE sql
RETURN (((SELECT next_multixact_id FROM pg_control_checkpoint())::text::bigint + 4294967296 - age) % 4294967296)::text::xid;
CHECKPOINT;
CREATE TABLE young (a int);
CREATE TABLE sawtooth (a int);
UPDATE pg_class SET relminmxid = pg_temp.multixact_of_age(410000000) WHERE oid = 'sawtooth'::regclass;
CREATE TABLE own_setting (a int) WITH (autovacuum_multixact_freeze_max_age = 100000);
UPDATE pg_class SET relminmxid = pg_temp.multixact_of_age(110000) WHERE oid = 'own_setting'::regclass;
-- 0 is no multixact at all.
CREATE TABLE zero (a int);
UPDATE pg_class SET relminmxid = '0' WHERE oid = 'zero'::regclass;
CREATE TABLE partitioned (a int) PARTITION BY LIST (a);
