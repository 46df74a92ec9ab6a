-- finds: public."Order".order_fkey
-- finds: a.twin.twin_fkey
-- finds: b.twin.twin_fkey
-- finds: "sch.ema ""q"" 100%"."ta ble; --"."co{n}straint %s"
-- finds: "schöma 表"."naïve"."überweisung_zu_der_längsten_erlaubten_bezeichnung_von_63_byte"
CREATE TABLE "Customer" ("Id" int PRIMARY KEY);
CREATE TABLE "Order" ("user" int CONSTRAINT order_fkey REFERENCES "Customer");
CREATE SCHEMA a;
CREATE SCHEMA b;
CREATE SCHEMA c;
CREATE TABLE a.twin (id int CONSTRAINT twin_fkey REFERENCES "Customer");
CREATE TABLE b.twin (id int CONSTRAINT twin_fkey REFERENCES "Customer");
CREATE TABLE c.twin (id int CONSTRAINT twin_fkey REFERENCES "Customer");
CREATE INDEX ON c.twin (id);
CREATE SCHEMA "sch.ema ""q"" 100%";
CREATE TABLE "sch.ema ""q"" 100%"."ta ble; --" ("co.l ""x"" {y} %d" int CONSTRAINT "co{n}straint %s" REFERENCES "Customer");
CREATE SCHEMA "schöma 表";
CREATE TABLE "schöma 表"."naïve" ("spalte_mit_einem_namen_von_genau_drei_und_sechzig_bytes_laengen" int
    CONSTRAINT "überweisung_zu_der_längsten_erlaubten_bezeichnung_von_63_byte" REFERENCES "Customer");
