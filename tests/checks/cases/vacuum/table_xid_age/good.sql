-- The sawtooth up to autovacuum_freeze_max_age and a little beyond, by the lesser of the table's parameter and the server's.
CREATE FUNCTION pg_temp.id_of_age(age bigint) RETURNS xid LANGUAGE sql
RETURN ((txid_snapshot_xmax(txid_current_snapshot()) + 4294967296 - age) % 4294967296)::text::xid;
CREATE TABLE young (a int);
CREATE TABLE nearly (a int);
UPDATE pg_class SET relfrozenxid = pg_temp.id_of_age(199000000) WHERE oid = 'nearly'::regclass;
CREATE TABLE beyond (a text);
UPDATE pg_class SET relfrozenxid = pg_temp.id_of_age(210000000) WHERE oid = 'beyond'::regclass;
UPDATE pg_class SET relfrozenxid = pg_temp.id_of_age(300000000)
 WHERE oid = (SELECT reltoastrelid FROM pg_class WHERE oid = 'beyond'::regclass);
CREATE TABLE own_setting (a int) WITH (autovacuum_freeze_max_age = 100000);
UPDATE pg_class SET relfrozenxid = pg_temp.id_of_age(110000) WHERE oid = 'own_setting'::regclass;
CREATE TABLE hexadecimal (a int) WITH (autovacuum_freeze_max_age = '0x30D40');
UPDATE pg_class SET relfrozenxid = pg_temp.id_of_age(210000) WHERE oid = 'hexadecimal'::regclass;
CREATE TABLE higher_setting (a int) WITH (autovacuum_freeze_max_age = 2000000000);
UPDATE pg_class SET relfrozenxid = pg_temp.id_of_age(300000000) WHERE oid = 'higher_setting'::regclass;
CREATE TABLE partitioned (a int) PARTITION BY LIST (a);
CREATE VIEW view AS SELECT 1 AS a;
