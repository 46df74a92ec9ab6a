-- finds: public.t_a
-- finds: "sch.ema %"."i""dx %s {x}"
-- An operator class that sorts otherwise than it did, as a collation may after an upgrade.
CREATE EXTENSION amcheck;
CREATE FUNCTION compared(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT pg_catalog.btint4cmp($1, $2)';
CREATE OPERATOR CLASS changing FOR TYPE int USING btree AS
  OPERATOR 1 < (int, int), OPERATOR 2 <= (int, int), OPERATOR 3 = (int, int), OPERATOR 4 >= (int, int),
  OPERATOR 5 > (int, int), FUNCTION 1 compared(int, int);
CREATE TABLE t (a int, b int);
INSERT INTO t SELECT g, g FROM generate_series(1, 2000) AS g;
CREATE INDEX t_a ON t (a changing);
CREATE INDEX t_b ON t (b);
CREATE SCHEMA "sch.ema %";
CREATE TABLE "sch.ema %"."ta""ble %s {x}" ("co l" int);
INSERT INTO "sch.ema %"."ta""ble %s {x}" SELECT g FROM generate_series(1, 2000) AS g;
CREATE INDEX "i""dx %s {x}" ON "sch.ema %"."ta""ble %s {x}" ("co l" changing);
CREATE OR REPLACE FUNCTION compared(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT pg_catalog.btint4cmp($2, $1)';
