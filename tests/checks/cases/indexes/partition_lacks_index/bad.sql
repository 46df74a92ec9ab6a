-- finds: public.p1
-- finds: public.p2
-- finds: "sch.ema %"."ta""ble %s {x}"
-- finds: public.pu_1
CREATE TABLE p (id int, a text COLLATE "C", b int) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
CREATE TABLE p2 (b int, a text COLLATE "C", id int);
ALTER TABLE p ATTACH PARTITION p2 FOR VALUES FROM (10) TO (20);
CREATE TABLE p3 PARTITION OF p FOR VALUES FROM (20) TO (30);
CREATE SCHEMA "sch.ema %";
CREATE TABLE "sch.ema %"."ta""ble %s {x}" PARTITION OF p FOR VALUES FROM (30) TO (40);
CREATE INDEX "p ""a" ON ONLY p (a COLLATE "POSIX" DESC, b) INCLUDE (id) WITH (fillfactor = 80);
CREATE INDEX p3_a ON p3 (a COLLATE "POSIX" DESC, b) INCLUDE (id);
ALTER INDEX "p ""a" ATTACH PARTITION p3_a;
CREATE INDEX p2_there_already ON p2 (a COLLATE "POSIX" DESC, b) INCLUDE (id);
CREATE TABLE pu (id int) PARTITION BY RANGE (id);
CREATE TABLE pu_1 PARTITION OF pu FOR VALUES FROM (0) TO (10);
CREATE UNIQUE INDEX pu_id ON ONLY pu (id);
