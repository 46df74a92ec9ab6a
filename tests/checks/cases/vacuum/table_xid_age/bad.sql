-- finds: public.warned
-- finds: "sche.ma"."crit""ical %s {x}"
-- finds: public.toasted
-- finds: public.own_setting
-- finds: public.other_digits
-- finds: public.matview
-- An age can be planted: a table's oldest id may be older than any row in it.
CREATE FUNCTION pg_temp.id_of_age(age bigint) RETURNS xid LANGUAGE sql
RETURN ((txid_snapshot_xmax(txid_current_snapshot()) + 4294967296 - age) % 4294967296)::text::xid;
CREATE TABLE warned (a int);
UPDATE pg_class SET relfrozenxid = pg_temp.id_of_age(450000000) WHERE oid = 'warned'::regclass;
CREATE SCHEMA "sche.ma";
CREATE TABLE "sche.ma"."crit""ical %s {x}" (a int);
UPDATE pg_class SET relfrozenxid = pg_temp.id_of_age(1700000000) WHERE oid = '"sche.ma"."crit""ical %s {x}"'::regclass;
CREATE TABLE toasted (a text);
UPDATE pg_class SET relfrozenxid = pg_temp.id_of_age(500000000)
 WHERE oid = (SELECT reltoastrelid FROM pg_class WHERE oid = 'toasted'::regclass);
-- Autovacuum goes by the table's own parameter.
CREATE TABLE own_setting (a int) WITH (autovacuum_freeze_max_age = 100000);
UPDATE pg_class SET relfrozenxid = pg_temp.id_of_age(250000) WHERE oid = 'own_setting'::regclass;
-- It is kept as it was written.
CREATE TABLE other_digits (a int) WITH (autovacuum_freeze_max_age = 1e5);
UPDATE pg_class SET relfrozenxid = pg_temp.id_of_age(250000) WHERE oid = 'other_digits'::regclass;
CREATE MATERIALIZED VIEW matview AS SELECT 1 AS a;
UPDATE pg_class SET relfrozenxid = pg_temp.id_of_age(500000000) WHERE oid = 'matview'::regclass;
