-- finds: "sch.ema ""q"" 100%"."i dx; --{} %s 2"
-- finds: "schöma 表"."Zweiter"
CREATE SCHEMA "sch.ema ""q"" 100%";
CREATE TABLE "sch.ema ""q"" 100%"."ta ble" ("co.l ""x"" {y} %d" int);
CREATE INDEX "i dx; --{} %s 1" ON "sch.ema ""q"" 100%"."ta ble" ("co.l ""x"" {y} %d");
CREATE INDEX "i dx; --{} %s 2" ON "sch.ema ""q"" 100%"."ta ble" ("co.l ""x"" {y} %d");
CREATE SCHEMA "schöma 表";
CREATE TABLE "schöma 表"."select" ("user" int);
CREATE INDEX "ein_index_mit_einem_namen_von_genau_drei_und_sechzig_bytes_lang" ON "schöma 表"."select" ("user");
CREATE INDEX "Zweiter" ON "schöma 表"."select" ("user");
