-- finds: public.off
-- finds: "sche.ma"."toast""off %s {x}"
-- finds: public.matview
-- finds: public.part
-- finds: public."both"
CREATE TABLE off (a int) WITH (autovacuum_enabled = false);
INSERT INTO off SELECT generate_series(1, 100);
CREATE SCHEMA "sche.ma";
CREATE TABLE "sche.ma"."toast""off %s {x}" (a text) WITH (toast.autovacuum_enabled = '0');
CREATE MATERIALIZED VIEW matview WITH (autovacuum_enabled = no) AS SELECT 1 AS a;
CREATE TABLE partitioned (a int) PARTITION BY LIST (a);
CREATE TABLE part PARTITION OF partitioned FOR VALUES IN (1) WITH (autovacuum_enabled = false);
CREATE TABLE "both" (a text) WITH (autovacuum_enabled = false, toast.autovacuum_enabled = false);
