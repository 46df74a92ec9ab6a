-- finds: "it's a ""table"" 100%s {x} \ ü"."ta.ble"
-- finds: public.partition_2
CREATE SCHEMA "it's a ""table"" 100%s {x} \ ü";
CREATE TABLE "it's a ""table"" 100%s {x} \ ü"."ta.ble" (a int);
CREATE TABLE keyed (a int PRIMARY KEY);
CREATE TABLE partitioned (a int) PARTITION BY RANGE (a);
CREATE TABLE partition_1 PARTITION OF partitioned (PRIMARY KEY (a)) FOR VALUES FROM (0) TO (9);
CREATE TABLE partition_2 PARTITION OF partitioned FOR VALUES FROM (9) TO (99);
CREATE UNLOGGED TABLE unlogged (a int);
CREATE PUBLICATION "all ""of"" 'them'" FOR ALL TABLES;
