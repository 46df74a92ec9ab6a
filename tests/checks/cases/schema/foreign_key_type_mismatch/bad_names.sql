-- finds: "sch.e""ma"."ta.ble 100%s {x}"."fk 'it' \ ü"
CREATE SCHEMA "sch.e""ma";
CREATE TABLE "sch.e""ma"."key" ("i d" bigint PRIMARY KEY);
CREATE TABLE "sch.e""ma"."ta.ble 100%s {x}" (
    "of {y}" int,
    CONSTRAINT "fk 'it' \ ü" FOREIGN KEY ("of {y}") REFERENCES "sch.e""ma"."key");
