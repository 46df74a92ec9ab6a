-- finds: public.warned
-- finds: "sche.ma"."crit""ical %s {x}"
-- finds: public.toasted
-- finds: public.own_setting
-- fix: not run
-- An age can be planted: a table's oldest multixact may be older than any row in it.
CREATE FUNCTION pg_temp.multixact_of_age(age bigint) RETURNS xid LANGUAGE sql
RETURN (((SELECT next_multixact_id FROM pg_control_checkpoint())::text::bigint + 4294967296 - age) % 4294967296)::text::xid;
CHECKPOINT;
CREATE TABLE warned (a int);
UPDATE pg_class SET relminmxid = pg_temp.multixact_of_age(900000000) WHERE oid = 'warned'::regclass;
CREATE SCHEMA "sche.ma";
CREATE TABLE "sche.ma"."crit""ical %s {x}" (a int);
UPDATE pg_class SET relminmxid = pg_temp.multixact_of_age(1700000000) WHERE oid = '"sche.ma"."crit""ical %s {x}"'::regclass;
CREATE TABLE toasted (a text);
UPDATE pg_class SET relminmxid = pg_temp.multixact_of_age(900000000)
 WHERE oid = (SELECT reltoastrelid FROM pg_class WHERE oid = 'toasted'::regclass);
CREATE TABLE own_setting (a int) WITH (autovacuum_multixact_freeze_max_age = 1e5);
UPDATE pg_class SET relminmxid = pg_temp.multixact_of_age(250000) WHERE oid = 'own_setting'::regclass;
