-- finds: public.twice.id
-- finds: public.t.id
-- finds: public.small.id
-- finds: public.pair.number
-- finds: public.p.id
-- finds: "sch.ema %"."ta""ble %s {x}"."co l"
CREATE TABLE t (id int PRIMARY KEY);
INSERT INTO t SELECT 1000000000 + g FROM generate_series(1, 2000) AS g;
CREATE TABLE small (id smallint UNIQUE);
INSERT INTO small SELECT g FROM generate_series(1, 30000) AS g;
CREATE TABLE pair (tenant int, number int, PRIMARY KEY (tenant, number));
INSERT INTO pair SELECT g % 5, 1900000000 + g FROM generate_series(1, 2000) AS g;
CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10000);
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10000) TO (2147483647);
INSERT INTO p SELECT g FROM generate_series(1, 900) AS g;
INSERT INTO p SELECT 2000000000 + g FROM generate_series(1, 900) AS g;
CREATE SCHEMA "sch.ema %";
CREATE DOMAIN number AS integer;
CREATE TABLE "sch.ema %"."ta""ble %s {x}" ("co l" number UNIQUE);
INSERT INTO "sch.ema %"."ta""ble %s {x}" SELECT 1000000000 + g FROM generate_series(1, 2000) AS g;
CREATE DOMAIN key AS number;
CREATE TABLE twice (id key PRIMARY KEY);
INSERT INTO twice SELECT 1000000000 + g FROM generate_series(1, 2000) AS g;
ANALYZE;
