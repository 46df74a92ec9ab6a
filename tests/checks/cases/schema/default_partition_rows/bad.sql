-- finds: public.events_default
-- finds: public.parts_rest
-- finds: "de fault %"."{x} ""q"""
CREATE TABLE events (day date, n int) PARTITION BY RANGE (day);
CREATE TABLE events_2020 PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE events_default PARTITION OF events DEFAULT;
INSERT INTO events SELECT date '2025-01-01', g FROM generate_series(1, 100) AS g;
ANALYZE events;
-- a default partition that is partitioned, never analysed
CREATE TABLE parts (kind text, n int) PARTITION BY LIST (kind);
CREATE TABLE parts_rest PARTITION OF parts DEFAULT PARTITION BY RANGE (n);
CREATE TABLE parts_rest_1 PARTITION OF parts_rest FOR VALUES FROM (0) TO (10);
CREATE TABLE parts_rest_more PARTITION OF parts_rest DEFAULT;
INSERT INTO parts VALUES ('a', 1), ('b', 2);
CREATE SCHEMA "de fault %";
CREATE TABLE "de fault %"."ta ble" (n int) PARTITION BY LIST (n);
CREATE TABLE "de fault %"."{x} ""q""" PARTITION OF "de fault %"."ta ble" DEFAULT;
INSERT INTO "de fault %"."ta ble" VALUES (NULL);
-- PostgreSQL 14 tells its statistics late
SELECT pg_sleep(1.1);
SELECT pg_sleep(0.7);
