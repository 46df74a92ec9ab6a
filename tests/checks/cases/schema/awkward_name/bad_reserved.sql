-- limits: leave_out='quoting,length'
-- finds: public."order"
-- finds: public.words
-- finds: "user"
-- finds: public."coalesce"
CREATE TABLE "order" (id int, "group" int);
CREATE TABLE words (id int, "end" date, "check" bool, "like" text);
CREATE SCHEMA "user";
CREATE FUNCTION "coalesce"() RETURNS int LANGUAGE sql AS 'SELECT 1';
