-- finds: public.t_a
-- finds: public.t_both
-- finds: "sch.ema %"."i""dx %s {x}"
CREATE SCHEMA ext;
CREATE EXTENSION btree_gin SCHEMA ext;
CREATE TABLE t (a int, b text);
CREATE INDEX t_a ON t USING gin (a);
CREATE INDEX t_both ON t USING gin (a, lower(b));
CREATE SCHEMA "sch.ema %";
CREATE TABLE "sch.ema %"."ta""ble %s {x}" ("co l" timestamptz);
CREATE INDEX "i""dx %s {x}" ON "sch.ema %"."ta""ble %s {x}" USING gin ("co l");
