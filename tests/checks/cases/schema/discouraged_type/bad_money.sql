-- finds: public.bills.total
-- finds: public.bills.parts
-- finds: public.bills.fee
-- finds: public.bills.fees
-- finds: "sch.ema ""q"" 100%"."ta ble"."co.l ""x"" {y} %d"
-- finds: public.parted.total
-- finds: public.parent.total
CREATE DOMAIN fee AS money CHECK (VALUE > '0'::money);
CREATE DOMAIN small_fee AS fee;
CREATE TABLE bills (id int, total money, parts money[], fee small_fee, fees fee[]);
CREATE SCHEMA "sch.ema ""q"" 100%";
CREATE TABLE "sch.ema ""q"" 100%"."ta ble" ("co.l ""x"" {y} %d" money);
-- what comes from a parent is told of the parent
CREATE TABLE parted (day int, total money) PARTITION BY RANGE (day);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (10);
CREATE TABLE attached (total money, day int);
ALTER TABLE parted ATTACH PARTITION attached FOR VALUES FROM (10) TO (20);
CREATE TABLE parent (total money);
CREATE TABLE child (more int) INHERITS (parent);
