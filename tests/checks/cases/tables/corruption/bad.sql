-- finds: public.t
-- finds: "sch.ema %"."ta""ble %s {x}"
-- Rows older than the oldest transaction that the table may have, as from a copy that was not consistent.
CREATE EXTENSION amcheck;
CREATE TABLE t (a int);
INSERT INTO t VALUES (1);
CREATE TABLE fine (a int);
INSERT INTO fine VALUES (1);
CREATE SCHEMA "sch.ema %";
CREATE TABLE "sch.ema %"."ta""ble %s {x}" ("co l" int);
INSERT INTO "sch.ema %"."ta""ble %s {x}" VALUES (1);
UPDATE pg_catalog.pg_class SET relfrozenxid = pg_catalog.pg_current_xact_id()::pg_catalog.xid
 WHERE relname IN ('t', 'ta"ble %s {x}');
