-- limits: leave_out='reserved,length'
-- Small letters, digits, _ and $; a dropped column and a temporary table; reserved words are another check's.
CREATE TABLE people_2 (id int, first_name text, _x1 int, a$b int, "Gone" int, "user" text);
ALTER TABLE people_2 DROP COLUMN "Gone";
CREATE TEMPORARY TABLE "Temp" (id int);
CREATE EXTENSION pg_trgm;
