-- finds: public.t_a
-- finds: public.t_unique
-- finds: public.t_both
-- finds: public.t_key
-- finds: public.p_a
-- finds: "sch.ema %"."i""dx %s {x}"
CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL, b int);
CREATE INDEX t_a ON t (a) WHERE a IS NOT NULL;
CREATE UNIQUE INDEX t_unique ON t (b) WHERE a IS NOT NULL;
CREATE INDEX t_both ON t (b) WHERE b > 5 AND a IS NOT NULL;
CREATE INDEX t_key ON t (b) WHERE id IS NOT NULL;
CREATE SCHEMA "sch.ema %";
CREATE TABLE "sch.ema %"."ta""ble %s {x}" ("co l" text NOT NULL);
CREATE INDEX "i""dx %s {x}" ON "sch.ema %"."ta""ble %s {x}" ("co l") WHERE "co l" IS NOT NULL;
CREATE TABLE p (id int, a text NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (15000);
CREATE INDEX p_a ON p (a) WHERE a IS NOT NULL;
