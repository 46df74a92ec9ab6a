-- finds: public.t_tags
-- finds: public.t_numbers
-- finds: public.t_domain
-- finds: public.p_tags
-- finds: "sch.ema %"."i""dx %s {x}"
-- fix: runs
CREATE DOMAIN labels AS text[];
CREATE TABLE t (tags text[], numbers int[], domain labels);
CREATE INDEX t_tags ON t (tags);
CREATE INDEX t_numbers ON t USING hash (numbers);
CREATE INDEX t_domain ON t (domain);
CREATE SCHEMA "sch.ema %";
CREATE TABLE "sch.ema %"."ta""ble %s {x}" ("co l" uuid[]);
CREATE INDEX "i""dx %s {x}" ON "sch.ema %"."ta""ble %s {x}" ("co l");
CREATE TABLE p (id int, tags text[]) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (15000);
CREATE INDEX p_tags ON p (tags);
