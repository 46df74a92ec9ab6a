-- finds: "sch.ema ""q"" 100%"."i dx; --{} %s"
CREATE SCHEMA "sch.ema ""q"" 100%";
CREATE TABLE "sch.ema ""q"" 100%"."ta ble" ("co.l ""x"" {y} %d" int, "表" int);
CREATE INDEX "i dx; --{} %s" ON "sch.ema ""q"" 100%"."ta ble" ("co.l ""x"" {y} %d");
CREATE INDEX "W%ide" ON "sch.ema ""q"" 100%"."ta ble" ("co.l ""x"" {y} %d", "表");
