-- finds: public.a
-- finds: "sch ema %"."first {x}"
CREATE TABLE a (id int PRIMARY KEY);
CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a);
CREATE TABLE c (id int PRIMARY KEY, b int REFERENCES b);
ALTER TABLE a ADD COLUMN c int REFERENCES c;
CREATE TABLE into_it (a int REFERENCES a);
CREATE SCHEMA "sch ema %";
CREATE TABLE "sch ema %"."first {x}" (id int PRIMARY KEY);
CREATE TABLE "sch ema %".second (id int PRIMARY KEY, first int REFERENCES "sch ema %"."first {x}");
ALTER TABLE "sch ema %"."first {x}" ADD COLUMN best int REFERENCES "sch ema %".second;
