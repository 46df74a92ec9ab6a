-- finds: "it's a ""table"" 100%s {x} \ ü"."ta.ble"
-- finds: public.expression
-- finds: public.partial
CREATE SCHEMA "it's a ""table"" 100%s {x} \ ü";
CREATE TABLE "it's a ""table"" 100%s {x} \ ü"."ta.ble" (a int NOT NULL, b int NOT NULL);
CREATE UNIQUE INDEX "in dex ""x""" ON "it's a ""table"" 100%s {x} \ ü"."ta.ble" (a, b);
CREATE TABLE expression (a text NOT NULL);
CREATE UNIQUE INDEX ON expression (lower(a));
CREATE TABLE partial (a int NOT NULL);
CREATE UNIQUE INDEX ON partial (a) WHERE a > 0;
