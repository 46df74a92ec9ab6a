-- finds: public.orders.id
-- finds: public.orders.small
-- finds: "sch.ema %"."ta ble {x}"."i""d"
-- finds: public.parted.id
CREATE TABLE orders (id serial PRIMARY KEY, small smallserial, fine int GENERATED ALWAYS AS IDENTITY);
CREATE SCHEMA "sch.ema %";
CREATE TABLE "sch.ema %"."ta ble {x}" ("i""d" bigserial);
CREATE TABLE parted (id bigserial) PARTITION BY RANGE (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (10);
