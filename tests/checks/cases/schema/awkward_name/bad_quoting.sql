-- limits: leave_out='reserved,length'
-- finds: "Sales"
-- finds: "Sales"."Order"
-- finds: public.people
-- finds: public."dash-ed"
-- finds: public."1st"
-- finds: public."übung"
-- finds: public."Seen"
-- finds: public."Total"
-- finds: public."Count Of"
CREATE SCHEMA "Sales";
CREATE TABLE "Sales"."Order" (id int, "Customer Id" int, "100%" int);
CREATE TABLE people (id int, "firstName" text, "last.name {x} ""q""" text);
CREATE TABLE "dash-ed" (id int);
CREATE TABLE "1st" (id int);
CREATE TABLE "übung" (id int);
CREATE VIEW "Seen" AS SELECT id FROM people;
CREATE SEQUENCE "Count Of";
CREATE FUNCTION "Total"(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION "Total"(text) RETURNS int LANGUAGE sql AS 'SELECT 2';
