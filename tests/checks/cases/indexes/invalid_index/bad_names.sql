-- finds: "sch.ema ""q"" 100%"."i dx; --{} %s"
-- finds: "schöma 表".ein_index_mit_einem_namen_von_genau_drei_und_sechzig_byte_ccnew
CREATE SCHEMA "sch.ema ""q"" 100%";
CREATE TABLE "sch.ema ""q"" 100%"."ta ble" ("co.l ""x"" {y} %d" int);
CREATE INDEX "i dx; --{} %s" ON "sch.ema ""q"" 100%"."ta ble" ("co.l ""x"" {y} %d");
CREATE SCHEMA "schöma 表";
CREATE TABLE "schöma 表"."select" ("user" int);
CREATE INDEX "ein_index_mit_einem_namen_von_genau_drei_und_sechzig_byte_ccnew" ON "schöma 表"."select" ("user");
CREATE INDEX "Gut" ON "schöma 表"."select" ("user");
UPDATE pg_index SET indisvalid = FALSE
 WHERE indexrelid IN (SELECT oid FROM pg_class WHERE relname LIKE 'i dx;%' OR relname LIKE 'ein%');
