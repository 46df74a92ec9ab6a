-- finds: public.of_twice
-- finds: public.old_serial_id_seq
-- finds: public.grown_id_seq
-- finds: public.falling
-- finds: public.beyond
-- finds: "sch.ema %"."s""eq %s {x}"
CREATE TABLE old_serial (id serial);
ALTER SEQUENCE old_serial_id_seq AS bigint;
CREATE TABLE grown (id serial);
ALTER TABLE grown ALTER id TYPE bigint;
CREATE TABLE downwards (id int);
CREATE SEQUENCE falling AS bigint INCREMENT -1 OWNED BY downwards.id;
CREATE TABLE small (id smallint);
CREATE SEQUENCE beyond AS smallint OWNED BY small.id;
ALTER SEQUENCE beyond AS integer MAXVALUE 40000;
CREATE SCHEMA "sch.ema %";
CREATE DOMAIN number AS integer;
CREATE TABLE "sch.ema %"."ta""ble %s {x}" ("co l" number);
CREATE SEQUENCE "sch.ema %"."s""eq %s {x}" OWNED BY "sch.ema %"."ta""ble %s {x}"."co l";
CREATE DOMAIN key AS number;
CREATE TABLE twice (id key);
CREATE SEQUENCE of_twice OWNED BY twice.id;
