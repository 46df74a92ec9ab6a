-- finds: public.q.mine
-- finds: public.t.tenant
-- finds: public.p.mine
-- finds: public.two.either
-- finds: "sch.ema %"."ta""ble %s {x}"."po licy"
-- limits: min_rows=100
CREATE TABLE t (id int PRIMARY KEY, tenant int, owner text);
INSERT INTO t SELECT g, g % 10 FROM generate_series(1, 200) AS g;
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON t USING (tenant = current_setting('app.tenant', true)::int);
CREATE INDEX behind ON t (id, tenant);
CREATE TABLE two (a int, b text);
INSERT INTO two SELECT g FROM generate_series(1, 200) AS g;
ALTER TABLE two ENABLE ROW LEVEL SECURITY;
CREATE POLICY either ON two FOR SELECT USING (a = 1 OR b = current_user);
CREATE TABLE p (id int, owner text) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (15000);
INSERT INTO p SELECT g FROM generate_series(1, 200) AS g;
ALTER TABLE p ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON p USING (owner = current_user);
CREATE SCHEMA "sch.ema %";
CREATE TABLE "sch.ema %"."ta""ble %s {x}" ("co l" text);
INSERT INTO "sch.ema %"."ta""ble %s {x}" SELECT g::text FROM generate_series(1, 200) AS g;
ALTER TABLE "sch.ema %"."ta""ble %s {x}" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "po licy" ON "sch.ema %"."ta""ble %s {x}" USING ("co l" = current_user);
ANALYZE;
-- Autovacuum analyses partitions only.
CREATE TABLE q (id int, owner text) PARTITION BY RANGE (id);
CREATE TABLE q1 PARTITION OF q FOR VALUES FROM (0) TO (15000);
INSERT INTO q SELECT g FROM generate_series(1, 200) AS g;
ALTER TABLE q ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON q USING (owner = current_user);
ANALYZE q1;
