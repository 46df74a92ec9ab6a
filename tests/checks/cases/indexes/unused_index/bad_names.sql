-- finds: "sch.ema ""q"" 100%"."i dx; --{} %s"
-- limits: min_window_days=0.0 min_bytes=8000
CREATE SCHEMA "sch.ema ""q"" 100%";
CREATE TABLE "sch.ema ""q"" 100%"."ta ble" ("co.l ""x"" {y} %d" int);
CREATE INDEX "i dx; --{} %s" ON "sch.ema ""q"" 100%"."ta ble" ("co.l ""x"" {y} %d");
