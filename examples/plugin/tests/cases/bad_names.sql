-- finds: public."two words"
-- finds: public."dot.ted"
-- finds: public."quo""te and 'tick'"
-- finds: public."100% {table} %s"
-- finds: "Schéma ☃"."select"
-- finds: public.nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn
-- Names that need quoting, and one of 63 bytes.
CREATE TABLE "two words" (id bigint);
CREATE TABLE "dot.ted" (id bigint);
CREATE TABLE "quo""te and 'tick'" (id bigint);
CREATE TABLE "100% {table} %s" (id bigint);
CREATE SCHEMA "Schéma ☃";
CREATE TABLE "Schéma ☃"."select" (id bigint);
CREATE TABLE nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn (id bigint);
