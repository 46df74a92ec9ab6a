-- finds: public.could_have_an_index
-- finds: public.could_have_its_key
-- finds: "bare %"."ta ble {x}"
CREATE TABLE could_have_an_index (a int NOT NULL UNIQUE, b int);
ALTER TABLE could_have_an_index REPLICA IDENTITY FULL;
CREATE TABLE could_have_its_key (a int PRIMARY KEY);
ALTER TABLE could_have_its_key REPLICA IDENTITY FULL;
CREATE SCHEMA "bare %";
CREATE TABLE "bare %"."ta ble {x}" (a int);
ALTER TABLE "bare %"."ta ble {x}" REPLICA IDENTITY FULL;
CREATE PUBLICATION "bad full" FOR TABLE could_have_an_index, could_have_its_key, "bare %"."ta ble {x}" WITH (publish = 'delete');
